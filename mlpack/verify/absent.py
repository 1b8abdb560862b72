"""Text that is missing in the user's data: None, where numbers have NaN.

No model that mlpack makes has a word for it. Read as an empty text on both sides it would be compared, and answered alike,
though the original was never asked what it answers where text is missing. Such rows are left out, and the report says so; but
for columns of which a bundle says what it reads there: the original gets them as they are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpack.core.errors import DataError
from mlpack.runtime.session import Array, Feed
from mlpack.runtime.signature import Signature, TensorSpec

Rows = NDArray[np.bool_]
Outputs = Mapping[str, Array]
STRANGER = "unknown-category"
"""A text that no model was trained on."""
_TRIED = 64
_HINT = "give rows in which the text is there; train and pack the model on columns that are filled before they reach it"


@dataclass(frozen=True)
class LeftOut:
    """How many rows ``of`` all were not compared, for text that is missing in ``columns``; ``kept`` are the others."""

    rows: int
    of: int
    columns: tuple[str, ...]
    kept: NDArray[np.intp] = field(compare=False, repr=False, default_factory=lambda: np.arange(0))

    def to_json(self) -> dict[str, Any]:
        """The same as JSON-ready values, and in words."""
        return {"rows": self.rows, "of": self.of, "columns": list(self.columns), "reason": str(self)}

    def __str__(self) -> str:
        return (
            f"{self.rows} of {self.of} rows of the data were left out: text is missing in {_listed(self.columns)}. "
            "A converted model takes none that is missing; a bundle does where its signature says that it may be"
        )


def missing_text(feed: Feed, signature: Signature) -> dict[str, Rows]:
    """The rows in which text is missing, by column."""
    found: dict[str, Rows] = {}
    for spec in signature.inputs:
        array = feed[spec.name]
        if array.dtype != object or not array.ndim:
            continue
        gone = np.fromiter((is_missing(cell) for cell in array.flat), bool, array.size).reshape(len(array), -1)
        if gone.any():
            found |= {name: rows for name, rows in _by_column(spec, signature, gone).items() if rows.any()}
    return found


def with_text_only(feed: Feed, signature: Signature, taken: Collection[str] = ()) -> tuple[Feed, LeftOut | None]:
    """``feed`` without the rows in which text is missing, and which those were. Raises DataError where none is left.

    In the columns that are ``taken`` it may be missing.
    """
    gone = {name: rows for name, rows in missing_text(feed, signature).items() if name not in taken}
    if not gone:
        return feed, None
    rows = np.logical_or.reduce(list(gone.values()))
    if rows.all():
        raise DataError(
            f"text is missing in every row of the data: {_listed(tuple(gone))}",
            why="a converted model takes none that is missing, so no row could be compared",
            hint=_HINT,
        )
    kept = {name: array[~rows] for name, array in feed.items()}
    return kept, LeftOut(int(rows.sum()), len(rows), tuple(gone), np.flatnonzero(~rows))


def with_empty_text(feed: Mapping[str, Array]) -> dict[str, Array]:
    """``feed`` with an empty text wherever one is missing."""
    return {name: _filled(array, [""]) if array.dtype == object else array for name, array in feed.items()}


def with_text(feed: Feed, signature: Signature, fill: Mapping[str, object]) -> dict[str, Array]:
    """``feed`` with what ``fill`` has for its column wherever text is missing, an empty text in all other columns."""
    filled = dict(feed)
    for spec in signature.inputs:
        if filled[spec.name].dtype == object:
            names = signature.columns.get(spec.name, (spec.name,))
            filled[spec.name] = _filled(filled[spec.name], [fill.get(name, "") for name in names])
    return filled


def null_of(answers: Callable[[object], Outputs | None], stranger: str) -> tuple[object, Outputs] | None:
    """What a missing text is to a model, None or NaN, and what it ``answers`` to it; None where that cannot be told.

    Python and pandas have two words for it, and many a model understands one of them: the other it refuses, or takes for a
    text that it has never seen, such as ``stranger``.
    """
    given = [(null, outputs) for null in (math.nan, None) if (outputs := answers(null)) is not None]
    if len(given) == 2 and not is_same(given[0][1], given[1][1]):
        unseen = answers(stranger)
        given = [one for one in given if unseen is not None and not is_same(one[1], unseen)]
        if len(given) != 1:
            return None
    return given[0] if given else None


def as_understood(
    feed: Feed, signature: Signature, names: Collection[str], answers: Callable[[Feed], Outputs | None]
) -> tuple[Feed, frozenset[str]]:
    """``feed`` with the null that a model understands wherever text is missing in one of ``names``, and in which it is taken.

    ``answers`` is what the model answers; it is asked with some of the rows that lack no text.
    """
    gone = missing_text(feed, signature)
    full = np.flatnonzero(~np.logical_or.reduce(list(gone.values())))[:_TRIED] if gone else np.arange(0)
    nulls: dict[str, object] = {}
    for name in gone:
        if name not in names or not len(full):
            continue
        rows = _without({one: array[full] for one, array in feed.items()}, signature, name)
        found = null_of(partial(_answer, answers, rows, signature, name), STRANGER)
        if found is not None:
            nulls[name] = found[0]
    return with_text(feed, signature, {**dict.fromkeys(gone), **nulls}) if nulls else feed, frozenset(nulls)


def _answer(
    answers: Callable[[Feed], Outputs | None], rows: Feed, signature: Signature, name: str, value: object
) -> Outputs | None:
    """The answer to ``rows`` with ``value`` where text is missing in the column called ``name``."""
    return answers(with_text(rows, signature, {name: value}))


def _without(feed: Feed, signature: Signature, name: str) -> dict[str, Array]:
    """``feed`` without any text in the column called ``name``."""
    emptied = dict(feed)
    for spec in signature.inputs:
        names = signature.columns.get(spec.name, (spec.name,))
        if name in names:
            emptied[spec.name] = emptied[spec.name].copy()
            emptied[spec.name][..., names.index(name)] = None
    return emptied


def is_same(given: Outputs, expected: Outputs) -> bool:
    """Whether two answers of one model are equal, to the last bit."""
    return all(np.array_equal(given[name], expected[name]) for name in expected)


def is_missing(cell: object) -> bool:
    """Whether a cell of text holds none: None or NaN."""
    return cell is None or (isinstance(cell, float) and math.isnan(cell))


def _by_column(spec: TensorSpec, signature: Signature, gone: Rows) -> dict[str, Rows]:
    names = signature.columns.get(spec.name, ())
    if len(names) == gone.shape[1]:
        return dict(zip(names, gone.T, strict=True))
    return {spec.name: np.asarray(gone.any(axis=1))}


def _filled(array: Array, fill: Sequence[object]) -> Array:
    """``array`` with one of ``fill``, one a column of its last axis or one for all, wherever one is missing."""
    cells = np.empty(array.size, object)
    cells[:] = [fill[at % len(fill)] if is_missing(cell) else cell for at, cell in enumerate(array.flat)]
    return cells.reshape(array.shape)


def _listed(columns: tuple[str, ...], most: int = 8) -> str:
    more = len(columns) - most
    return ", ".join(columns[:most]) + (f" and {more} more" if more > 0 else "")
