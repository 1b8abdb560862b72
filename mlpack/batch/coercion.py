"""Rows of Arrow to the arrays that a model takes, by the coercer that REST and gRPC have: what it refuses is refused here.

Whole columns go through at once. Where that fails, the rows to blame are found one value after the other, in the runtime's
own words.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mlpack.batch.matching import Match
from mlpack.batch.nesting import apart, nested, odd_rows, plain, side_by_side
from mlpack.batch.sources.chunk import Chunk, Column
from mlpack.batch.vectors import vector
from mlpack.runtime.coerce.checks import Checks
from mlpack.runtime.coerce.columns import column as column_of
from mlpack.runtime.coerce.fields import Field, Layout, member
from mlpack.runtime.coerce.refusals import refusal
from mlpack.runtime.coerce.rows import Rows
from mlpack.runtime.coerce.tensors import Tensors
from mlpack.runtime.errors import ContractError
from mlpack.runtime.session import Array, Feed
from mlpack.runtime.signature import Signature
from mlpack.verify.tables.cells import MISSING, truth_of

WHERE = "rows"
_STRETCH = 1024
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?inf(inity)?", re.IGNORECASE)
_WHOLE = re.compile(r"[+-]?\d+")


@dataclass(frozen=True)
class Bad:
    """A row that the model does not take: its number within what was asked, and the reason, which names the field."""

    row: int
    field: str
    reason: str


@dataclass(frozen=True)
class Coerced:
    """The feed of the rows at ``good``, None where there are none; all of them where ``bad`` is empty."""

    feed: Feed | None
    good: Array | None
    bad: tuple[Bad, ...] = ()


class Coercer:
    """Makes feeds for a model with ``signature``. Cells of ``text`` mean what they would as a value of their column."""

    def __init__(self, signature: Signature, match: Match, *, text: bool = False) -> None:
        self._rows = Rows(signature)
        self._tensors = Tensors(signature)
        self._match = match
        self._text = text
        self._signature = signature
        self._layout: Layout = self._rows.layout
        fields = self._layout.fields
        self._is_alike = (
            self._layout.kind == "tensors" or len({(one.dtype, one.kind, one.missing) for one in fields}) == 1
        )

    def feed(self, chunk: Chunk) -> Coerced:
        """The feed of ``chunk``, which has at least one row."""
        odd = [Bad(row, "", broken.reason) for row, broken in chunk.broken.items()] or self._odd(chunk)
        if odd:
            return self._without(chunk, odd)
        given = self._values(chunk)
        try:
            return Coerced(self._feed(given, chunk.rows), None)
        except ContractError as error:
            bad = self._bad(given, chunk.rows)
            if not bad:
                raise AssertionError(error.message) from error
        wrong = {one.row for one in bad}
        good = np.array([row for row in range(chunk.rows) if row not in wrong], dtype=np.int64)
        if not len(good):
            return Coerced(None, good, bad)
        return Coerced(self._feed(self._values(chunk.take(good)), len(good)), good, bad)

    def _odd(self, chunk: Chunk) -> list[Bad]:
        """The rows that are refused for their form, found without a look at the values of the others.

        Nothing where some row may be taken although it is of another form: then every value is looked at.
        """
        rows = [odd_rows(chunk.columns[name], self._inner(place)) for place, name in enumerate(self._match.whole)]
        odd = np.unique(np.concatenate(rows)) if rows else np.empty(0, dtype=np.int64)
        if not 0 < len(odd) < chunk.rows:
            return []
        usual = next(row for row, other in enumerate([*odd.tolist(), chunk.rows]) if row != other)
        places = np.array([usual, *odd.tolist()], dtype=np.int64)  # one that is usual has the size that all are to have
        bad = self._bad(self._values(chunk.take(places)), len(places))
        found = [replace(one, row=int(places[one.row])) for one in bad if one.row]
        return found if len(found) == len(odd) else []

    def _without(self, chunk: Chunk, bad: list[Bad]) -> Coerced:
        """The feed of the rows that are not ``bad``."""
        wrong = {one.row for one in bad}
        whole = np.array([row for row in range(chunk.rows) if row not in wrong], dtype=np.int64)
        if not len(whole):
            return Coerced(None, whole, tuple(bad))
        rest = self.feed(chunk.take(whole))
        bad += [replace(one, row=int(whole[one.row])) for one in rest.bad]
        good = whole if rest.good is None else whole[rest.good]
        return Coerced(rest.feed, good, tuple(sorted(bad, key=lambda one: one.row)))

    def _values(self, chunk: Chunk) -> list[Any]:
        """The columns that feed the model, as arrays of NumPy where they are of numbers without nulls, else as lists."""
        match, fields = self._match, self._layout.fields
        if match.flat:
            return [self._column(chunk.columns[name], field) for name, field in zip(match.flat, fields, strict=True)]
        if match.side_by_side:
            one = fields[0] if self._layout.kind == "tensors" else None
            columns = [
                self._column(chunk.columns[name], one or fields[place]) for place, name in enumerate(match.side_by_side)
            ]
            return columns if one is None else [side_by_side(columns, self._inner(0))]
        return [nested(chunk.columns[name], self._inner(place)) for place, name in enumerate(match.whole)]

    def _column(self, column: Column, field: Field) -> Any:
        if not self._text:
            return from_arrow(column, field)
        # As in rows for `mlpack verify`: a column that is read as whole texts may well have empty ones.
        texts = len(self._signature.input(field.spec_name).shape) == 1 or "" in field.categories
        return from_text(column, field, blank="" if texts else None)

    def _inner(self, place: int) -> tuple[int | str, ...]:
        return self._layout.inputs[place].shape[1:]

    def _feed(self, given: Sequence[Any], rows: int) -> Feed:
        if self._match.whole or self._layout.kind == "tensors":
            if self._is_alike and all(isinstance(one, np.ndarray) for one in given):
                return self._tensors.feed(self._typed(given))
            given = self._by_field(given)
        return self._rows.feed_of_columns(dict(zip(self._layout.names, given, strict=True)), rows, WHERE)

    def _by_field(self, given: Sequence[Any]) -> Sequence[Any]:
        """A column of lists as a column for each field, where the fields are those of the lists."""
        is_one = self._layout.kind == "lists" and bool(self._match.whole)
        return apart(given[0], len(self._layout.fields)) if is_one else given

    def _typed(self, given: Sequence[Array]) -> dict[str, Array]:
        """Whole tensors in the dtypes of the model, cast as `column_of` casts: numbers to floats, integers that fit."""
        typed = {}
        inputs = self._layout.inputs  # of which each has one field, or the only one has fields that are alike
        for array, spec, field in zip(given, inputs, self._layout.fields[: len(inputs)], strict=True):
            flat = column_of(array.reshape(-1), field)
            if flat is None:
                raise ContractError("there are values that the model does not take", WHERE)
            typed[spec.name] = flat.reshape(array.shape)
        return typed

    def _bad(self, given: Sequence[Any], rows: int) -> tuple[Bad, ...]:
        if self._layout.kind == "tensors":
            return tuple(self._bad_tensors(given, rows))
        found: dict[int, Bad] = {}
        for values, field in zip(self._by_field(given), self._layout.fields, strict=True):
            place = _place(self._layout, field)
            for row, reason in refusals(values, field):
                found.setdefault(row, Bad(row, place, reason))
        return tuple(found[row] for row in sorted(found))

    def _bad_tensors(self, given: Sequence[Any], rows: int) -> Iterator[Bad]:
        """Arrays are halved until what is refused is one row, for that is rare; why, is told by who refuses it."""
        sizes: dict[str, int] | None = None
        halved = all(isinstance(one, np.ndarray) for one in given)
        pending = [(0, rows)] if halved else [(row, 1) for row in reversed(range(rows))]
        while pending:
            row, count = pending.pop()
            try:
                found = _named_sizes(self._feed_of(given, row, count), self._signature)
            except ContractError as error:
                if count == 1:
                    yield Bad(row, error.where.removeprefix(f"{WHERE}[0]"), error.reason)
                else:
                    pending += [(row + count // 2, count - count // 2), (row, count // 2)]
                continue
            sizes = found if sizes is None else sizes
            if found != sizes:
                reason = f"it is of another size than the first: {_sized(found)}, and that has {_sized(sizes)}"
                yield from (Bad(one, "", reason) for one in range(row, row + count))

    def _feed_of(self, given: Sequence[Any], row: int, count: int) -> Feed:
        if count > 1:
            return self._feed([values[row : row + count] for values in given], count)
        single = {name: [plain(values[row])] for name, values in zip(self._layout.names, given, strict=True)}
        return self._rows.feed_of_columns(single, 1, WHERE)


def refusals(values: Any, field: Field) -> list[tuple[int, str]]:
    """Every one of ``values`` that ``field`` does not take, and why; whole stretches that are right are passed over."""
    checks = Checks((field,))
    found = []
    for begin in range(0, len(values), _STRETCH):
        stretch = values[begin : begin + _STRETCH]
        array = column_of(stretch, field)
        if array is not None and checks.hold(array):
            continue
        plain = stretch.tolist() if isinstance(stretch, np.ndarray) else stretch
        found += [(begin + place, reason) for place, value in enumerate(plain) if (reason := refusal(value, field))]
    return found


def from_arrow(column: Column, field: Field) -> Any:
    """A column for `mlpack.runtime.coerce.columns`: without a copy where it is of numbers and nothing is null.

    Null is NaN where values may be missing, else it stays None and is refused.
    """
    import pyarrow as pa

    if isinstance(column, list):
        return column
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    numeric = pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
    if numeric and (not column.null_count or (field.missing and field.kind == "float")):
        return vector(column)
    if pa.types.is_boolean(column.type) and not column.null_count:
        return vector(column)
    if pa.types.is_string(column.type) or pa.types.is_large_string(column.type):
        return column.to_numpy(zero_copy_only=False)  # a third of the time of to_pylist
    return column.to_pylist()


def from_text(column: Any, field: Field, *, blank: str | None) -> Any:
    """Cells of text as the values that they are written for; what is none of them stays text, and is refused as that.

    An empty cell is null; in a column of text it is ``blank``. NA, null, NaN and their kin are null in a column of numbers.
    """
    if field.kind == "string":
        return from_arrow(column if blank is None else column.fill_null(blank), field)
    if field.kind == "float":
        return _floats(column, missing=field.missing)
    cells = column.to_pylist()
    if field.kind == "bool":
        return [cell if cell is None or (truth := truth_of(cell)) is None else truth for cell in cells]
    return [_whole(cell) for cell in cells]


def _floats(column: Any, *, missing: bool) -> Any:
    import pyarrow as pa

    try:
        array = column.cast(pa.float64())
    except pa.ArrowInvalid:
        return [_float(cell) for cell in column.to_pylist()]
    numbers = vector(array)  # null is NaN
    if missing or not np.isnan(numbers).any():
        return numbers
    return [None if math.isnan(one) else one for one in numbers.tolist()]


def _float(cell: str | None) -> float | str | None:
    if cell is None or cell.strip().casefold() in MISSING:
        return None
    return float(cell) if _NUMBER.fullmatch(cell.strip()) else cell


def _whole(cell: str | None) -> int | str | None:
    if cell is None or cell.strip().casefold() in MISSING:
        return None
    try:
        return int(cell) if _WHOLE.fullmatch(cell.strip()) else cell
    except ValueError:  # Python makes no number of more than some thousand digits
        return cell


def _place(layout: Layout, field: Field) -> str:
    if layout.kind == "values":
        return ""
    return f"[{field.position or 0}]" if layout.kind == "lists" else member(field.name)


def _named_sizes(feed: Feed, signature: Signature) -> dict[str, int]:
    return {
        dim: size
        for spec in signature.inputs
        for dim, size in zip(spec.shape[1:], feed[spec.name].shape[1:], strict=True)
        if isinstance(dim, str)
    }


def _sized(sizes: dict[str, int]) -> str:
    return ", ".join(f"{name} {size}" for name, size in sizes.items())
