"""Values at, just under and just over the thresholds at which trees change sides.

Random rows never hit a threshold, and that is where a cast or a folded scaler moves a row to another leaf.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpack.runtime.session import Array
from mlpack.verify.probe import Probe
from mlpack.verify.probes.column import Column
from mlpack.verify.probes.draw import finite_thresholds
from mlpack.verify.probes.plan import Plan, spread

MAX_SINGLE = 500
"""Thresholds tried one at a time, over all columns; each makes three rows."""
MIXED_ROWS = 512
"""Rows in which every column stands at one of its thresholds: each such row meets a threshold at every split."""
_BASE_ROWS = 16

Precision = type[np.float16] | type[np.float32] | type[np.float64]


def threshold_rows(plan: Plan) -> Iterator[Probe]:
    """Float32 neighbours (exact in both precisions: what differs is the conversion), then float64 ones."""
    splits = [(column, finite_thresholds(column.hint)) for column in plan.columns if column.spec.is_numeric]
    splits = [(column, found) for column, found in splits if found.size and column.spec.dtype != "bool"]
    if not splits:
        return
    dtypes = {column.spec.dtype for column, _ in splits}
    yield from _probe(plan, splits, "thresholds, float32 neighbours", np.float32)
    if "float64" in dtypes:
        yield from _probe(plan, splits, "thresholds, float64 neighbours", np.float64)


def _probe(
    plan: Plan, splits: list[tuple[Column, NDArray[np.float64]]], name: str, precision: Precision
) -> Iterator[Probe]:
    chosen, note = _share_out(splits)
    singles = [_around(column, found, precision) for column, found in chosen]
    count = sum(len(values) for values in singles)
    rows = count + MIXED_ROWS
    base = plan.base(_BASE_ROWS, "threshold base")
    feed = plan.take(base, np.arange(rows) % _BASE_ROWS)
    if precision is np.float32:
        feed = {key: _as_float32(array) for key, array in feed.items()}
    start = 0
    for (column, _), values in zip(chosen, singles, strict=True):
        column.put(feed[column.input], np.arange(start, start + len(values)), values)
        start += len(values)
    rng = plan.rng(name)
    for column, found in splits:
        values = _around(column, found, precision)
        column.put(feed[column.input], np.arange(count, rows), values[rng.integers(0, len(values), MIXED_ROWS)])
    yield from plan.emit(name, "threshold", feed, note)


def _share_out(
    splits: list[tuple[Column, NDArray[np.float64]]],
) -> tuple[list[tuple[Column, NDArray[np.float64]]], str]:
    """At most `MAX_SINGLE` thresholds, the columns with few keeping theirs; and a note of what is left out."""
    left, remaining = MAX_SINGLE, len(splits)
    chosen: list[tuple[Column, NDArray[np.float64]]] = []
    for column, found in sorted(splits, key=lambda pair: len(pair[1])):
        share = max(1, left // remaining)
        kept = found[spread(len(found), share)]
        chosen.append((column, kept))
        left, remaining = max(0, left - len(kept)), remaining - 1
    total = sum(len(found) for _, found in splits)
    tried = sum(len(kept) for _, kept in chosen)
    if tried == total:
        return chosen, ""
    note = f"{tried} of {total} thresholds one at a time, evenly spread; the others in {MIXED_ROWS} mixed rows"
    return chosen, note


def _around(column: Column, thresholds: NDArray[np.float64], precision: Precision) -> NDArray[Any]:
    """Each threshold with the value just under and just over it, in the column's dtype."""
    if not column.spec.is_floating:
        whole = np.unique(np.concatenate([np.floor(thresholds), np.ceil(thresholds)]))
        limits = np.iinfo(column.spec.dtype)
        inside: NDArray[np.float64] = whole[(whole >= limits.min) & (whole < float(limits.max))]
        return inside
    if column.spec.dtype == "float16":
        precision = np.float16
    top = np.finfo(precision).max
    at = np.clip(thresholds, -float(top), float(top)).astype(precision)
    down, up = precision(-np.inf), precision(np.inf)
    around = np.concatenate([at, np.nextafter(at, down), np.nextafter(at, up)])
    finite: NDArray[Any] = around[np.isfinite(around)]
    return finite


def _as_float32(array: Array) -> Array:
    """The nearest values that float32 holds, in the array's own dtype."""
    if array.dtype != np.float64:
        return array
    top = float(np.finfo(np.float32).max)
    return np.clip(array, -top, top).astype(np.float32).astype(np.float64)
