"""Writing elements at computed positions."""

import torch
from torch import Tensor

from mlpack.converters.onnx_to_torchscript.ops.indexing import flat_positions


def scatter_elements(x: Tensor, index: Tensor, updates: Tensor, axis: int, reduction: str) -> Tensor:
    """A copy of x with one element replaced, or combined, per position."""
    position = index.to(torch.int64)
    position = torch.where(position < 0, position + x.size(axis), position)
    if reduction == "none":
        return torch.scatter(x, axis, position, updates)
    return torch.scatter_reduce(x, axis, position, updates, reduction)


def scatter_nd(x: Tensor, index: Tensor, updates: Tensor, reduction: str) -> Tensor:
    """A copy of x with slices replaced, or combined, at rows of coordinates."""
    depth = index.size(index.dim() - 1)
    places, width = 1, 1
    for i in range(x.dim()):
        if i < depth:
            places *= x.size(i)
        else:
            width *= x.size(i)
    position = flat_positions(index, x.size()[:depth]).reshape([-1, 1]).expand([-1, width])
    flat, new = x.reshape([places, width]), updates.reshape([-1, width])
    if reduction == "none":
        return torch.scatter(flat, 0, position, new).reshape(x.size())
    return torch.scatter_reduce(flat, 0, position, new, reduction).reshape(x.size())
