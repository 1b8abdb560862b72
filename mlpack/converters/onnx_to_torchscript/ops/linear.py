"""Matrix products and softmax."""

import torch
from torch import Tensor


def gemm(a: Tensor, b: Tensor, c: Tensor | None, alpha: float, beta: float) -> Tensor:
    """Alpha * a @ b + beta * c."""
    if c is None:
        y = torch.matmul(a, b)
        return y if alpha == 1.0 else (alpha * y).to(a.dtype)
    if alpha == 1.0 and beta == 1.0 and a.is_floating_point():
        return torch.addmm(c, a, b)
    y = torch.matmul(a, b)
    if alpha != 1.0:
        y = alpha * y
    return (y + (c if beta == 1.0 else beta * c)).to(a.dtype)


def matmul_integer(a: Tensor, b: Tensor, a_zero: Tensor | None, b_zero: Tensor | None) -> Tensor:
    """The product of 8-bit matrices in int32; a zero point is a scalar, or one per row of a or column of b."""
    left, right = a.to(torch.int32), b.to(torch.int32)
    if a_zero is not None:
        zero = a_zero.to(torch.int32)
        left = left - (zero.unsqueeze(1) if zero.dim() == 1 and zero.numel() > 1 else zero)
    if b_zero is not None:
        right = right - b_zero.to(torch.int32)
    return torch.matmul(left, right)


def softmax(x: Tensor, axis: int, log: bool) -> Tensor:
    """Softmax, or its logarithm, along one axis."""
    return torch.log_softmax(x, axis) if log else torch.softmax(x, axis)


def hardmax(x: Tensor, axis: int) -> Tensor:
    """One at the first largest element along an axis, zero elsewhere."""
    top = torch.argmax(x, axis, keepdim=True)
    return torch.zeros_like(x).scatter(axis, top, 1)


def as_matrix(x: Tensor, axis: int) -> Tensor:
    """The axes before `axis`, and those from it on, as two."""
    if axis < 0:
        axis += x.dim()
    rows, columns = 1, 1
    for i in range(x.dim()):
        if i < axis:
            rows *= x.size(i)
        else:
            columns *= x.size(i)
    return x.reshape([rows, columns])


def cdist(a: Tensor, b: Tensor, squared: bool) -> Tensor:
    """Euclidean distances between rows, as sqrt(|a|² - 2ab + |b|²) clipped at zero, as ONNX Runtime has them."""
    squares = (a * a).sum(1, keepdim=True) + (b * b).sum(1).unsqueeze(0)
    distance = torch.clamp(squares - 2 * torch.matmul(a, b.t()), min=0)
    return distance if squared else torch.sqrt(distance)
