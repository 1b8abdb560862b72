"""Reading elements at computed positions."""

import torch
from torch import Tensor


def slices(x: Tensor, starts: list[int], ends: list[int], axes: list[int], steps: list[int]) -> Tensor:
    """Slices of some axes, clamped like Python's; negative steps walk backwards."""
    for i in range(len(starts)):
        axis = axes[i] + x.dim() if axes[i] < 0 else axes[i]
        length, step = x.size(axis), steps[i]
        start = starts[i] + length if starts[i] < 0 else starts[i]
        end = ends[i] + length if ends[i] < 0 else ends[i]
        if step > 0:
            start, end = max(0, min(length, start)), max(0, min(length, end))
            count = max(0, (end - start + step - 1) // step)
        else:
            start, end = max(0, min(length - 1, start)), max(-1, min(length - 1, end))
            count = max(0, (start - end - step - 1) // -step)
        if step == 1:
            x = torch.narrow(x, axis, start, count) if count > 0 else torch.narrow(x, axis, 0, 0)
        else:
            index = start + step * torch.arange(count, device=x.device)
            x = torch.index_select(x, axis, index)
    return x


def gather(x: Tensor, index: Tensor, axis: int) -> Tensor:
    """Slices of x along an axis, at positions that may be negative."""
    axis = axis + x.dim() if axis < 0 else axis
    flat = index.reshape([-1])
    flat = torch.where(flat < 0, flat + x.size(axis), flat)
    taken = torch.index_select(x, axis, flat)
    sizes = x.size()[:axis] + index.size() + x.size()[axis + 1 :]
    return taken.reshape(sizes)


def gather_elements(x: Tensor, index: Tensor, axis: int) -> Tensor:
    """Elements of x along an axis, one position per element of the result."""
    position = index.to(torch.int64)
    position = torch.where(position < 0, position + x.size(axis), position)
    return torch.gather(x, axis, position)


def flat_positions(index: Tensor, sizes: list[int]) -> Tensor:
    """Rows of coordinates in axes of the given sizes as single numbers."""
    position = torch.zeros(index.size()[: index.dim() - 1], dtype=torch.int64, device=index.device)
    for i in range(len(sizes)):
        coordinate = torch.select(index, index.dim() - 1, i).to(torch.int64)
        position = position * sizes[i] + torch.where(coordinate < 0, coordinate + sizes[i], coordinate)
    return position


def gather_nd(x: Tensor, index: Tensor, batch_dims: int) -> Tensor:
    """Slices of x at rows of coordinates; the first batch_dims axes are common to both."""
    depth = index.size(index.dim() - 1)
    batch, rest = index.size()[:batch_dims], x.size()[batch_dims + depth :]
    inner = x.size()[batch_dims : batch_dims + depth]
    batches, places, width = 1, 1, 1
    for n in batch:
        batches *= n
    for n in inner:
        places *= n
    for n in rest:
        width *= n
    position = flat_positions(index, inner).reshape([batches, -1])
    offset = torch.arange(batches, device=x.device).unsqueeze(1) * places
    taken = torch.index_select(x.reshape([batches * places, width]), 0, (position + offset).reshape([-1]))
    return taken.reshape(index.size()[: index.dim() - 1] + rest)


def compress(x: Tensor, condition: Tensor, axis: int) -> Tensor:
    """Slices of x where the condition, which may be shorter, holds."""
    return torch.index_select(x, axis, torch.nonzero(condition).reshape([-1]))


def top_k(x: Tensor, k: int, axis: int, largest: bool) -> tuple[Tensor, Tensor]:
    """The k extreme elements in order; of equal ones the first comes first, which torch.topk does not promise."""
    values, positions = torch.sort(x, stable=True, dim=axis, descending=largest)
    return torch.narrow(values, axis, 0, k), torch.narrow(positions, axis, 0, k)


def arg_extreme(x: Tensor, axis: int, keepdims: bool, last: bool, largest: bool) -> Tensor:
    """Position of the largest or smallest element along an axis; of equal ones the first or the last."""
    if last:
        flipped = torch.flip(x, [axis])
        found = torch.argmax(flipped, axis, keepdims) if largest else torch.argmin(flipped, axis, keepdims)
        return x.size(axis) - 1 - found
    return torch.argmax(x, axis, keepdims) if largest else torch.argmin(x, axis, keepdims)


def one_hot(index: Tensor, depth: Tensor, values: Tensor, axis: int) -> Tensor:
    """values[1] at the index along a new axis, values[0] elsewhere; an index out of range marks nothing."""
    size = int(depth.reshape([-1])[0].item())
    position = index.to(torch.int64)
    position = torch.where(position < 0, position + size, position)
    axis = axis + index.dim() + 1 if axis < 0 else axis
    marks = position.unsqueeze(axis)
    places = torch.arange(size, device=index.device)
    sizes = [1] * (index.dim() + 1)
    sizes[axis] = size
    return torch.where(marks == places.reshape(sizes), values[1], values[0])


def cumulative(x: Tensor, axis: int, exclusive: bool, reverse: bool, product: bool) -> Tensor:
    """Running sums or products along an axis."""
    if reverse:
        x = torch.flip(x, [axis])
    y = torch.cumprod(x, axis, dtype=x.dtype) if product else torch.cumsum(x, axis, dtype=x.dtype)
    if exclusive:
        first = torch.narrow(x, axis, 0, min(1, x.size(axis)))
        first = torch.ones_like(first) if product else torch.zeros_like(first)
        y = torch.cat([first, torch.narrow(y, axis, 0, max(0, x.size(axis) - 1))], axis)
    if reverse:
        y = torch.flip(y, [axis])
    return y


def reverse_sequence(x: Tensor, lengths: Tensor, batch_axis: int, time_axis: int) -> Tensor:
    """Reverse the first lengths[b] steps of each batch entry b."""
    steps = torch.arange(x.size(time_axis), device=x.device).unsqueeze(1)
    ends = lengths.to(torch.int64).unsqueeze(0)
    source = torch.where(steps < ends, ends - 1 - steps, steps)
    if batch_axis < time_axis:
        source = source.t()
    sizes = [1] * x.dim()
    sizes[batch_axis], sizes[time_axis] = x.size(batch_axis), x.size(time_axis)
    return torch.gather(x, time_axis, source.reshape(sizes).expand(x.size()))
