"""Linear quantisation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlpack.converters.onnx_to_torchscript.registry import operator

if TYPE_CHECKING:
    from mlpack.converters.onnx_to_torchscript.call import Call

RANGES = {2: ("uint8", 0, 255), 3: ("int8", -128, 127), 5: ("int16", -32768, 32767)}
NUMPY_TYPES = {"uint8": 2, "int8": 3, "int16": 5}


def _target(call: Call) -> tuple[str, int, int]:
    """The quantised element type and its range."""
    wanted = call.integer("output_dtype")
    if not wanted and call.has(2):
        zero = call.constant(2)
        wanted = NUMPY_TYPES.get(zero.dtype.name, -1) if zero is not None else 0
    wanted = wanted or 2
    if wanted not in RANGES:
        call.refuse("quantisation to this element type is not implemented (uint8, int8 and int16 are)")
    name, low, high = RANGES[wanted]
    return f"torch.{name}", low, high


@operator("QuantizeLinear")
def quantize(call: Call) -> str:
    """To 8- or 16-bit integers."""
    call.ignore("saturate")
    if call.integer("precision") not in (0, 1):
        call.refuse("a precision other than float32 is not implemented")
    axis, block = call.integer("axis", 1), call.integer("block_size")
    if call.has(2) and call.constant(2) is None and not call.has_attribute("output_dtype"):
        return f"ops_quantize.quantize_like({call.input(0)}, {call.input(1)}, {call.input(2)}, {axis}, {block})"
    dtype, low, high = _target(call)
    inputs = f"{call.input(0)}, {call.input(1)}, {call.optional(2)}"
    return f"ops_quantize.quantize({inputs}, {axis}, {block}, {dtype}, {low}, {high})"


@operator("DequantizeLinear")
def dequantize(call: Call) -> str:
    """Back to floating point."""
    if call.integer("output_dtype"):
        call.refuse("output_dtype is not implemented")
    inputs = f"{call.input(0)}, {call.input(1)}, {call.optional(2)}"
    return f"ops_quantize.dequantize({inputs}, {call.integer('axis', 1)}, {call.integer('block_size')})"
