"""Linear quantisation to 8- and 16-bit integers."""

import torch
from torch import Tensor


def along_axis(parameter: Tensor, x: Tensor, axis: int, block: int) -> Tensor:
    """A scale or zero point made to broadcast with x: one, one per slice of an axis, or one per block of it."""
    if parameter.numel() == 1 and block == 0:
        return parameter.reshape([1] * x.dim()) if x.dim() > 0 else parameter.reshape([])
    axis = axis + x.dim() if axis < 0 else axis
    if block > 0:
        repeated = torch.repeat_interleave(parameter, block, dim=axis)
        return torch.narrow(repeated, axis, 0, x.size(axis))
    sizes = [1] * x.dim()
    sizes[axis] = x.size(axis)
    return parameter.reshape(sizes)


def quantize(
    x: Tensor, scale: Tensor, zero: Tensor | None, axis: int, block: int, dtype: torch.dtype, low: int, high: int
) -> Tensor:
    """round(x / scale) + zero point, half to even, saturated."""
    y = torch.round(x.to(scale.dtype) / along_axis(scale, x, axis, block))
    if zero is not None:
        y = y + along_axis(zero, x, axis, block).to(y.dtype)
    return torch.clamp(y, low, high).to(dtype)


def quantize_like(x: Tensor, scale: Tensor, zero: Tensor, axis: int, block: int) -> Tensor:
    """quantize, to the element type of a zero point that is computed in the graph."""
    if zero.dtype == torch.uint8:
        return quantize(x, scale, zero, axis, block, torch.uint8, 0, 255)
    if zero.dtype == torch.int8:
        return quantize(x, scale, zero, axis, block, torch.int8, -128, 127)
    if zero.dtype == torch.int16:
        return quantize(x, scale, zero, axis, block, torch.int16, -32768, 32767)
    raise ValueError("QuantizeLinear: the zero point is neither uint8, int8 nor int16")


def dequantize(x: Tensor, scale: Tensor, zero: Tensor | None, axis: int, block: int) -> Tensor:
    """(x - zero point) * scale, in the type of the scale."""
    y = x.to(torch.int32)
    if zero is not None:
        y = y - along_axis(zero, x, axis, block).to(torch.int32)
    return y.to(scale.dtype) * along_axis(scale, x, axis, block)
