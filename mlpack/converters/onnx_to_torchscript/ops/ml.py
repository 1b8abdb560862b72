"""Operators of ai.onnx.ml other than trees and support vectors: scaling, encoding, linear models, score transforms.

Scores are float32 and their transforms follow ONNX Runtime (core/providers/cpu/ml/ml_common.h).
"""

import math

import torch
from torch import Tensor


def logistic(x: Tensor) -> Tensor:
    """The sigmoid, as 1 - sigmoid(-x) below zero."""
    v = 1 / (1 + torch.exp(-torch.abs(x)))
    return torch.where(x < 0, 1 - v, v)


def probit(x: Tensor) -> Tensor:
    """The normal quantile, through Winitzki's approximation of the inverse error function."""
    y = 2 * x - 1
    log = torch.log((1 - y) * (1 + y))
    v = 2 / (3.14159 * 0.147) + 0.5 * log
    root = torch.sqrt(-v + torch.sqrt(v * v - log / 0.147))
    return math.sqrt(2.0) * torch.where(y < 0, -root, root)


def softmax_zero(x: Tensor) -> Tensor:
    """Softmax over the scores that are not zero."""
    top = torch.amax(x, 1, keepdim=True)
    powers = torch.exp(x - top)
    near_zero = torch.abs(x) <= 0.0000001
    total = torch.where(near_zero, torch.zeros_like(x), powers).sum(1, keepdim=True)
    return torch.where(near_zero, x * torch.exp(-top), powers) / total


def transform(scores: Tensor, name: str) -> Tensor:
    """A post_transform of two or more scores per row."""
    if scores.size(0) == 0 or name == "NONE":
        return scores
    if name == "LOGISTIC":
        return logistic(scores)
    if name == "SOFTMAX":
        return torch.softmax(scores, 1)
    if name == "SOFTMAX_ZERO":
        return softmax_zero(scores)
    return probit(scores)


def with_second_class(score: Tensor, name: str, complement: bool) -> Tensor:
    """Scores of both classes from that of the second one, [rows, 1]."""
    if name == "LOGISTIC":
        return torch.cat([logistic(-score), logistic(score)], 1)
    if complement:
        return torch.cat([1 - score, score], 1)
    return torch.cat([-score, score], 1)


def rows(x: Tensor) -> Tensor:
    """A matrix; a vector is one row."""
    return x.unsqueeze(0) if x.dim() == 1 else x


def linear(x: Tensor, coefficients: Tensor, intercepts: Tensor | None) -> Tensor:
    """X @ coefficients.T + intercepts, in float32."""
    y = torch.matmul(rows(x).to(torch.float32), coefficients.t())
    return y if intercepts is None else y + intercepts


def first_largest(scores: Tensor, labels: Tensor) -> Tensor:
    """The label of the largest score of each row, the first one of equals."""
    return torch.index_select(labels, 0, torch.argmax(scores, 1))


def linear_classifier(
    x: Tensor, coefficients: Tensor, intercepts: Tensor, labels: Tensor, post_transform: str
) -> tuple[Tensor, Tensor]:
    """Labels and scores of a linear classifier; one score means two classes."""
    scores = linear(x, coefficients, intercepts)
    if scores.size(1) == 1:
        chosen = torch.where(scores[:, 0] > 0, labels[1], labels[0])
        return chosen, with_second_class(scores, post_transform, post_transform != "LOGISTIC")
    return first_largest(scores, labels), transform(scores, post_transform)


def scaler(x: Tensor, offset: Tensor, scale: Tensor) -> Tensor:
    """(x - offset) * scale, in float32."""
    if x.dtype != torch.float64:
        x = x.to(torch.float32)
    return ((x - offset.to(x.dtype)) * scale.to(x.dtype)).to(torch.float32)


def normalizer(x: Tensor, norm: str) -> Tensor:
    """Divide each row by its maximum, L1 or L2 norm, unless that is zero."""
    axis = x.dim() - 1
    wide = x.to(torch.float32)
    if norm == "MAX":
        size = torch.amax(wide, axis, keepdim=True)
    elif norm == "L1":
        size = torch.sum(torch.abs(wide), axis, keepdim=True)
    else:
        squares = (x * x).to(torch.float32)
        total = squares.sum(axis, keepdim=True)
        unit = torch.sqrt(squares / total)
        return torch.where(total != 0, torch.where(x < 0, -unit, unit), wide)
    return torch.where(size != 0, wide / size, wide)


def imputer(x: Tensor, replaced: Tensor, imputed: Tensor) -> Tensor:
    """Put the imputed value, one or one per column, where x equals the replaced one; NaN equals NaN."""
    missing = x == replaced
    if x.is_floating_point():
        missing = missing | (torch.isnan(x) & torch.isnan(replaced))
    return torch.where(missing, imputed, x)


def one_hot_encoder(x: Tensor, categories: Tensor, zeros: bool) -> Tensor:
    """One column per category; an unknown one is all zeros, or an error."""
    marks = x.to(torch.int64).unsqueeze(x.dim()) == categories
    if not zeros and not bool(marks.any(marks.dim() - 1).all()):
        raise ValueError("OneHotEncoder: unknown category")
    return marks.to(torch.float32)


def label_encoder(x: Tensor, keys: Tensor, values: Tensor, default: Tensor, nan_value: Tensor) -> Tensor:
    """Values at the position of x among the sorted keys, or the default; NaN has a value of its own."""
    place = torch.searchsorted(keys, x.contiguous()).clamp(max=keys.size(0) - 1)
    found = torch.where(keys[place] == x, values[place], default)
    if x.is_floating_point():
        found = torch.where(torch.isnan(x), nan_value, found)
    return found


def array_feature_extractor(x: Tensor, index: Tensor) -> Tensor:
    """Elements along the last axis."""
    return torch.index_select(rows(x), max(1, x.dim()) - 1 if x.dim() > 1 else 1, index.reshape([-1]))


def feature_vectorizer(columns: list[Tensor]) -> Tensor:
    """All columns side by side, in float32."""
    return torch.cat([(c.unsqueeze(1) if c.dim() == 1 else c).to(torch.float32) for c in columns], 1)
