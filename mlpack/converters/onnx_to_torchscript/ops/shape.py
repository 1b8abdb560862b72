"""Shapes: reading them, changing them, moving elements without looking at them."""

import torch
from torch import Tensor


def int_list(x: Tensor) -> list[int]:
    """The elements of an integer tensor."""
    values: list[int] = x.to(torch.int64).reshape([-1]).tolist()
    return values


def shape(x: Tensor, start: int, end: int) -> Tensor:
    """The sizes of x, from axis start up to axis end."""
    sizes = x.size()
    rank = len(sizes)
    low = max(0, min(rank, start + rank if start < 0 else start))
    high = max(0, min(rank, end + rank if end < 0 else end))
    return torch.tensor(sizes[low : max(low, high)], dtype=torch.int64, device=x.device)


def size(x: Tensor) -> Tensor:
    """The number of elements."""
    return torch.tensor(x.numel(), dtype=torch.int64, device=x.device)


def reshape(x: Tensor, sizes: list[int], allow_zero: bool) -> Tensor:
    """Another shape; 0 keeps a size, unless allow_zero, and -1 takes what is left."""
    target: list[int] = []
    for i in range(len(sizes)):
        if sizes[i] == 0 and not allow_zero:
            target.append(x.size(i))
        else:
            target.append(sizes[i])
    if x.numel() == 0 and -1 in target:  # torch cannot infer a size next to a zero one; the others decide it here
        known, kept = 1, 1
        for i in range(len(target)):
            if target[i] > 0:
                known *= target[i]
        for i in range(x.dim()):
            if x.size(i) > 0:
                kept *= x.size(i)
        target[target.index(-1)] = kept // known if 0 in target else 0
    return x.reshape(target)


def flatten(x: Tensor, axis: int) -> Tensor:
    """Two axes: those before `axis` and those from it on."""
    if axis < 0:
        axis += x.dim()
    rows, columns = 1, 1
    for i in range(x.dim()):
        if i < axis:
            rows *= x.size(i)
        else:
            columns *= x.size(i)
    return x.reshape([rows, columns])


def transpose(x: Tensor) -> Tensor:
    """Reverse the axes."""
    return x.permute([x.dim() - 1 - i for i in range(x.dim())])


def squeeze(x: Tensor, axes: list[int]) -> Tensor:
    """Drop axes of size one."""
    drop = [axis + x.dim() if axis < 0 else axis for axis in axes]
    kept: list[int] = []
    for i in range(x.dim()):
        if i not in drop:
            kept.append(x.size(i))
        elif x.size(i) != 1:
            raise ValueError("Squeeze of an axis whose size is not 1")
    return x.reshape(kept)


def squeeze_all(x: Tensor) -> Tensor:
    """Drop every axis of size one."""
    return x.squeeze()


def unsqueeze(x: Tensor, axes: list[int]) -> Tensor:
    """Insert axes of size one; the numbers count axes of the result."""
    rank = x.dim() + len(axes)
    inserted = [axis + rank if axis < 0 else axis for axis in axes]
    sizes: list[int] = []
    source = 0
    for i in range(rank):
        if i in inserted:
            sizes.append(1)
        else:
            sizes.append(x.size(source))
            source += 1
    return x.reshape(sizes)


def broadcast_sizes(a: list[int], b: list[int]) -> list[int]:
    """The shape that two shapes broadcast to."""
    rank = max(len(a), len(b))
    sizes: list[int] = []
    for i in range(rank):
        left = a[i - rank + len(a)] if i - rank + len(a) >= 0 else 1
        right = b[i - rank + len(b)] if i - rank + len(b) >= 0 else 1
        sizes.append(right if left == 1 else left)
    return sizes


def expand(x: Tensor, sizes: list[int]) -> Tensor:
    """Broadcast x with a shape; either may have the larger size."""
    return x.expand(broadcast_sizes(x.size(), sizes))


def split(x: Tensor, sizes: list[int], axis: int) -> list[Tensor]:
    """Consecutive pieces of the given sizes."""
    pieces: list[Tensor] = []
    start = 0
    for length in sizes:
        pieces.append(torch.narrow(x, axis, start, length))
        start += length
    return pieces


