"""Reductions over any number of axes; no axes given means all, unless the node says none."""

import torch
from torch import Tensor


def axes_of(x: Tensor, axes: list[int], none_if_empty: bool) -> list[int]:
    """The axes to reduce, from the end, none negative."""
    if len(axes) == 0:
        if none_if_empty:
            return axes
        axes = list(range(x.dim()))
    wanted = [axis + x.dim() if axis < 0 else axis for axis in axes]
    return sorted(wanted)[::-1]


def squeeze(x: Tensor, axes: list[int], keepdims: bool) -> Tensor:
    """Drop the reduced axes, which have size one."""
    if not keepdims:
        for axis in axes:
            x = x.squeeze(axis)
    return x


def sum_over(x: Tensor, axes: list[int]) -> Tensor:
    """Sums in the element type of x, the axes kept."""
    if len(axes) == 0:
        return x
    return torch.sum(x, axes, keepdim=True, dtype=x.dtype)


def reduce_sum(x: Tensor, axes: list[int], keepdims: bool, noop: bool) -> Tensor:
    """Sum."""
    over = axes_of(x, axes, noop)
    return squeeze(sum_over(x, over), over, keepdims)


def reduce_mean(x: Tensor, axes: list[int], keepdims: bool, noop: bool) -> Tensor:
    """Mean; of integers, truncated."""
    over = axes_of(x, axes, noop)
    if len(over) == 0:
        return x
    if x.is_floating_point():
        return squeeze(torch.mean(x, over, keepdim=True), over, keepdims)
    count = 1
    for axis in over:
        count *= x.size(axis)
    return squeeze(torch.div(sum_over(x, over), count, rounding_mode="trunc"), over, keepdims)


def reduce_prod(x: Tensor, axes: list[int], keepdims: bool, noop: bool) -> Tensor:
    """Product."""
    over = axes_of(x, axes, noop)
    for axis in over:
        x = torch.prod(x, axis, keepdim=True, dtype=x.dtype)
    return squeeze(x, over, keepdims)


def lowest(x: Tensor) -> Tensor:
    """The identity of max: minus infinity, or the smallest integer, as a scalar of x's type."""
    if x.is_floating_point():
        return torch.full([], -float("inf"), dtype=x.dtype, device=x.device)
    if x.dtype in [torch.uint8, torch.bool]:
        return torch.zeros([], dtype=x.dtype, device=x.device)
    bits = 8 * x.element_size() - 1
    return (-1 * torch.bitwise_left_shift(torch.ones([], dtype=torch.int64), bits)).to(x.dtype).to(x.device)


def reduce_max(x: Tensor, axes: list[int], keepdims: bool, noop: bool) -> Tensor:
    """Maximum; of nothing, the lowest value of the type."""
    over = axes_of(x, axes, noop)
    if len(over) == 0:
        return x
    for axis in over:
        if x.size(axis) == 0:
            sizes = x.size()
            for reduced in over:
                sizes[reduced] = 1
            return squeeze(lowest(x).expand(sizes).clone(), over, keepdims)
    return squeeze(torch.amax(x, over, keepdim=True), over, keepdims)


def reduce_min(x: Tensor, axes: list[int], keepdims: bool, noop: bool) -> Tensor:
    """Minimum; of nothing, the highest value of the type."""
    over = axes_of(x, axes, noop)
    if len(over) == 0:
        return x
    for axis in over:
        if x.size(axis) == 0:
            sizes = x.size()
            for reduced in over:
                sizes[reduced] = 1
            high = -lowest(x) if x.is_floating_point() else torch.bitwise_not(lowest(x))
            return squeeze(high.expand(sizes).clone(), over, keepdims)
    return squeeze(torch.amin(x, over, keepdim=True), over, keepdims)


def reduce_l1(x: Tensor, axes: list[int], keepdims: bool, noop: bool) -> Tensor:
    """Sum of absolute values."""
    return reduce_sum(torch.abs(x), axes, keepdims, noop)


def reduce_sum_square(x: Tensor, axes: list[int], keepdims: bool, noop: bool) -> Tensor:
    """Sum of squares."""
    return reduce_sum(x * x, axes, keepdims, noop)


def reduce_l2(x: Tensor, axes: list[int], keepdims: bool, noop: bool) -> Tensor:
    """Root of the sum of squares."""
    return torch.sqrt(reduce_sum(x * x, axes, keepdims, noop)).to(x.dtype)


def reduce_log_sum(x: Tensor, axes: list[int], keepdims: bool, noop: bool) -> Tensor:
    """Logarithm of the sum."""
    return torch.log(reduce_sum(x, axes, keepdims, noop)).to(x.dtype)


def reduce_log_sum_exp(x: Tensor, axes: list[int], keepdims: bool, noop: bool) -> Tensor:
    """Logarithm of the sum of exponentials, without overflow."""
    over = axes_of(x, axes, noop)
    if len(over) == 0:
        return x
    return squeeze(torch.logsumexp(x, over, keepdim=True).to(x.dtype), over, keepdims)
