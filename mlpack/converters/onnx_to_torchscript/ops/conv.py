"""Convolution of one, two or three dimensions."""

import torch
from torch import Tensor


def automatic_pads(x: Tensor, kernel: list[int], strides: list[int], dilations: list[int], lower: bool) -> list[int]:
    """Pads that make the output ceil(input / stride) long; an odd one goes in front if `lower`."""
    before: list[int] = []
    after: list[int] = []
    for i in range(len(kernel)):
        length = x.size(i + 2)
        steps = (length + strides[i] - 1) // strides[i]
        total = max(0, (steps - 1) * strides[i] + (kernel[i] - 1) * dilations[i] + 1 - length)
        smaller = total // 2
        before.append(total - smaller if lower else smaller)
        after.append(smaller if lower else total - smaller)
    return before + after


def pad_spatial(x: Tensor, pads: list[int], value: float) -> Tensor:
    """Pad the axes after the first two; torch counts pads from the last axis."""
    rank = len(pads) // 2
    reversed_pads: list[int] = []
    for i in range(rank):
        reversed_pads.append(pads[rank - 1 - i])
        reversed_pads.append(pads[2 * rank - 1 - i])
    return torch.nn.functional.pad(x, reversed_pads, "constant", value)


def filled(numbers: list[int], count: int, default: int) -> list[int]:
    """The numbers, or as many defaults where none are given."""
    return numbers if len(numbers) > 0 else [default] * count


def conv(
    x: Tensor,
    w: Tensor,
    b: Tensor | None,
    strides: list[int],
    pads: list[int],
    dilations: list[int],
    groups: int,
    auto_pad: str,
) -> Tensor:
    """Convolution with pads for both ends of every spatial axis."""
    rank = w.dim() - 2
    strides, dilations = filled(strides, rank, 1), filled(dilations, rank, 1)
    if auto_pad == "NOTSET":
        pads = filled(pads, 2 * rank, 0)
    elif auto_pad == "VALID":
        pads = [0] * (2 * rank)
    else:
        pads = automatic_pads(x, w.size()[2:], strides, dilations, auto_pad == "SAME_LOWER")
    padding = pads[:rank]
    if padding != pads[rank:]:
        x = pad_spatial(x, pads, 0.0)
        padding = [0] * rank
    return torch.convolution(x, w, b, strides, padding, dilations, False, [0] * rank, groups)


def conv_integer(
    x: Tensor,
    w: Tensor,
    x_zero: Tensor | None,
    w_zero: Tensor | None,
    strides: list[int],
    pads: list[int],
    dilations: list[int],
    groups: int,
    auto_pad: str,
) -> Tensor:
    """8-bit convolution in int32: float64 holds all the sums exactly."""
    image, weight = x.to(torch.float64), w.to(torch.float64)
    if x_zero is not None:
        image = image - x_zero.to(torch.float64)
    if w_zero is not None:
        zero = w_zero.to(torch.float64)
        weight = weight - (zero.reshape([-1] + [1] * (w.dim() - 1)) if zero.dim() == 1 else zero)
    return torch.round(conv(image, weight, None, strides, pads, dilations, groups, auto_pad)).to(torch.int32)


def conv_transpose(
    x: Tensor,
    w: Tensor,
    b: Tensor | None,
    strides: list[int],
    pads: list[int],
    dilations: list[int],
    groups: int,
    auto_pad: str,
    extra: list[int],
    sizes: list[int],
) -> Tensor:
    """Transposed convolution, then cropped by the pads; `extra` is the output padding, `sizes` the output shape."""
    rank = w.dim() - 2
    strides, dilations, extra = filled(strides, rank, 1), filled(dilations, rank, 1), filled(extra, rank, 0)
    if len(sizes) > 0 or auto_pad in ["SAME_UPPER", "SAME_LOWER"]:
        upper = auto_pad == "SAME_UPPER"
        pads = transposed_pads(x, w.size()[2:], strides, dilations, extra, sizes[max(0, len(sizes) - rank) :], upper)
    else:
        pads = filled(pads, 2 * rank, 0)
    y = torch.convolution(x, w, None, strides, [0] * rank, dilations, True, [0] * rank, groups)
    crop = [-pad for pad in pads]
    for i in range(rank):
        crop[rank + i] += extra[i]
    y = pad_spatial(y, crop, 0.0)
    if b is not None:
        y = y + b.reshape([1, -1] + [1] * rank)
    return y


def transposed_pads(
    x: Tensor,
    kernel: list[int],
    strides: list[int],
    dilations: list[int],
    extra: list[int],
    sizes: list[int],
    upper: bool,
) -> list[int]:
    """Pads that give the wanted output sizes, or input * stride where none are given."""
    before: list[int] = []
    after: list[int] = []
    for i in range(len(kernel)):
        wanted = sizes[i] if len(sizes) > 0 else x.size(i + 2) * strides[i]
        whole = strides[i] * (x.size(i + 2) - 1) + extra[i] + (kernel[i] - 1) * dilations[i] + 1
        total = whole - wanted if len(sizes) > 0 else max(0, whole - wanted)
        smaller = total // 2
        before.append(smaller if upper else total - smaller)
        after.append(total - smaller if upper else smaller)
    return before + after
