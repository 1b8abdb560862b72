"""The text that an original puts where one is missing: asked of it, and held against what the packed model answers to it.

ONNX has strings, and none that is missing. Where the original answers a missing text as it answers a certain one, a service
that reads null as that text answers what the original does. What an imputer says of itself is tried first, then every category.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mlpack.bundle.inquiry import Inquiry, Part
from mlpack.runtime.session import Array
from mlpack.verify.absent import STRANGER, is_same, missing_text, null_of, with_text
from mlpack.verify.probes.column import Column
from mlpack.verify.probes.plan import spread

_ROWS = 128
"""Drawn ones, and as many of the user's: on a few rows two categories may well be answered alike."""
_MOST_CATEGORIES = 256


@dataclass(frozen=True)
class _Filling:
    """In ``column`` the original answers ``null``, None or NaN, as it answers ``text``."""

    column: Column
    null: object
    text: str


def fillings(inquiry: Inquiry, parts: Sequence[Part]) -> dict[str, str]:
    """The text that null stands for, by part. Each part is one column of text; one that has no such text is not in it."""
    if not parts:
        return {}
    rows = _rows(inquiry)
    found: dict[str, _Filling] = {}
    for part in parts:
        filling = None if inquiry.exhausted else _filling(inquiry, part.columns[0], rows)
        if filling is not None:
            found[part.name] = filling
    held = _hold_together(inquiry, list(found.values()), rows) and _hold_on_own(inquiry, list(found.values()))
    return {name: filling.text for name, filling in found.items()} if held else {}


def _rows(inquiry: Inquiry) -> Mapping[str, Array]:
    """Ordinary rows, as many as tell categories apart, or the few that the original surely answers."""
    plan, data = inquiry.plan, inquiry.reference.data
    if plan.axes.fixed_rows is not None or any(place != 0 for place in plan.axes.positions.values()):
        return inquiry.base
    several = [inquiry.base, plan.drawn(plan.affordable(_ROWS), "known", "filling")]
    if data is not None:
        several.append(plan.take(data, spread(plan.axes.rows_in(data), _ROWS)))
    rows = {name: np.concatenate([one[name] for one in several]) for name in inquiry.base}
    return rows if inquiry.answers(rows) is not None else inquiry.base


def _filling(inquiry: Inquiry, column: Column, rows: Mapping[str, Array]) -> _Filling | None:
    found = null_of(lambda value: inquiry.answers(_with(inquiry, rows, [(column, value)])), STRANGER)
    if found is None:
        return None
    null, expected = found
    hint = column.hint
    told = () if hint.fill is None else (hint.fill,)
    for text in dict.fromkeys((*told, *map(str, hint.categories[:_MOST_CATEGORIES]), "")):
        if inquiry.exhausted:
            return None
        filled = _with(inquiry, rows, [(column, text)])
        given = inquiry.answers(filled)
        if given is not None and is_same(given, expected) and inquiry.agree("category", filled):
            return _Filling(column, null, text)
    return None


def _hold_together(inquiry: Inquiry, found: Sequence[_Filling], rows: Mapping[str, Array]) -> bool:
    """Whether rows in which all of the texts are missing are answered as those with all of the others in their places."""
    nulls = _with(inquiry, rows, [(one.column, one.null) for one in found])
    texts = _with(inquiry, rows, [(one.column, one.text) for one in found])
    return len(found) < 2 or _hold(inquiry, nulls, texts)


def _hold_on_own(inquiry: Inquiry, found: Sequence[_Filling]) -> bool:
    """The same for the user's own rows that have no text in some of these columns, and one in all others."""
    absent, signature = inquiry.reference.absent, inquiry.reference.signature
    if absent is None or not found:
        return True
    names = {one.column.name for one in found}
    others = [rows for name, rows in missing_text(absent, signature).items() if name not in names]
    kept = np.flatnonzero(~np.logical_or.reduce(others)) if others else np.arange(inquiry.plan.axes.rows_in(absent))
    if not len(kept):
        return True
    own = inquiry.plan.take(absent, kept[spread(len(kept), _ROWS)])
    nulls = with_text(own, signature, {one.column.name: one.null for one in found})
    return _hold(inquiry, nulls, with_text(own, signature, {one.column.name: one.text for one in found}))


def _hold(inquiry: Inquiry, nulls: Mapping[str, Array], texts: Mapping[str, Array]) -> bool:
    expected, given = inquiry.answers(nulls), inquiry.answers(texts)
    return expected is not None and given is not None and is_same(given, expected) and inquiry.agree("category", texts)


def _with(inquiry: Inquiry, rows: Mapping[str, Array], settings: Sequence[tuple[Column, object]]) -> dict[str, Array]:
    """A copy of ``rows`` with these columns set to this value."""
    count = inquiry.plan.axes.rows_in(rows)
    feed = inquiry.plan.take(rows, np.arange(count))
    for column, value in settings:
        for row in range(count):
            column.fill(feed[column.input], row, value)
    return feed
