"""The ends of the dtypes: zeros, the smallest, what float32 cannot hold, the largest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from mlpack.runtime.signature import TensorSpec
from mlpack.verify.probe import Probe
from mlpack.verify.probes.draw import numpy_dtype
from mlpack.verify.probes.plan import Plan, join_notes, spread

MAX_COLUMNS = 32

_FLOATS: Mapping[str, tuple[float, ...]] = {
    "zeros": (0.0, -0.0),
    "ones": (1.0, -1.0),
    "values near zero": (
        float(np.finfo(np.float32).eps),
        float(np.finfo(np.float16).tiny),
        float(np.finfo(np.float16).smallest_subnormal),
        float(np.finfo(np.float32).tiny),
        float(np.finfo(np.float32).smallest_subnormal),
        -float(np.finfo(np.float32).tiny),
        float(np.finfo(np.float64).tiny),
        float(np.finfo(np.float64).smallest_subnormal),
    ),
    # 2**24 + 1 is the first whole number that float32 does not hold; float64 holds all up to 2**53.
    "large whole numbers": (2.0**24, 2.0**24 + 1, -(2.0**24) - 1, 2.0**31, 2.0**53, 2.0**53 + 2),
    "large values": (1e6, -1e6, 1e12, -1e12, 1e20, -1e20),
    "largest float32": (float(np.finfo(np.float32).max), -float(np.finfo(np.float32).max)),
    "largest float64": (float(np.finfo(np.float64).max), -float(np.finfo(np.float64).max), 1e39, -1e39),
}
_INTEGERS: Mapping[str, tuple[int, ...]] = {
    "zeros": (0,),
    "ones": (1, -1),
    "large whole numbers": (2**24, 2**24 + 1, 2**31 - 1, 2**31, 2**53 + 1),
    "ends of the dtype": (np.iinfo(np.int64).min, np.iinfo(np.int64).max),
}
TRAITS = (*_FLOATS, "ends of the dtype")


def extremes(plan: Plan) -> Iterator[Probe]:
    """For each trait, rows with one column at an extreme value and rows with all columns at it."""
    numeric = [spec for spec in plan.signature.inputs if spec.is_numeric and _is_open(spec, plan)]
    for trait in TRAITS:
        values = {spec.name: _values(spec, trait) for spec in numeric}
        values = {name: found for name, found in values.items() if found}
        if values:
            yield from _probe(plan, trait, values)


def _is_open(spec: TensorSpec, plan: Plan) -> bool:
    """Whether an input may hold any number. One of categories has its own probes: here it would only be refused."""
    columns = [column for column in plan.columns if column.input == spec.name]
    return any(not column.hint.categories for column in columns)


def _probe(plan: Plan, trait: str, values: Mapping[str, list[Any]]) -> Iterator[Probe]:
    all_at_once = max(len(found) for found in values.values())
    columns = [column for column in plan.columns if column.input in values and not column.hint.categories]
    chosen = [columns[place] for place in spread(len(columns), MAX_COLUMNS)]
    if len(columns) == 1:
        chosen = []  # all columns at once is the same
    single = sum(len(values[column.input]) for column in chosen)
    rows = plan.affordable(all_at_once + single)
    base = plan.base(2, "extreme base")
    feed = plan.take(base, np.arange(rows) % 2)
    for column in columns:
        found = values[column.input]
        for row in range(min(rows, all_at_once)):
            column.fill(feed[column.input], row, found[row % len(found)])
    row = all_at_once
    for column in chosen:
        found = values[column.input]
        if row + len(found) > rows:
            break
        column.put(feed[column.input], np.arange(row, row + len(found)), found)
        row += len(found)
    few = f"{len(chosen)} of {len(columns)} columns one at a time" if 0 < len(chosen) < len(columns) else ""
    cut = f"{rows} of {all_at_once + single} rows" if rows < all_at_once + single else ""
    yield from plan.emit(trait, "extreme", feed, join_notes(few, cut))


def _values(spec: TensorSpec, trait: str) -> list[Any]:
    """The values of ``trait`` that the dtype of ``spec`` holds as other than infinity; each once."""
    if spec.dtype == "bool":
        return {"zeros": [False], "ones": [True]}.get(trait, [])
    dtype = numpy_dtype(spec)
    if not spec.is_floating:
        limits = np.iinfo(dtype)
        if trait == "ends of the dtype":
            return [limits.min, limits.max]
        return [value for value in _INTEGERS.get(trait, ()) if limits.min <= value <= limits.max]
    return _float_values(dtype, trait)


def _float_values(dtype: np.dtype[Any], trait: str) -> list[Any]:
    if trait == "ends of the dtype":
        return []
    if dtype.itemsize == 2 and trait == "largest float32":
        top = float(np.finfo(np.float16).max) if dtype.kind == "f" else 3.3895313892515355e38
        return [top, -top]
    with np.errstate(over="ignore", under="ignore"):
        cast = np.array(_FLOATS[trait]).astype(dtype)
    kept: dict[bytes, Any] = {value.tobytes(): value for value in cast if np.isfinite(value)}
    if trait == "values near zero":
        kept = {key: value for key, value in kept.items() if value != 0}
    return list(kept.values())
