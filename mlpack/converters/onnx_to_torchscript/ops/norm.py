"""Normalisation over channels, groups, layers."""

import torch
from torch import Tensor


def channelwise(parameter: Tensor, rank: int) -> Tensor:
    """A vector per channel, shaped to broadcast along axis 1."""
    return parameter.reshape([1, -1] + [1] * (rank - 2))


def batch_norm(x: Tensor, scale: Tensor, bias: Tensor, mean: Tensor, var: Tensor, epsilon: float) -> Tensor:
    """(x - mean) / sqrt(var + epsilon) * scale + bias per channel."""
    if x.dim() < 2:
        return ((x - mean) / torch.sqrt(var + epsilon) * scale + bias).to(x.dtype)
    kind = mean.dtype
    return torch.batch_norm(x.to(kind), scale.to(kind), bias.to(kind), mean, var, False, 0.0, epsilon, False).to(
        x.dtype
    )


def standardise(x: Tensor, axes: list[int], epsilon: float) -> Tensor:
    """Zero mean and unit variance over some axes."""
    centred = x - torch.mean(x, axes, keepdim=True)
    variance = torch.mean(centred * centred, axes, keepdim=True)
    return centred / torch.sqrt(variance + epsilon)


def instance_norm(x: Tensor, scale: Tensor, bias: Tensor, epsilon: float) -> Tensor:
    """Standardise each channel of each entry."""
    y = standardise(x, list(range(2, x.dim())), epsilon)
    return y * channelwise(scale, x.dim()) + channelwise(bias, x.dim())


def group_norm(x: Tensor, scale: Tensor, bias: Tensor, groups: int, epsilon: float, per_group: bool) -> Tensor:
    """Standardise groups of channels; scale and bias are per channel, or per group."""
    sizes = [x.size(0), groups, x.size(1) // groups] + x.size()[2:]
    grouped = x.reshape(sizes).to(torch.float32) if x.dtype == torch.float16 else x.reshape(sizes)
    y = standardise(grouped, list(range(2, len(sizes))), epsilon).to(x.dtype)
    if per_group:
        y = y * channelwise(scale, len(sizes)) + channelwise(bias, len(sizes))
        return y.reshape(x.size())
    return y.reshape(x.size()) * channelwise(scale, x.dim()) + channelwise(bias, x.dim())


def layer_norm(
    x: Tensor, scale: Tensor, bias: Tensor | None, axis: int, epsilon: float, dtype: torch.dtype
) -> tuple[Tensor, Tensor, Tensor]:
    """Standardise over the axes from `axis` on, in `dtype`; also the mean and the inverse deviation."""
    axis = axis + x.dim() if axis < 0 else axis
    axes = list(range(axis, x.dim()))
    wide = x.to(dtype)
    mean = torch.mean(wide, axes, keepdim=True)
    centred = wide - mean
    inverse = 1 / torch.sqrt(torch.mean(centred * centred, axes, keepdim=True) + epsilon)
    y = (centred * inverse).to(x.dtype) * scale
    if bias is not None:
        y = y + bias
    return y, mean, inverse


def rms_norm(x: Tensor, scale: Tensor, axis: int, epsilon: float, dtype: torch.dtype) -> Tensor:
    """Divide by the root of the mean square over the axes from `axis` on."""
    axis = axis + x.dim() if axis < 0 else axis
    wide = x.to(dtype)
    square = torch.mean(wide * wide, list(range(axis, x.dim())), keepdim=True)
    return (wide / torch.sqrt(square + epsilon)).to(x.dtype) * scale


def lp_normalize(x: Tensor, axis: int, p: int) -> Tensor:
    """Divide by the norm along an axis; zero where the norm is zero."""
    norm = torch.sum(torch.abs(x), axis, keepdim=True) if p == 1 else torch.sqrt((x * x).sum(axis, keepdim=True))
    return torch.where(norm == 0, torch.zeros_like(x), x / norm)


def lrn(x: Tensor, size: int, alpha: float, beta: float, bias: float) -> Tensor:
    """Local response normalisation across channels."""
    before, after = (size - 1) // 2, size - 1 - (size - 1) // 2
    squares = torch.cat(
        [
            torch.zeros_like(x).narrow(1, 0, 1).expand([x.size(0), before] + x.size()[2:]),
            x * x,
            torch.zeros_like(x).narrow(1, 0, 1).expand([x.size(0), after] + x.size()[2:]),
        ],
        1,
    )
    total = torch.zeros_like(x)
    for i in range(size):
        total = total + squares.narrow(1, i, x.size(1))
    return x / torch.pow(bias + alpha / size * total, beta)
