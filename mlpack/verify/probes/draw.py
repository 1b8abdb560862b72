"""Draws values that a model may meet, from what it knows of its inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mlpack.core.framework import ColumnHint
from mlpack.runtime.session import Array
from mlpack.runtime.signature import TensorSpec
from mlpack.verify.probes.column import Column

Style = Literal["known", "wide", "positive", "whole", "unit", "byte"]
"""``known``: as the model was trained, else a standard normal. ``wide``: scales from 0.01 to 100 of that, one a row.
``positive``: the absolute value of a normal. ``whole``: small whole numbers. ``unit``: 0 to 1. ``byte``: 0 to 255."""

WORDS = ("a", "b", "red", "green", "yes", "no", "the quick brown fox", "it was not good at all", "x1", "unknown")
_WHOLE = 10
_WHOLE_WIDE = 1000


def numpy_dtype(spec: TensorSpec) -> np.dtype[Any]:
    """The NumPy dtype of ``spec``: object for strings, bfloat16 and its like through ml_dtypes."""
    if not spec.is_numeric:
        return np.dtype(object)
    try:
        return np.dtype(spec.dtype)
    except TypeError:
        import ml_dtypes  # onnx brings it

        custom: np.dtype[Any] = np.dtype(getattr(ml_dtypes, spec.dtype))
        return custom


def draw(
    spec: TensorSpec, shape: tuple[int, ...], columns: Sequence[Column], rng: np.random.Generator, style: Style
) -> Array:
    """An array of ``shape`` for ``spec``, drawn in ``style``, column by column."""
    array = np.empty(shape, numpy_dtype(spec))
    for column in columns:
        if column.index is None:
            array[...] = _values(spec, column.hint, shape, rng, style)
        else:
            array[..., column.index] = _values(spec, column.hint, shape[:-1], rng, style)
    return array


def _values(
    spec: TensorSpec, hint: ColumnHint, shape: tuple[int, ...], rng: np.random.Generator, style: Style
) -> NDArray[Any]:
    if not spec.is_numeric:
        words = tuple(map(str, hint.categories)) or WORDS
        # One axis: text that the model itself splits into words. A column of categories has a second axis of 1.
        return _sentences(words, shape, rng) if len(spec.shape) == 1 else _choice(words, shape, rng)
    if spec.dtype == "bool":
        return rng.integers(0, 2, shape).astype(bool)
    if hint.categories:
        return _choice(hint.categories, shape, rng).astype(np.float64)
    if not spec.is_floating:
        return _integers(numpy_dtype(spec), hint, shape, rng, style)
    return _floats(hint, shape, rng, style)


def _choice(values: Sequence[object], shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[Any]:
    pool = np.empty(len(values), object)
    pool[:] = values
    return pool[rng.integers(0, len(values), shape)]


def _sentences(words: Sequence[str], shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[Any]:
    """One to eight of ``words`` in each."""
    sentences = np.empty(shape, object)
    for place in np.ndindex(*shape):
        sentences[place] = " ".join(words[word] for word in rng.integers(0, len(words), rng.integers(1, 9)))
    return sentences


def _integers(
    dtype: np.dtype[Any], hint: ColumnHint, shape: tuple[int, ...], rng: np.random.Generator, style: Style
) -> NDArray[Any]:
    """Whole numbers within the dtype; within ``low`` and ``high``, which may be the bounds of a vocabulary, if told."""
    limits = np.iinfo(dtype)
    if hint.low is not None or hint.high is not None or _is_shaped(hint):
        return _to_dtype(_floats(replace(hint, integral=True), shape, rng, style), dtype)
    if dtype.itemsize == 1 and style != "whole":
        return rng.integers(limits.min, limits.max, shape, endpoint=True).astype(dtype)
    return rng.integers(0, _WHOLE_WIDE if style == "wide" else _WHOLE, shape).astype(dtype)


def _to_dtype(values: NDArray[np.float64], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Float64 to whole numbers. The largest int64 is no float64: the clip stays one float64 below it."""
    limits = np.iinfo(dtype)
    high = float(limits.max) if float(limits.max) <= limits.max else np.nextafter(float(limits.max), 0)
    return np.clip(values, float(limits.min), high).astype(dtype)


def _is_shaped(hint: ColumnHint) -> bool:
    return hint.center is not None or (hint.thresholds is not None and hint.thresholds.size > 0)


def _floats(hint: ColumnHint, shape: tuple[int, ...], rng: np.random.Generator, style: Style) -> NDArray[np.float64]:
    match style:
        case "known":
            values = _known(hint, shape, rng)
        case "wide":
            values = _wide(hint, shape, rng)
        case "positive":
            values = np.abs(rng.standard_normal(shape)) * 3
        case "whole":
            values = rng.integers(0, 4, shape).astype(np.float64)
        case "unit":
            values = rng.random(shape)
        case "byte":
            values = rng.integers(0, 256, shape).astype(np.float64)
    if not hint.integral:
        return values
    return np.clip(np.round(values), _or(hint.low, -np.inf), _or(hint.high, np.inf))


def _known(hint: ColumnHint, shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float64]:
    """Each value from one of the things that the model knows of the column, taken in turn at random."""
    drawn: list[NDArray[np.float64]] = []
    if hint.low is not None or hint.high is not None:
        low, high = bounds(hint)
        drawn.append(rng.uniform(low, high, shape))
    if hint.center is not None:
        drawn.append(rng.normal(hint.center, _scale(hint), shape))
    splits = finite_thresholds(hint)
    if splits.size:
        drawn.append(_between(splits, shape, rng))
    if not drawn:
        return rng.standard_normal(shape)
    which = rng.integers(0, len(drawn), shape)
    values: NDArray[np.float64] = np.choose(which, drawn)
    return values


def _wide(hint: ColumnHint, shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float64]:
    center, scale = _or(hint.center, 0.0), _scale(hint)
    if hint.center is None and (hint.low is not None or hint.high is not None):
        low, high = bounds(hint)
        center, scale = (low + high) / 2, (high - low) or 1.0
    factors = 10.0 ** rng.uniform(-2, 2, shape[:1] + (1,) * (len(shape) - 1))
    return center + scale * factors * rng.standard_normal(shape)


def _between(splits: NDArray[np.float64], shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.float64]:
    """Values between neighbouring thresholds, every gap alike, and beyond the outermost: every leaf has its chance."""
    margin = (splits[-1] - splits[0]) * 0.1 or max(1.0, abs(float(splits[0])))
    edges = np.concatenate([[splits[0] - margin], splits, [splits[-1] + margin]])
    gap = rng.integers(0, len(edges) - 1, shape)
    values: NDArray[np.float64] = edges[gap] + rng.random(shape) * (edges[gap + 1] - edges[gap])
    return values


def finite_thresholds(hint: ColumnHint) -> NDArray[np.float64]:
    """The thresholds of a column, sorted, each once, without NaN and infinities."""
    if hint.thresholds is None:
        return np.empty(0)
    splits = np.unique(np.asarray(hint.thresholds, np.float64))
    return splits[np.isfinite(splits)]


def bounds(hint: ColumnHint) -> tuple[float, float]:
    """Low and high, the one that is not known 1 away from the other."""
    low = hint.low if hint.low is not None else _or(hint.high, 1.0) - 1.0
    high = hint.high if hint.high is not None else low + 1.0
    return min(low, high), max(low, high)


def _scale(hint: ColumnHint) -> float:
    return hint.spread if hint.spread is not None and hint.spread > 0 else 1.0


def _or(value: float | None, default: float) -> float:
    return default if value is None else value
