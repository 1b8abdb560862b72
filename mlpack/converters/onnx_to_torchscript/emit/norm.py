"""Normalisation layers, at inference."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlpack.converters.onnx_to_torchscript.program import Expression
from mlpack.converters.onnx_to_torchscript.registry import operator
from mlpack.converters.onnx_to_torchscript.values import float_literal, torch_dtype

if TYPE_CHECKING:
    from mlpack.converters.onnx_to_torchscript.call import Call

EPSILON = 9.999999747378752e-06  # 1e-5 as the float32 that the standard stores


def _epsilon(call: Call) -> str:
    return float_literal(call.real("epsilon", EPSILON))


@operator("BatchNormalization")
def batch_norm(call: Call) -> str:
    """With the statistics of training."""
    call.ignore("momentum", "consumed_inputs", "is_test")
    if call.flag("training_mode") or (call.opset < 7 and not call.flag("is_test")):
        call.refuse("training mode, which normalises by the batch itself, is not implemented")
    if not call.flag("spatial", default=True):
        call.refuse("spatial=0 is not implemented")
    if call.wants(1):
        call.refuse("outputs of training mode are not implemented")
    inputs = ", ".join(call.input(index) for index in range(5))
    return f"ops_norm.batch_norm({inputs}, {_epsilon(call)})"


@operator("InstanceNormalization")
def instance_norm(call: Call) -> str:
    """Per channel and entry."""
    call.ignore("consumed_inputs")
    return f"ops_norm.instance_norm({call.input(0)}, {call.input(1)}, {call.input(2)}, {_epsilon(call)})"


@operator("GroupNormalization")
def group_norm(call: Call) -> str:
    """Per group; scale and bias are per group before operator set 21, per channel since."""
    call.ignore("stash_type")
    inputs = ", ".join(call.input(index) for index in range(3))
    groups, per_group = call.integer("num_groups"), call.opset < 21
    return f"ops_norm.group_norm({inputs}, {groups}, {_epsilon(call)}, {per_group})"


@operator("LayerNormalization")
def layer_norm(call: Call) -> Expression:
    """Over the last axes."""
    dtype = torch_dtype(call.integer("stash_type", 1))
    x, scale, bias = call.input(0), call.input(1), call.optional(2)
    text = f"ops_norm.layer_norm({x}, {scale}, {bias}, {call.integer('axis', -1)}, {_epsilon(call)}, {dtype})"
    return Expression(text, ("Tensor", "Tensor", "Tensor"))


@operator("RMSNormalization")
def rms_norm(call: Call) -> str:
    """By the root of the mean square."""
    dtype = torch_dtype(call.integer("stash_type", 1))
    return f"ops_norm.rms_norm({call.input(0)}, {call.input(1)}, {call.integer('axis', -1)}, {_epsilon(call)}, {dtype})"


@operator("LpNormalization")
def lp_normalize(call: Call) -> str:
    """By the L1 or L2 norm along an axis."""
    return f"ops_norm.lp_normalize({call.input(0)}, {call.integer('axis', -1)}, {call.integer('p', 2)})"


@operator("LRN")
def lrn(call: Call) -> str:
    """Local response normalisation."""
    alpha, beta, bias = (call.real(name, value) for name, value in (("alpha", 0.0001), ("beta", 0.75), ("bias", 1.0)))
    return f"ops_norm.lrn({call.input(0)}, {call.integer('size')}, {alpha!r}, {beta!r}, {bias!r})"
