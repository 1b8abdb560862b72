"""Pooling of one, two or three spatial axes."""

import torch
from torch import Tensor

from mlpack.converters.onnx_to_torchscript.ops.conv import pad_spatial


def extra_for_ceil(
    x: Tensor, kernel: list[int], strides: list[int], pads: list[int], dilations: list[int]
) -> list[int]:
    """How far the last window of each axis reaches past the padded input when sizes are rounded up.

    A window that would start in the padding behind is dropped, as in torch.
    """
    rank = len(kernel)
    extra: list[int] = []
    for i in range(rank):
        length = x.size(i + 2)
        padded = length + pads[i] + pads[i + rank]
        reach = dilations[i] * (kernel[i] - 1) + 1
        last = (padded - reach + strides[i] - 1) // strides[i]
        if last * strides[i] >= length + pads[i]:
            last -= 1
        extra.append(max(0, last * strides[i] + reach - padded))
    return extra


def with_extra(pads: list[int], extra: list[int]) -> list[int]:
    """Pads, the ends longer by extra."""
    rank = len(extra)
    longer = pads[:rank]
    for i in range(rank):
        longer.append(pads[i + rank] + extra[i])
    return longer


def max_pool_indices(
    x: Tensor, kernel: list[int], strides: list[int], pads: list[int], dilations: list[int], ceil: bool
) -> tuple[Tensor, Tensor, list[int]]:
    """Windows' maxima, their places in the padded plane, and the pads used."""
    if ceil:
        pads = with_extra(pads, extra_for_ceil(x, kernel, strides, pads, dilations))
    wide = x if x.is_floating_point() else x.to(torch.float64)  # 8-bit integers, exact in float64
    if max(pads) > 0:
        wide = pad_spatial(wide, pads, -float("inf"))
    if len(kernel) == 1:
        y, at = torch.max_pool1d_with_indices(wide, kernel, strides, [0], dilations)
    elif len(kernel) == 2:
        y, at = torch.nn.functional.max_pool2d(
            wide, kernel, strides, [0, 0], dilations, ceil_mode=False, return_indices=True
        )
    else:
        y, at = torch.nn.functional.max_pool3d(
            wide, kernel, strides, [0, 0, 0], dilations, ceil_mode=False, return_indices=True
        )
    return y.to(x.dtype), at, pads


def max_pool(
    x: Tensor, kernel: list[int], strides: list[int], pads: list[int], dilations: list[int], ceil: bool
) -> Tensor:
    """Windows' maxima."""
    y, _, _ = max_pool_indices(x, kernel, strides, pads, dilations, ceil)
    return y


def max_pool_with_positions(
    x: Tensor,
    kernel: list[int],
    strides: list[int],
    pads: list[int],
    dilations: list[int],
    ceil: bool,
    column_major: bool,
) -> tuple[Tensor, Tensor]:
    """Windows' maxima and where they are in x, flattened; the planes may be counted column by column."""
    y, at, used = max_pool_indices(x, kernel, strides, pads, dilations, ceil)
    rank = len(kernel)
    position, weight, plane = torch.zeros_like(at), 1, 1
    coordinates: list[Tensor] = []
    for i in range(rank):
        axis = rank - 1 - i
        padded = x.size(axis + 2) + used[axis] + used[axis + rank]
        coordinates.append(torch.remainder(at, padded) - used[axis])  # last axis first
        at = torch.div(at, padded, rounding_mode="floor")
        plane *= x.size(axis + 2)
    for i in range(rank):
        axis = i if column_major else rank - 1 - i
        position = position + coordinates[rank - 1 - axis] * weight
        weight *= x.size(axis + 2)
    planes = torch.arange(x.size(0) * x.size(1), device=x.device) * plane
    return y, position + planes.reshape([x.size(0), x.size(1)] + [1] * rank)


def window_sums(x: Tensor, kernel: list[int], strides: list[int], dilations: list[int]) -> Tensor:
    """Sums over windows, of each channel by itself."""
    sizes = x.size()
    planes = x.reshape([sizes[0] * sizes[1], 1] + sizes[2:])
    ones = torch.ones([1, 1] + kernel, dtype=x.dtype, device=x.device)
    zeros = [0] * len(kernel)
    sums = torch.convolution(planes, ones, None, strides, zeros, dilations, False, zeros, 1)
    return sums.reshape(sizes[:2] + sums.size()[2:])


def average_pool(
    x: Tensor,
    kernel: list[int],
    strides: list[int],
    pads: list[int],
    dilations: list[int],
    ceil: bool,
    count_pads: bool,
) -> Tensor:
    """Windows' means; what rounding up adds never counts, padding counts if told."""
    extra = extra_for_ceil(x, kernel, strides, pads, dilations) if ceil else [0] * len(kernel)
    longer = with_extra(pads, extra)
    if max(longer) == 0 and max(dilations) == 1:
        if len(kernel) == 1:
            return torch.nn.functional.avg_pool1d(x, kernel, strides)
        if len(kernel) == 2:
            return torch.nn.functional.avg_pool2d(x, kernel, strides)
        return torch.nn.functional.avg_pool3d(x, kernel, strides)
    ones = torch.ones([1, 1] + x.size()[2:], dtype=x.dtype, device=x.device)
    counted = pad_spatial(pad_spatial(ones, pads, 1.0 if count_pads else 0.0), with_extra([0] * len(pads), extra), 0.0)
    total = window_sums(pad_spatial(x, longer, 0.0), kernel, strides, dilations)
    return total / window_sums(counted, kernel, strides, dilations)


def lp_pool(
    x: Tensor, p: float, kernel: list[int], strides: list[int], pads: list[int], dilations: list[int], ceil: bool
) -> Tensor:
    """Windows' p-norms."""
    if ceil:
        pads = with_extra(pads, extra_for_ceil(x, kernel, strides, pads, dilations))
    powers = pad_spatial(torch.pow(torch.abs(x), p), pads, 0.0)
    return torch.pow(window_sums(powers, kernel, strides, dilations), 1.0 / p)


def global_average_pool(x: Tensor) -> Tensor:
    """Mean over the spatial axes."""
    return torch.mean(x, list(range(2, x.dim())), keepdim=True)


def global_max_pool(x: Tensor) -> Tensor:
    """Maximum over the spatial axes."""
    return torch.amax(x, list(range(2, x.dim())), keepdim=True)


def global_lp_pool(x: Tensor, p: float) -> Tensor:
    """p-norm over the spatial axes."""
    return torch.pow(torch.sum(torch.pow(torch.abs(x), p), list(range(2, x.dim())), keepdim=True), 1.0 / p)
