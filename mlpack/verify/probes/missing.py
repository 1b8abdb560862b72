"""NaN and infinities, column by column and everywhere."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from mlpack.runtime.session import Array
from mlpack.runtime.signature import TensorSpec
from mlpack.verify.probe import Probe, ProbeKind
from mlpack.verify.probes.column import Column
from mlpack.verify.probes.plan import Plan, join_notes, spread

MAX_COLUMNS = 64
"""Columns tried one at a time in an input; an image row of 784 is not tried pixel by pixel."""
_BASE_ROWS = 4


def missing_values(plan: Plan) -> Iterator[Probe]:
    """NaN in one column at a time, then in all."""
    yield from _by_column(plan, "NaN", "missing", (np.nan,))
    yield from _everywhere(plan, "NaN", "missing", (np.nan,))


def infinite_values(plan: Plan) -> Iterator[Probe]:
    """+inf and -inf in one column at a time, then in all."""
    yield from _by_column(plan, "infinities", "infinite", (np.inf, -np.inf))
    yield from _everywhere(plan, "infinities", "infinite", (np.inf, -np.inf))


def _by_column(plan: Plan, what: str, kind: ProbeKind, values: tuple[float, ...]) -> Iterator[Probe]:
    """One probe for each input: where one input refuses NaN with an error, the others are still compared."""
    inputs = [spec for spec in plan.signature.inputs if _takes(spec, plan)]
    chosen = [inputs[place] for place in spread(len(inputs), MAX_COLUMNS)]
    left = f"{len(inputs) - len(chosen)} of {len(inputs)} inputs left out" if len(chosen) < len(inputs) else ""
    for spec in chosen:
        columns = [column for column in plan.columns if column.input == spec.name]
        picked = [columns[place] for place in spread(len(columns), MAX_COLUMNS)]
        note = ""
        if len(picked) < len(columns):
            note = f"{len(picked)} of {len(columns)} columns, evenly spread"
        name = f"{what} in {spec.name}" if len(columns) == 1 else f"{what} in one column of {spec.name} at a time"
        yield from plan.emit(name, kind, _spoiled(plan, picked, values), join_notes(note, left))


def _spoiled(plan: Plan, columns: list[Column], values: tuple[float, ...]) -> dict[str, Array]:
    """Each column at each value in each of a few base rows; the untouched base rows come first."""
    base = plan.base(_BASE_ROWS, "missing base")
    per_column = _BASE_ROWS * len(values)
    rows = _BASE_ROWS + per_column * len(columns)
    feed = plan.take(base, np.arange(rows) % _BASE_ROWS)
    for place, column in enumerate(columns):
        start = _BASE_ROWS + place * per_column
        column.put(feed[column.input], np.arange(start, start + per_column), np.repeat(values, _BASE_ROWS))
    return feed


def _everywhere(plan: Plan, what: str, kind: ProbeKind, values: tuple[float, ...]) -> Iterator[Probe]:
    spoiled = [spec for spec in plan.signature.inputs if _takes(spec, plan)]
    if not spoiled:
        return
    feed = plan.base(len(values) + 1, f"all {what}")
    for spec in spoiled:
        for row, value in enumerate(values):
            feed[spec.name][row + 1] = value
    yield from plan.emit(f"{what} in every column", kind, feed)


def _takes(spec: TensorSpec, plan: Plan) -> bool:
    return spec.is_floating and plan.axes.positions[spec.name] == 0
