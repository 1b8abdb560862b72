"""LSTM, GRU and RNN."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlpack.converters.onnx_to_torchscript.program import Expression
from mlpack.converters.onnx_to_torchscript.registry import operator
from mlpack.converters.onnx_to_torchscript.values import float_literal, literal

if TYPE_CHECKING:
    from mlpack.converters.onnx_to_torchscript.call import Call

# Defaults of alpha and beta: https://onnx.ai/onnx/operators/onnx__LSTM.html
ACTIVATIONS: dict[str, tuple[float, float]] = {
    "affine": (1.0, 0.0),
    "elu": (1.0, 0.0),
    "hardsigmoid": (0.2, 0.5),
    "leakyrelu": (0.01, 0.0),
    "relu": (0.0, 0.0),
    "scaledtanh": (1.0, 1.0),
    "sigmoid": (0.0, 0.0),
    "softplus": (0.0, 0.0),
    "softsign": (0.0, 0.0),
    "tanh": (0.0, 0.0),
    "thresholdedrelu": (1.0, 0.0),
}
TAKES_ALPHA = frozenset({"affine", "elu", "hardsigmoid", "leakyrelu", "scaledtanh", "thresholdedrelu"})
TAKES_BETA = frozenset({"affine", "hardsigmoid", "scaledtanh"})
DIRECTIONS = {"forward": (False,), "reverse": (True,), "bidirectional": (False, True)}


def _common(call: Call, defaults: tuple[str, ...]) -> str:
    """Directions, activation functions with their parameters, and the clip, as source."""
    call.ignore("hidden_size", "output_sequence")
    direction = call.text("direction", "forward")
    if direction not in DIRECTIONS:
        call.refuse(f"direction={direction!r} is not implemented")
    reverse = DIRECTIONS[direction]
    names = [name.lower() for name in call.texts("activations")] or list(defaults) * len(reverse)
    unknown = [name for name in names if name not in ACTIVATIONS]
    if unknown:
        call.refuse(f"the activation function {unknown[0]!r} is not implemented")
    given_alphas, given_betas = list(call.reals("activation_alpha")), list(call.reals("activation_beta"))
    alphas = [given_alphas.pop(0) if name in TAKES_ALPHA and given_alphas else ACTIVATIONS[name][0] for name in names]
    betas = [given_betas.pop(0) if name in TAKES_BETA and given_betas else ACTIVATIONS[name][1] for name in names]
    clip = float_literal(call.real("clip"))
    return f"{literal(reverse)}, {literal(names)}, {literal(alphas)}, {literal(betas)}, {clip}"


def _inputs(call: Call, count: int) -> str:
    return ", ".join([*(call.input(index) for index in range(3)), *(call.optional(index) for index in range(3, count))])


@operator("LSTM")
def lstm(call: Call) -> Expression:
    """Long short-term memory, with peepholes if given."""
    common = _common(call, ("sigmoid", "tanh", "tanh"))
    flags = f"{call.flag('input_forget')}, {call.flag('layout')}"
    return Expression(f"ops_recurrent.lstm({_inputs(call, 8)}, {common}, {flags})", ("Tensor", "Tensor", "Tensor"))


@operator("GRU")
def gru(call: Call) -> Expression:
    """Gated recurrent unit."""
    common = _common(call, ("sigmoid", "tanh"))
    flags = f"{call.flag('linear_before_reset')}, {call.flag('layout')}"
    return Expression(f"ops_recurrent.gru({_inputs(call, 6)}, {common}, {flags})", ("Tensor", "Tensor"))


@operator("RNN")
def rnn(call: Call) -> Expression:
    """Simple recurrent network."""
    common = _common(call, ("tanh",))
    return Expression(f"ops_recurrent.rnn({_inputs(call, 6)}, {common}, {call.flag('layout')})", ("Tensor", "Tensor"))