def split_evenly(x: Tensor, count: int, axis: int) -> list[Tensor]:
    """`count` pieces; the last one is smaller where they cannot be equal."""
    total = x.size(axis)
    length = (total + count - 1) // count
    return split(x, [max(0, min(length, total - i * length)) for i in range(count)], axis)


def constant_pad(x: Tensor, pads: list[int], value: Tensor) -> Tensor:
    """Grow every axis by pads[axis] elements in front and pads[axis + rank] behind; negative pads crop."""
    rank = x.dim()
    for axis in range(rank):
        before, after = pads[axis], pads[axis + rank]
        start = max(0, -before)
        length = x.size(axis) - start - max(0, -after)
        if start > 0 or length < x.size(axis):
            x = torch.narrow(x, axis, start, length)
        pieces: list[Tensor] = []
        sizes = x.size()
        if before > 0:
            sizes[axis] = before
            pieces.append(value.to(x.dtype).expand(sizes))
        pieces.append(x)
        if after > 0:
            sizes[axis] = after
            pieces.append(value.to(x.dtype).expand(sizes))
        x = torch.cat(pieces, axis)
    return x


def index_pad(x: Tensor, pads: list[int], mode: str) -> Tensor:
    """Pad with the tensor's own elements: mode is reflect, edge or wrap."""
    rank = x.dim()
    for axis in range(rank):
        before, after, length = pads[axis], pads[axis + rank], x.size(axis)
        if before == 0 and after == 0:
            continue
        index = torch.arange(-before, length + after, device=x.device)
        if mode == "edge":
            index = index.clamp(0, length - 1)
        elif mode == "wrap":
            index = torch.remainder(index, length)
        else:
            period = max(1, 2 * (length - 1))
            index = torch.remainder(index, period)
            index = torch.where(index >= length, period - index, index)
        x = torch.index_select(x, axis, index)
    return x


def pads_on_axes(pads: list[int], axes: list[int], rank: int) -> list[int]:
    """Pads of some axes as pads of all axes."""
    full = [0] * (2 * rank)
    for i in range(len(axes)):
        axis = axes[i] + rank if axes[i] < 0 else axes[i]
        full[axis] = pads[i]
        full[axis + rank] = pads[i + len(axes)]
    return full


def depth_to_space(x: Tensor, block: int, columns_first: bool) -> Tensor:
    """Move channels into blocks of pixels."""
    n, c, h, w = x.size(0), x.size(1), x.size(2), x.size(3)
    depth = c // (block * block)
    if columns_first:
        y = x.reshape([n, depth, block, block, h, w]).permute([0, 1, 4, 2, 5, 3])
    else:
        y = x.reshape([n, block, block, depth, h, w]).permute([0, 3, 4, 1, 5, 2])
    return y.reshape([n, depth, h * block, w * block])


def space_to_depth(x: Tensor, block: int) -> Tensor:
    """Move blocks of pixels into channels."""
    n, c, h, w = x.size(0), x.size(1), x.size(2), x.size(3)
    y = x.reshape([n, c, h // block, block, w // block, block]).permute([0, 3, 5, 1, 2, 4])
    return y.reshape([n, c * block * block, h // block, w // block])


def trilu(x: Tensor, upper: bool, k: int) -> Tensor:
    """The upper or lower triangle of the last two axes; zero elsewhere."""
    if upper:
        return torch.triu(x, k)
    return torch.tril(x, k)


def eye_like(x: Tensor, dtype: torch.dtype, k: int) -> Tensor:
    """Ones on the k-th diagonal of a matrix shaped like x."""
    rows = torch.arange(x.size(0), device=x.device).unsqueeze(1)
    columns = torch.arange(x.size(1), device=x.device).unsqueeze(0)
    return (columns - rows == k).to(dtype)


def arange(start: Tensor, limit: Tensor, delta: Tensor) -> Tensor:
    """start, start + delta, … up to limit, which is excluded."""
    if start.is_floating_point():
        count = int(torch.ceil((limit.to(torch.float64) - start.to(torch.float64)) / delta.to(torch.float64)).item())
    else:
        count = int(torch.ceil((limit - start).to(torch.float64) / delta.to(torch.float64)).item())
    steps = torch.arange(max(0, count), dtype=torch.int64, device=start.device)
    return (start + steps.to(start.dtype) * delta).to(start.dtype)
