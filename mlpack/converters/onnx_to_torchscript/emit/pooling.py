"""Pooling."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlpack.converters.onnx_to_torchscript.emit.conv import padding, strides_and_dilations
from mlpack.converters.onnx_to_torchscript.program import Expression
from mlpack.converters.onnx_to_torchscript.registry import operator
from mlpack.converters.onnx_to_torchscript.values import literal

if TYPE_CHECKING:
    from mlpack.converters.onnx_to_torchscript.call import Call


def _windows(call: Call) -> str:
    """kernel, strides, pads, dilations, ceil_mode as source."""
    kernel = call.integers("kernel_shape")
    if not 1 <= len(kernel) <= 3:
        call.refuse(f"pooling over {len(kernel)} axes is not implemented")
    strides, dilations = strides_and_dilations(call, len(kernel))
    pads = padding(call, call.input(0), kernel, strides, dilations)
    return f"{literal(kernel)}, {strides}, {pads}, {dilations}, {call.flag('ceil_mode')}"


@operator("MaxPool")
def max_pool(call: Call) -> str | Expression:
    """Maxima, with positions if wanted."""
    windows, column_major = _windows(call), call.flag("storage_order")
    if not call.wants(1):
        return f"ops_pooling.max_pool({call.input(0)}, {windows})"
    text = f"ops_pooling.max_pool_with_positions({call.input(0)}, {windows}, {column_major})"
    return Expression(text, ("Tensor", "Tensor"))


@operator("AveragePool")
def average_pool(call: Call) -> str:
    """Means."""
    strides = call.integers("strides") or (1,) * len(call.integers("kernel_shape"))
    sparse = any(kernel + 1 < step for kernel, step in zip(call.integers("kernel_shape"), strides, strict=True))
    if sparse and call.text("auto_pad", "NOTSET").startswith("SAME"):
        call.refuse("windows further apart than they are long, with auto_pad: ONNX Runtime pads by negative amounts")
    return f"ops_pooling.average_pool({call.input(0)}, {_windows(call)}, {call.flag('count_include_pad')})"


@operator("LpPool")
def lp_pool(call: Call) -> str:
    """p-norms."""
    if call.opset < 2:
        call.refuse("LpPool before operator set 2 is not implemented")
    return f"ops_pooling.lp_pool({call.input(0)}, {float(call.integer('p', 2))}, {_windows(call)})"


@operator("GlobalAveragePool")
def global_average_pool(call: Call) -> str:
    """Mean of each channel."""
    return f"ops_pooling.global_average_pool({call.input(0)})"


@operator("GlobalMaxPool")
def global_max_pool(call: Call) -> str:
    """Maximum of each channel."""
    return f"ops_pooling.global_max_pool({call.input(0)})"


@operator("GlobalLpPool")
def global_lp_pool(call: Call) -> str:
    """p-norm of each channel."""
    if call.opset < 2:
        call.refuse("GlobalLpPool before operator set 2 is not implemented")
    return f"ops_pooling.global_lp_pool({call.input(0)}, {float(call.integer('p', 2))})"
