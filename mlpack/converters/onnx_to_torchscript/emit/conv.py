"""Convolutions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlpack.converters.onnx_to_torchscript.registry import operator
from mlpack.converters.onnx_to_torchscript.values import literal

if TYPE_CHECKING:
    from mlpack.converters.onnx_to_torchscript.call import Call

AUTO_PADS = ("NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER")


def auto_pad(call: Call) -> str:
    """How the pads are found."""
    mode = call.text("auto_pad", "NOTSET")
    if mode not in AUTO_PADS:
        call.refuse(f"auto_pad={mode!r} is not implemented")
    return mode


def padding(call: Call, x: str, kernel: tuple[int, ...], strides: str, dilations: str) -> str:
    """Source for the pads of a convolution or pooling: a literal, or computed from the input's size."""
    mode, pads = auto_pad(call), call.integers("pads", (0,) * (2 * len(kernel)))
    if mode == "NOTSET":
        return literal(pads)
    if mode == "VALID":
        return literal((0,) * (2 * len(kernel)))
    return f"ops_conv.automatic_pads({x}, {literal(kernel)}, {strides}, {dilations}, {mode == 'SAME_LOWER'})"


def strides_and_dilations(call: Call, rank: int) -> tuple[str, str]:
    """Both as source, one unless told."""
    ones = (1,) * rank
    return literal(call.integers("strides", ones)), literal(call.integers("dilations", ones))


def _geometry(call: Call) -> str:
    """strides, pads, dilations, groups, auto_pad; empty lists mean the default, for as many axes as the weights have."""
    call.ignore("kernel_shape")  # the weights have the same shape
    mode = auto_pad(call)
    strides, pads, dilations = (literal(call.integers(name)) for name in ("strides", "pads", "dilations"))
    return f"{strides}, {pads}, {dilations}, {call.integer('group', 1)}, {mode!r}"


@operator("Conv")
def conv(call: Call) -> str:
    """Convolution."""
    return f"ops_conv.conv({call.input(0)}, {call.input(1)}, {call.optional(2)}, {_geometry(call)})"


@operator("ConvInteger")
def conv_integer(call: Call) -> str:
    """Convolution of 8-bit integers."""
    inputs = f"{call.input(0)}, {call.input(1)}, {call.optional(2)}, {call.optional(3)}"
    return f"ops_conv.conv_integer({inputs}, {_geometry(call)})"


@operator("ConvTranspose")
def conv_transpose(call: Call) -> str:
    """Transposed convolution."""
    inputs = f"{call.input(0)}, {call.input(1)}, {call.optional(2)}"
    extra, sizes = literal(call.integers("output_padding")), literal(call.integers("output_shape"))
    return f"ops_conv.conv_transpose({inputs}, {_geometry(call)}, {extra}, {sizes})"
