"""Resize, axis by axis, after https://onnx.ai/onnx/operators/onnx__Resize.html.

Coordinates are float32, as in ONNX Runtime: in float64 a nearest neighbour may be another one.
"""

import math

import torch
from torch import Tensor


def float_list(x: Tensor) -> list[float]:
    """The elements of a float tensor."""
    values: list[float] = x.to(torch.float64).reshape([-1]).tolist()
    return values


def policy_scale(sizes: list[int], x: Tensor, axes: list[int], policy: str) -> float:
    """The one scale that keeps the aspect ratio within (not_larger) or around (not_smaller) the sizes wanted."""
    scale: float = sizes[0] / x.size(axes[0])
    for i in range(len(sizes)):
        ratio = sizes[i] / x.size(axes[i])
        scale = min(scale, ratio) if policy == "not_larger" else max(scale, ratio)
    return scale


def coordinates(count: int, length: int, scale: float, mode: str, start: float, end: float, like: Tensor) -> Tensor:
    """Where the elements of the result lie on an axis of the input."""
    at = torch.arange(count, dtype=torch.float32, device=like.device)
    factor = torch.full([], scale, dtype=torch.float32, device=like.device)
    if mode == "asymmetric":
        return at / factor
    if mode == "align_corners":
        return at * (length - 1) / (count - 1) if count > 1 else at * 0
    if mode == "tf_crop_and_resize":
        if count > 1:
            return start * (length - 1) + at * ((end - start) * (length - 1) / (count - 1))
        return at * 0 + 0.5 * (start + end) * (length - 1)
    if mode == "pytorch_half_pixel" and count <= 1:
        return at * 0
    centre = (at + 0.5) / factor - 0.5
    if mode == "half_pixel_symmetric":
        adjustment = count / (scale * length)
        return length / 2 * (1 - adjustment) + centre
    return centre


def nearest(at: Tensor, length: int, rounding: str) -> Tensor:
    """The index of the nearest element."""
    if rounding == "floor":
        index = torch.floor(at)
    elif rounding == "ceil":
        index = torch.ceil(at)
    elif rounding == "round_prefer_ceil":
        index = torch.floor(at + 0.5)
    else:
        index = torch.ceil(at - 0.5)
    return index.to(torch.int64).clamp(0, length - 1)


def cubic_weight(distance: Tensor, a: float) -> Tensor:
    """Keys' cubic convolution kernel."""
    d = torch.abs(distance)
    near = ((a + 2) * d - (a + 3)) * d * d + 1
    far = ((a * d - 5 * a) * d + 8 * a) * d - 4 * a
    return torch.where(d <= 1, near, torch.where(d < 2, far, torch.zeros_like(d)))


def taps(
    at: Tensor, length: int, scale: float, mode: str, a: float, exclude_outside: bool, antialias: bool
) -> tuple[Tensor, Tensor]:
    """Indices and weights, one row per element of the result."""
    stretch = min(scale, 1.0) if antialias else 1.0
    reach = 2 if mode == "cubic" else 1
    first = math.floor(-reach / stretch) + 1
    count = 2 * (1 - first)
    base = torch.floor(at)
    index = base.unsqueeze(1) + torch.arange(first, first + count, device=at.device)
    distance = (index - at.unsqueeze(1)) * stretch
    weight = cubic_weight(distance, a) if mode == "cubic" else torch.clamp(1 - torch.abs(distance), min=0)
    inside = (index >= 0) & (index <= length - 1)
    if exclude_outside:
        weight = torch.where(inside, weight, torch.zeros_like(weight))
    if exclude_outside or antialias:
        weight = weight / weight.sum(1, keepdim=True)
    return index.clamp(0, length - 1).to(torch.int64), weight


def along(x: Tensor, axis: int, index: Tensor, weight: Tensor) -> Tensor:
    """Weighted sums of elements along an axis."""
    sizes = [1] * x.dim()
    sizes[axis] = index.size(0)
    total = torch.index_select(x, axis, index[:, 0]) * weight[:, 0].reshape(sizes)
    for tap in range(1, index.size(1)):
        total = total + torch.index_select(x, axis, index[:, tap]) * weight[:, tap].reshape(sizes)
    return total


def resize(
    x: Tensor,
    scales: list[float],
    sizes: list[int],
    axes: list[int],
    roi: list[float],
    mode: str,
    coordinate_mode: str,
    rounding: str,
    cubic: float,
    exclude_outside: bool,
    extrapolation: float,
    antialias: bool,
    policy: str,
) -> Tensor:
    """Resize some axes by scales or, where none are given, to sizes."""
    if len(axes) == 0:
        axes = list(range(x.dim()))
    axes = [axis + x.dim() if axis < 0 else axis for axis in axes]
    keeps_aspect = policy != "stretch" and len(sizes) > 0
    y = x if mode == "nearest" else x.to(torch.float64 if x.dtype == torch.float64 else torch.float32)
    outside = torch.zeros([1] * x.dim(), dtype=torch.bool, device=x.device)
    for i in range(len(axes)):
        axis = axes[i]
        length = x.size(axis)
        if len(scales) > 0:
            scale = scales[i]
            count = math.floor(length * scale)
        else:
            scale = policy_scale(sizes, x, axes, policy) if keeps_aspect else sizes[i] / length
            count = math.floor(scale * length + 0.5) if keeps_aspect else sizes[i]
        cropped = coordinate_mode == "tf_crop_and_resize"
        if count == length and scale == 1.0 and not cropped:
            continue
        start = roi[i] if cropped else 0.0
        end = roi[i + len(axes)] if cropped else 1.0
        at = coordinates(count, length, scale, coordinate_mode, start, end, x)
        if mode == "nearest":
            y = torch.index_select(y, axis, nearest(at, length, rounding))
        else:
            index, weight = taps(at, length, scale, mode, cubic, exclude_outside, antialias)
            y = along(y, axis, index, weight.to(y.dtype))
        if cropped:
            shape = [1] * x.dim()
            shape[axis] = count
            outside = outside | ((at < 0) | (at > length - 1)).reshape(shape)
    if coordinate_mode == "tf_crop_and_resize":
        y = torch.where(outside, torch.full([], extrapolation, dtype=y.dtype, device=y.device), y)
    return y.to(x.dtype)
