"""Known categories, each at least once; unknown ones; and text that trips readers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from mlpack.runtime.session import Array
from mlpack.verify.probe import Probe
from mlpack.verify.probes.column import Column
from mlpack.verify.probes.draw import WORDS, numpy_dtype
from mlpack.verify.probes.plan import Plan, spread

MAX_CATEGORIES = 1024
MAX_COLUMNS = 32
_BASE_ROWS = 2
_LONG_TEXT = 10_000


def known_categories(plan: Plan) -> Iterator[Probe]:
    """As many rows as the longest list of categories; the columns walk through theirs side by side."""
    columns = [column for column in plan.columns if column.hint.categories]
    if not columns:
        return
    longest = max(len(column.hint.categories) for column in columns)
    rows = plan.affordable(min(longest, MAX_CATEGORIES))
    feed = plan.base(rows, "categories")
    for column in columns:
        categories = _in_dtype(column, column.hint.categories)
        # A column with fewer categories than rows starts over; one with more is covered evenly.
        places = np.arange(rows) % len(categories) if len(categories) <= rows else spread(len(categories), rows)
        column.put(feed[column.input], np.arange(rows), categories[places])
    note = f"{rows} of {longest} categories, evenly spread" if rows < longest else ""
    yield from plan.emit("every known category", "category", feed, note)


def unknown_categories(plan: Plan) -> Iterator[Probe]:
    """Values that a column was not trained on, one probe a column: an encoder may refuse them with an error."""
    columns = [column for column in plan.columns if strangers(column)]
    chosen = [columns[place] for place in spread(len(columns), MAX_COLUMNS)]
    note = f"{len(columns) - len(chosen)} of {len(columns)} columns left out" if len(chosen) < len(columns) else ""
    for column in chosen:
        yield from plan.emit(
            f"unknown category in {column.name}", "category", _with_values(plan, column, strangers(column)), note
        )


def strange_text(plan: Plan) -> Iterator[Probe]:
    """Empty strings, case, spaces, characters beyond ASCII, and very long text; one probe a column and trait."""
    columns = [column for column in plan.columns if not column.spec.is_numeric]
    chosen = [columns[place] for place in spread(len(columns), MAX_COLUMNS)]
    note = f"{len(columns) - len(chosen)} of {len(columns)} columns left out" if len(chosen) < len(columns) else ""
    for column in chosen:
        for trait, values in _texts(column).items():
            feed = _with_values(plan, column, values)
            yield from plan.emit(f"{trait} in {column.name}", "text", feed, note)


def _with_values(plan: Plan, column: Column, values: Sequence[object]) -> dict[str, Array]:
    base = plan.base(_BASE_ROWS, "category base")
    feed = plan.take(base, np.arange(_BASE_ROWS * len(values)) % _BASE_ROWS)
    repeated = [value for value in values for _ in range(_BASE_ROWS)]
    column.put(feed[column.input], np.arange(len(repeated)), _in_dtype(column, repeated))
    return feed


def strangers(column: Column) -> list[object]:
    """Values near the known ones that are not among them. Empty for a column without categories or a vocabulary."""
    hint = column.hint
    if not column.spec.is_numeric:
        return ["unknown-category", "0"] if hint.categories else []
    if column.spec.dtype == "bool":
        return []
    known: list[float] = [float(value) for value in hint.categories if not isinstance(value, str)]
    if not known and hint.integral:
        known = [bound for bound in (hint.low, hint.high) if bound is not None]
    finite = [value for value in known if np.isfinite(value)]
    if not finite:
        return []
    near: list[float] = [min(finite) - 1, max(finite) + 1, max(finite) + 1000]
    if column.spec.is_floating:
        near.append(max(finite) + 0.5)
        return [value for value in near if value not in finite]
    limits = np.iinfo(column.spec.dtype)
    return [int(value) for value in near if value not in finite and limits.min <= value <= limits.max]


def _texts(column: Column) -> dict[str, list[str]]:
    known = [str(category) for category in column.hint.categories] or list(WORDS)
    first = known[0]
    return {
        "empty string": [""],
        "other case": [first.upper(), first.lower(), first.title()],
        "spaces": [f" {first}", f"{first} ", f"\t{first}\n", " "],
        "several words": [" ".join(known[start : start + 7]) for start in range(0, min(len(known), 56), 7)],
        "characters beyond ASCII": ["é", "e\u0301", "ß", "İstanbul", "数据", "🚀", "\u200b", f"{first}\u00a0"],
        "very long text": [first * (_LONG_TEXT // max(1, len(first))) + "z"],
        "words for missing": ["nan", "None", "NULL", "0", "-1"],
    }


def _in_dtype(column: Column, values: Sequence[Any]) -> Array:
    array = np.empty(len(values), object)
    array[:] = [str(value) for value in values] if not column.spec.is_numeric else values
    return array.astype(numpy_dtype(column.spec))
