"""Rows on their way through: columns of Arrow, cut into pieces of one size whatever the pieces were that were read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mlpack.runtime.session import Array

Column = Any
"""An Arrow array; or a list, where a column of JSON lines holds values of several types."""


@dataclass(frozen=True)
class Broken:
    """A row that is none, such as a line with too few cells: why, and what stands there."""

    reason: str
    text: str


@dataclass(frozen=True)
class Chunk:
    """``rows`` rows, by column. Those that are ``broken`` have null in every column."""

    rows: int
    columns: Mapping[str, Column]
    broken: Mapping[int, Broken] = field(default_factory=dict)

    def slice(self, start: int, rows: int) -> Chunk:
        """``rows`` rows from ``start`` on; nothing is copied."""
        return Chunk(
            rows,
            {
                name: column[start : start + rows] if isinstance(column, list) else column.slice(start, rows)
                for name, column in self.columns.items()
            },
            {row - start: one for row, one in self.broken.items() if start <= row < start + rows},
        )

    def take(self, places: Array) -> Chunk:
        """The rows at ``places``."""
        import pyarrow as pa

        indices = pa.array(places, pa.int64())
        return Chunk(
            len(places),
            {
                name: [column[place] for place in places] if isinstance(column, list) else column.take(indices)
                for name, column in self.columns.items()
            },
            {at: self.broken[int(row)] for at, row in enumerate(places) if int(row) in self.broken}
            if self.broken
            else {},
        )

    def records(self) -> list[dict[str, Any]]:
        """The rows as dictionaries of Python values; of one that is broken, its line."""
        lists = {name: as_list(column) for name, column in self.columns.items()}
        return [
            {"line": self.broken[row].text}
            if row in self.broken
            else {name: values[row] for name, values in lists.items()}
            for row in range(self.rows)
        ]

    @property
    def size(self) -> int:
        """Bytes, about."""
        return sum(64 * len(one) if isinstance(one, list) else one.nbytes for one in self.columns.values())


def chunk_of(batch: Any) -> Chunk:
    """A record batch of Arrow as a chunk."""
    return Chunk(batch.num_rows, dict(zip(batch.schema.names, batch.columns, strict=True)))


def as_list(column: Column) -> list[Any]:
    """The Python values of a column."""
    found: list[Any] = column if isinstance(column, list) else column.to_pylist()
    return found


def recut(pieces: Iterator[Chunk], rows: int, most: int | None) -> Iterator[Chunk]:
    """``pieces`` again, every one of ``rows`` rows but the last, and ``most`` rows in all."""
    held: list[Chunk] = []
    count, left = 0, most
    for piece in pieces:
        cut = piece if left is None or piece.rows <= left else piece.slice(0, left)
        left = None if left is None else left - cut.rows
        at = 0
        while count + cut.rows - at >= rows:
            held.append(cut.slice(at, rows - count))
            at += rows - count
            yield _joined(held)
            held, count = [], 0
        if at < cut.rows:
            held.append(cut.slice(at, cut.rows - at))
            count += cut.rows - at
        if left == 0:
            break
    if held:
        yield _joined(held)


def _joined(pieces: list[Chunk]) -> Chunk:
    if len(pieces) == 1:
        return pieces[0]
    names = pieces[0].columns
    broken: dict[int, Broken] = {}
    rows = 0
    for one in pieces:
        broken |= {rows + row: why for row, why in one.broken.items()}
        rows += one.rows
    return Chunk(rows, {name: _join([one.columns[name] for one in pieces]) for name in names}, broken)


def _join(columns: list[Column]) -> Column:
    import pyarrow as pa

    if any(isinstance(one, list) for one in columns):
        return [value for one in columns for value in as_list(one)]
    if pa.types.is_dictionary(columns[0].type):  # each piece may have a dictionary of its own
        columns = [one.dictionary_decode() for one in columns]
    return pa.concat_arrays(columns)


def numbers(first: int, count: int) -> Array:
    """The numbers of ``count`` rows from ``first`` on."""
    return np.arange(first, first + count, dtype=np.int64)
