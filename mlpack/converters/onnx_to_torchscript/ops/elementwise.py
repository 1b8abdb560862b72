"""Element by element: arithmetic, comparison, activation."""

import math

import torch
from torch import Tensor


def div(a: Tensor, b: Tensor) -> Tensor:
    """Division; of integers, truncated towards zero."""
    if a.is_floating_point() or a.is_complex():
        return a / b
    return torch.div(a, b, rounding_mode="trunc")


def mod(a: Tensor, b: Tensor, fmod: bool) -> Tensor:
    """Remainder with the sign of the divisor, or of the dividend with fmod."""
    if fmod:
        return torch.fmod(a, b)
    return torch.remainder(a, b)


def pow(a: Tensor, b: Tensor) -> Tensor:
    """Power, in the element type of the base."""
    if a.is_floating_point() or not b.is_floating_point():
        return torch.pow(a, b).to(a.dtype)
    return torch.pow(a.to(torch.float64), b).to(a.dtype)


def clip(x: Tensor, low: Tensor | None, high: Tensor | None) -> Tensor:
    """Raise to the lower bound, then cut at the upper one; absent bounds are the finite limits of the type."""
    nan, infinity = float("nan"), float("inf")
    if low is not None:
        x = torch.maximum(x, low)
    elif x.is_floating_point():
        x = torch.nan_to_num(x, nan=nan, posinf=infinity)
    if high is not None:
        x = torch.minimum(x, high)
    elif x.is_floating_point():
        x = torch.nan_to_num(x, nan=nan, neginf=-infinity)
    return x


def sign(x: Tensor) -> Tensor:
    """-1, 0 or 1; NaN stays."""
    return torch.where(torch.isnan(x), x, torch.sign(x))


def reciprocal(x: Tensor) -> Tensor:
    """One over x, in the element type of x."""
    return torch.reciprocal(x).to(x.dtype)


def softplus(x: Tensor) -> Tensor:
    """log(exp(x) + 1); torch's own softplus cuts off at a threshold."""
    return torch.logaddexp(x, torch.zeros_like(x))


def elu(x: Tensor, alpha: float) -> Tensor:
    """x, or alpha * (exp(x) - 1) below zero."""
    return torch.where(x < 0, alpha * torch.expm1(x), x)


def selu(x: Tensor, alpha: float, gamma: float) -> Tensor:
    """Gamma * elu(x)."""
    return gamma * torch.where(x <= 0, alpha * torch.expm1(x), x)


def celu(x: Tensor, alpha: float) -> Tensor:
    """max(0, x) + min(0, alpha * (exp(x / alpha) - 1))."""
    return torch.where(x < 0, alpha * torch.expm1(x / alpha), x)


def thresholded_relu(x: Tensor, alpha: float) -> Tensor:
    """X where it exceeds alpha, else zero."""
    return torch.where(x > alpha, x, torch.zeros_like(x))


def prelu(x: Tensor, slope: Tensor) -> Tensor:
    """x, or slope * x below zero."""
    return torch.where(x < 0, x * slope, x)


def shrink(x: Tensor, bias: float, lambd: float) -> Tensor:
    """Move x towards zero by bias; zero within lambd of zero."""
    zero = torch.zeros_like(x)
    return torch.where(x < -lambd, (x + bias).to(x.dtype), torch.where(x > lambd, (x - bias).to(x.dtype), zero))


def hard_swish(x: Tensor) -> Tensor:
    """X * max(0, min(1, x / 6 + 0.5))."""
    return x * torch.clamp(x / 6 + 0.5, 0, 1)


def gelu(x: Tensor, tanh: bool) -> Tensor:
    """X * Phi(x), or its tanh approximation."""
    if tanh:
        inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)
        return 0.5 * x * (1 + torch.tanh(inner))
    return 0.5 * x * (1 + torch.erf(x * math.sqrt(0.5)))


def is_inf(x: Tensor, negative: bool, positive: bool) -> Tensor:
    """Where x is infinite, of the signs asked for."""
    if negative and positive:
        return torch.isinf(x)
    if negative:
        return torch.isneginf(x)
    if positive:
        return torch.isposinf(x)
    return torch.zeros_like(x, dtype=torch.bool)


def cast(x: Tensor, dtype: torch.dtype) -> Tensor:
    """Another element type."""
    return x.to(dtype)


def mean(tensors: list[Tensor]) -> Tensor:
    """The mean of tensors that broadcast."""
    total = tensors[0]
    for i in range(1, len(tensors)):
        total = total + tensors[i]
    return total / len(tensors)
