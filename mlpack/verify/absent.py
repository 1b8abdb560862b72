"""Text that is missing in the user's data: None, where numbers have NaN.

No model that mlpack makes has a word for it. Read as an empty text on both sides it would be compared, and answered alike,
though the original was never asked what it answers where text is missing. Such rows are left out, and the report says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpack.core.errors import DataError
from mlpack.runtime.session import Array, Feed
from mlpack.runtime.signature import Signature, TensorSpec

Rows = NDArray[np.bool_]
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
        gone = np.fromiter((cell is None for cell in array.flat), bool, array.size).reshape(len(array), -1)
        if gone.any():
            found |= {name: rows for name, rows in _by_column(spec, signature, gone).items() if rows.any()}
    return found


def with_text_only(feed: Feed, signature: Signature) -> tuple[Feed, LeftOut | None]:
    """``feed`` without the rows in which text is missing, and which those were. Raises DataError where none is left."""
    gone = missing_text(feed, signature)
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
    return {name: _filled(array) if array.dtype == object else array for name, array in feed.items()}


def _by_column(spec: TensorSpec, signature: Signature, gone: Rows) -> dict[str, Rows]:
    names = signature.columns.get(spec.name, ())
    if len(names) == gone.shape[1]:
        return dict(zip(names, gone.T, strict=True))
    return {spec.name: np.asarray(gone.any(axis=1))}


def _filled(array: Array) -> Array:
    cells = np.empty(array.size, object)
    cells[:] = ["" if cell is None else cell for cell in array.flat]
    return cells.reshape(array.shape)


def _listed(columns: tuple[str, ...], most: int = 8) -> str:
    more = len(columns) - most
    return ", ".join(columns[:most]) + (f" and {more} more" if more > 0 else "")
