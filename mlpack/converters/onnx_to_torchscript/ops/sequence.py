"""Lists of tensors, and lists made of scan outputs."""

import torch
from torch import Tensor


def stack(tensors: list[Tensor], dtype: torch.dtype, empty: list[int]) -> Tensor:
    """One tensor with a new first axis; of no tensors, an empty one."""
    if len(tensors) == 0:
        return torch.zeros(empty, dtype=dtype)
    return torch.stack(tensors)


def move_first(x: Tensor, axis: int) -> Tensor:
    """Move the first axis to another place."""
    return torch.movedim(x, 0, axis)


def position(at: Tensor | None, length: int, default: int) -> int:
    """A position in a sequence, negative ones counted from the end."""
    if at is None:
        return default
    index = int(at.item())
    return index + length if index < 0 else index


def insert(tensors: list[Tensor], tensor: Tensor, at: Tensor | None) -> list[Tensor]:
    """A longer sequence."""
    index = position(at, len(tensors), len(tensors))
    return tensors[:index] + [tensor] + tensors[index:]


def erase(tensors: list[Tensor], at: Tensor | None) -> list[Tensor]:
    """A shorter sequence."""
    index = position(at, len(tensors), len(tensors) - 1)
    return tensors[:index] + tensors[index + 1 :]


def length(tensors: list[Tensor]) -> Tensor:
    """The number of tensors."""
    return torch.tensor(len(tensors), dtype=torch.int64)


def split(x: Tensor, sizes: Tensor | None, axis: int, keepdims: bool) -> list[Tensor]:
    """Pieces of one, of a given length, or of given lengths."""
    if sizes is None:
        return [piece if keepdims else piece.squeeze(axis) for piece in torch.split(x, 1, axis)]
    lengths: list[int] = sizes.to(torch.int64).reshape([-1]).tolist()
    if sizes.dim() == 0:
        lengths = [min(lengths[0], x.size(axis) - start) for start in range(0, x.size(axis), lengths[0])]
    pieces: list[Tensor] = torch.split(x, lengths, axis)
    return pieces


def join(tensors: list[Tensor], axis: int, new_axis: bool) -> Tensor:
    """Concatenate, or stack along a new axis."""
    return torch.stack(tensors, axis) if new_axis else torch.cat(tensors, axis)


def unique(x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Sorted unique elements, the first position of each, the place of each element among them, and counts."""
    flat = x.reshape([-1])
    values, inverse, counts = torch.unique(flat, sorted=True, return_inverse=True, return_counts=True)
    positions = torch.arange(flat.size(0), device=x.device)
    first = torch.full([values.size(0)], flat.size(0), dtype=torch.int64, device=x.device)
    return values, torch.scatter_reduce(first, 0, inverse, positions, "amin"), inverse, counts
