"""Elementwise operators; most are one torch function."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlpack.converters.onnx_to_torchscript.program import Expression
from mlpack.converters.onnx_to_torchscript.registry import operator
from mlpack.converters.onnx_to_torchscript.values import float_literal, torch_dtype

if TYPE_CHECKING:
    from mlpack.converters.onnx_to_torchscript.call import Call

LARGEST = 3.4028234663852886e38  # of float32: the default bounds of Clip before operator set 11

UNARY = {
    "Abs": "torch.abs({0})",
    "Acos": "torch.acos({0})",
    "Acosh": "torch.acosh({0})",
    "Asin": "torch.asin({0})",
    "Asinh": "torch.asinh({0})",
    "Atan": "torch.atan({0})",
    "Atanh": "torch.atanh({0})",
    "BitwiseNot": "torch.bitwise_not({0})",
    "Ceil": "torch.ceil({0})",
    "Cos": "torch.cos({0})",
    "Cosh": "torch.cosh({0})",
    "Det": "torch.det({0})",
    "Erf": "torch.erf({0})",
    "Exp": "torch.exp({0})",
    "Floor": "torch.floor({0})",
    "HardSwish": "ops_elementwise.hard_swish({0})",
    "IsNaN": "torch.isnan({0})",
    "Log": "torch.log({0})",
    "Mish": "{0} * torch.tanh(ops_elementwise.softplus({0}))",
    "Neg": "torch.neg({0})",
    "Not": "torch.logical_not({0})",
    "Reciprocal": "ops_elementwise.reciprocal({0})",
    "Relu": "torch.relu({0})",
    "Round": "torch.round({0})",
    "Sigmoid": "torch.sigmoid({0})",
    "Sign": "ops_elementwise.sign({0})",
    "Sin": "torch.sin({0})",
    "Sinh": "torch.sinh({0})",
    "Softplus": "ops_elementwise.softplus({0})",
    "Softsign": "{0} / (1 + torch.abs({0}))",
    "Sqrt": "torch.sqrt({0})",
    "Tan": "torch.tan({0})",
    "Tanh": "torch.tanh({0})",
}

BINARY = {
    "Add": "{0} + {1}",
    "And": "torch.logical_and({0}, {1})",
    "BitwiseAnd": "torch.bitwise_and({0}, {1})",
    "BitwiseOr": "torch.bitwise_or({0}, {1})",
    "BitwiseXor": "torch.bitwise_xor({0}, {1})",
    "CastLike": "{0}.to({1}.dtype)",
    "Div": "ops_elementwise.div({0}, {1})",
    "Equal": "torch.eq({0}, {1})",
    "Greater": "torch.gt({0}, {1})",
    "GreaterOrEqual": "torch.ge({0}, {1})",
    "Less": "torch.lt({0}, {1})",
    "LessOrEqual": "torch.le({0}, {1})",
    "Mul": "{0} * {1}",
    "Or": "torch.logical_or({0}, {1})",
    "Pow": "ops_elementwise.pow({0}, {1})",
    "Sub": "{0} - {1}",
    "Xor": "torch.logical_xor({0}, {1})",
}

# One attribute-free spelling per operator: name → (template, attributes with their defaults in template order).
ACTIVATIONS: dict[str, tuple[str, dict[str, float]]] = {
    "Celu": ("ops_elementwise.celu({0}, {1})", {"alpha": 1.0}),
    "Elu": ("ops_elementwise.elu({0}, {1})", {"alpha": 1.0}),
    "HardSigmoid": ("torch.clamp({0} * {1} + {2}, 0, 1)", {"alpha": 0.2, "beta": 0.5}),
    "LeakyRelu": ("torch.where({0} < 0, {0} * {1}, {0})", {"alpha": 0.01}),
    "Selu": (
        "ops_elementwise.selu({0}, {1}, {2})",
        {"alpha": 1.67326319217681884765625, "gamma": 1.05070102214813232421875},
    ),
    "Shrink": ("ops_elementwise.shrink({0}, {1}, {2})", {"bias": 0.0, "lambd": 0.5}),
    "Swish": ("{0} * torch.sigmoid({0} * {1})", {"alpha": 1.0}),
    "ThresholdedRelu": ("ops_elementwise.thresholded_relu({0}, {1})", {"alpha": 1.0}),
}


@operator(*UNARY)
def unary(call: Call) -> str:
    """One tensor in, one out, no attributes."""
    call.ignore("consumed_inputs")  # operator set 1 had a hint for in-place execution
    return UNARY[call.node.op_type].format(call.input(0))


@operator(*BINARY)
def binary(call: Call) -> str:
    """Two tensors that broadcast."""
    if call.opset < 7 and call.integer("broadcast"):
        call.refuse("broadcasting along a named axis, before operator set 7, is not implemented")
    call.ignore("consumed_inputs", "saturate")
    return BINARY[call.node.op_type].format(call.input(0), call.input(1))


@operator(*ACTIVATIONS)
def activation(call: Call) -> str:
    """Activation functions with float parameters."""
    template, defaults = ACTIVATIONS[call.node.op_type]
    parameters = [float_literal(call.real(name, default)) for name, default in defaults.items()]
    return template.format(call.input(0), *parameters)


@operator("Identity")
def identity(call: Call) -> Expression:
    """A tensor or a sequence, unchanged."""
    return Expression(call.input(0), (call.kind(0),))


@operator("Gelu")
def gelu(call: Call) -> str:
    """Gelu, exact or with tanh."""
    approximate = call.text("approximate", "none")
    if approximate not in ("none", "tanh"):
        call.refuse(f"approximate={approximate!r} is not implemented")
    return f"ops_elementwise.gelu({call.input(0)}, {approximate == 'tanh'})"


@operator("PRelu")
def prelu(call: Call) -> str:
    """PRelu with a slope that broadcasts."""
    if call.opset < 7:
        call.refuse("PRelu before operator set 7 is not implemented")
    return f"ops_elementwise.prelu({call.input(0)}, {call.input(1)})"


@operator("Cast")
def cast(call: Call) -> str:
    """Cast; `saturate` and `round_mode` concern float8 targets only, which are refused."""
    call.ignore("saturate", "round_mode")
    if call.opset < 6:
        call.refuse("Cast before operator set 6 is not implemented")
    return f"{call.input(0)}.to({torch_dtype(call.integer('to'))})"


@operator("Clip")
def clip(call: Call) -> str:
    """Clip, with bounds as attributes (before operator set 11) or inputs."""
    if call.opset >= 11:
        return f"ops_elementwise.clip({call.input(0)}, {call.optional(1)}, {call.optional(2)})"
    call.ignore("consumed_inputs")
    low, high = call.real("min", -LARGEST), call.real("max", LARGEST)
    return f"torch.clamp({call.input(0)}, {float_literal(low)}, {float_literal(high)})"


@operator("Mod")
def mod(call: Call) -> str:
    """Mod, Python's or C's."""
    return f"ops_elementwise.mod({call.input(0)}, {call.input(1)}, {call.flag('fmod')})"


@operator("BitShift")
def bit_shift(call: Call) -> str:
    """BitShift of unsigned integers."""
    function = {"LEFT": "bitwise_left_shift", "RIGHT": "bitwise_right_shift"}[call.text("direction")]
    return f"torch.{function}({call.input(0)}, {call.input(1)})"


@operator("IsInf")
def is_inf(call: Call) -> str:
    """IsInf of one sign or both."""
    negative, positive = call.flag("detect_negative", default=True), call.flag("detect_positive", default=True)
    return f"ops_elementwise.is_inf({call.input(0)}, {negative}, {positive})"


@operator("Where")
def where(call: Call) -> str:
    """Where."""
    return f"torch.where({call.input(0)}, {call.input(1)}, {call.input(2)})"


@operator("Sum", "Max", "Min")
def variadic(call: Call) -> str:
    """Fold a binary function over any number of tensors."""
    call.ignore("consumed_inputs")
    function = {"Sum": "torch.add", "Max": "torch.maximum", "Min": "torch.minimum"}[call.node.op_type]
    first, *others = call.inputs()
    for other in others:
        first = f"{function}({first}, {other})"
    return first


@operator("Mean")
def mean(call: Call) -> str:
    """Mean of tensors, not along axes."""
    return f"ops_elementwise.mean([{', '.join(call.inputs())}])"


@operator("Dropout")
def dropout(call: Call) -> str | Expression:
    """Dropout at inference: the identity."""
    call.ignore("ratio", "is_test", "seed", "consumed_inputs")
    call.ignore_input(1)
    if call.has(2):
        training = call.constant(2)
        if training is None or bool(training):
            call.refuse("Dropout in training mode is random")
    if call.wants(1):
        x = call.input(0)
        return Expression(f"{x}, torch.ones_like({x}, dtype=torch.bool)", ("Tensor", "Tensor"))
    return call.input(0)
