"""Fits a table to a signature: which column feeds which input."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlpack.core.errors import DataError
from mlpack.runtime.session import Array, Feed
from mlpack.runtime.signature import Signature, TensorSpec
from mlpack.verify.absent import with_empty_text
from mlpack.verify.tables.cells import MISSING, column_array, to_float
from mlpack.verify.tables.shapes import check_feed, fit_array
from mlpack.verify.tables.table import Cells, Place, Table, check_names

INPUT = "input"
"""The name of the one input of a model that names none."""


@dataclass(frozen=True)
class Need:
    """What one input needs of a table: ``count`` columns (None: however many there are), by ``names`` if it has any."""

    spec: TensorSpec
    names: tuple[str, ...] | None
    count: int | None


def needs_of(signature: Signature) -> tuple[Need, ...]:
    """The columns that each input needs. Raises DataError for an input that no table can feed."""
    return tuple(_need(spec, signature.columns.get(spec.name)) for spec in signature.inputs)


def _need(spec: TensorSpec, columns: tuple[str, ...] | None) -> Need:
    if not spec.shape:
        raise DataError(
            f"input {spec.name!r} is a single value, which a table has no place for",
            hint="give the inputs as arrays: numpy.savez('data.npz', name=array, ...)",
        )
    inner = spec.shape[1:]
    if not inner or inner == (1,):
        return Need(spec, columns if columns and len(columns) == 1 else (spec.name,), 1)
    if any(isinstance(size, str) for size in inner):
        return Need(spec, None, None)
    count = math.prod(int(size) for size in inner)
    known = columns is not None and len(columns) == count and not _are_placeholders(columns)
    return Need(spec, columns if known else None, count)


def _are_placeholders(columns: tuple[str, ...]) -> bool:
    """Whether the names are those that scikit-learn gives columns without any: a file may call them what it likes."""
    return columns == tuple(f"x{position}" for position in range(len(columns)))


def fit_table(table: Table, signature: Signature | None) -> Feed:
    """The table as a feed, every array in the dtype and shape that the model takes.

    Columns are matched by name, in any order, where the model names its columns; else by position. Without a signature
    the numbers become one matrix called ``input``, and a table with text one input a column. Raises DataError.
    """
    if table.rows == 0:
        raise DataError(f"{table.source} has no rows", hint="give at least one row; a few hundred are better")
    if signature is None:
        return _as_it_is(table)
    nested = _nested(table, signature)
    if nested is not None:
        return nested
    needs = needs_of(signature)
    places = _assign(table, needs)
    feed = {need.spec.name: _columns(table, need, places[need.spec.name], signature) for need in needs}
    return check_feed(feed, signature, table.source)


def _assign(table: Table, needs: Sequence[Need]) -> dict[str, list[int]]:
    """The positions of the columns of each input."""
    named = [name for need in needs if need.names is not None for name in need.names]
    open_needs = [need for need in needs if need.names is None]
    if len(needs) == 1 and needs[0].count == 1 and len(table.columns) == 1:
        return {needs[0].spec.name: [0]}  # one column for one input: there is nothing to tell apart
    if table.names is not None and not open_needs:
        check_names(table.source, named, table.names)
        return {need.spec.name: [table.names.index(name) for name in need.names or ()] for need in needs}
    if table.names is not None and named and set(named) <= set(table.names) and len(open_needs) == 1:
        # The unnamed input takes what the named ones leave, in the order of the file.
        left = [place for place, name in enumerate(table.names) if name not in named]
        _check_count(table, open_needs[0].count, len(left))
        own = {need.spec.name: [table.names.index(name) for name in need.names] for need in needs if need.names}
        return {**own, open_needs[0].spec.name: left}
    return _by_position(table, needs)


def _by_position(table: Table, needs: Sequence[Need]) -> dict[str, list[int]]:
    width = len(table.columns)
    fixed = [need.count for need in needs if need.count is not None]
    if len(fixed) == len(needs):
        _check_count(table, sum(fixed), width)
    elif len(needs) > 1:
        raise DataError(
            f"{table.source}: it cannot be told which columns belong to which input",
            why=f"the model takes {', '.join(str(need.spec) for need in needs)}",
            hint="give the inputs as arrays by name: numpy.savez('data.npz', name=array, ...)",
        )
    places: dict[str, list[int]] = {}
    start = 0
    for need in needs:
        count = width if need.count is None else need.count
        places[need.spec.name] = list(range(start, start + count))
        start += count
    return places


def _check_count(table: Table, wanted: int | None, given: int) -> None:
    if wanted is None or wanted == given:
        return
    what = "too many" if given > wanted else "too few"
    hint = "leave out the index and the answer column" if given > wanted else "add the missing ones"
    raise DataError(
        f"{table.source} has {given} columns, {what}: the model takes {wanted}",
        why="the model does not name its columns, so they are matched by position",
        hint=f"{hint}: mlpack inspect MODEL shows what the model takes",
    )


def _columns(table: Table, need: Need, places: Sequence[int], signature: Signature) -> Array:
    """The columns side by side, in the shape of the input."""
    names = need.names or (need.spec.name,) * len(places)
    arrays = [
        column_array(
            table.columns[place], need.spec, table.place(place, blanks=_has_blanks(need.spec, name, signature))
        )
        for place, name in zip(places, names, strict=True)
    ]
    if len(need.spec.shape) == 1:
        return arrays[0]
    matrix = np.stack(arrays, axis=1)
    if len(need.spec.shape) == 2:
        return matrix
    if any(isinstance(size, str) for size in need.spec.shape[1:]):
        raise DataError(
            f"{table.source}: rows of a table cannot be brought into the shape of {need.spec}",
            hint="give the input as an array: numpy.save('data.npy', array)",
        )
    return matrix.reshape(len(matrix), *(int(size) for size in need.spec.shape[1:]))


def _has_blanks(spec: TensorSpec, name: str, signature: Signature) -> bool:
    """Whether an empty cell of a column is a missing value: not where the model knows the empty text as one of its
    categories, nor where it reads whole texts, which may well be empty.
    """
    return len(spec.shape) > 1 and "" not in signature.categories.get(name, ())


def _nested(table: Table, signature: Signature) -> Feed | None:
    """Whole arrays in the cells of columns that are called as the inputs are; None where the table has none."""
    if table.names is None or not any(_is_nested(column) for column in table.columns):
        return None
    check_names(table.source, [spec.name for spec in signature.inputs], table.names)
    feed: dict[str, Array] = {}
    for spec in signature.inputs:
        place = table.place(table.names.index(spec.name))
        cells = table.column(spec.name)
        array = _stacked(cells, place) if _is_nested(cells) else column_array(cells, spec, place)
        feed[spec.name] = fit_array(array, spec, place)
    return check_feed(feed, signature, table.source)


def _is_nested(cells: Cells) -> bool:
    return len(cells) > 0 and isinstance(cells[0], (list, tuple, np.ndarray))


def _stacked(cells: Cells, place: Place) -> Array:
    shape: tuple[int, ...] | None = None
    rows: list[Array] = []
    for row, cell in enumerate(cells):
        try:
            array: np.ndarray[Any, Any] = np.asarray(cell)
        except ValueError as error:
            raise place.error(row, "lists of different lengths, which make no array") from error
        shape = array.shape if shape is None else shape
        if array.shape != shape or array.dtype.kind not in "biufU":
            raise place.error(row, f"an array of shape {array.shape} and {array.dtype}, where the first has {shape}")
        rows.append(array)
    return np.stack(rows)


def _as_it_is(table: Table) -> Feed:
    """Without a signature: one matrix where all is numbers, else one input a column."""
    if any(_is_nested(column) for column in table.columns):
        names = table.names or tuple(f"{INPUT}_{place}" for place in range(len(table.columns)))
        return {
            name: _stacked(column, table.place(place))
            for place, (name, column) in enumerate(zip(names, table.columns, strict=True))
        }
    if all(is_numeric(column) for column in table.columns) and len(_dtypes(table)) == 1:
        spec = TensorSpec(INPUT, "float64", ("batch", len(table.columns)))
        arrays = [column_array(column, spec, table.place(place)) for place, column in enumerate(table.columns)]
        return {INPUT: np.stack(arrays, axis=1)}
    names = table.names or tuple(f"column {place + 1}" for place in range(len(table.columns)))
    feed: dict[str, Array] = {}
    for place, (name, column) in enumerate(zip(names, table.columns, strict=True)):
        spec = TensorSpec(name, _dtype(column), ("batch", 1))
        feed[name] = column_array(column, spec, table.place(place))[:, None]
    return with_empty_text(feed)


def _dtypes(table: Table) -> set[str]:
    return {_dtype(column) for column in table.columns}


def _dtype(cells: Cells) -> str:
    """The dtype of a typed column as it is; numbers in text are float64."""
    if isinstance(cells, np.ndarray) and cells.dtype.kind in "biuf":
        return str(cells.dtype)
    return "float64" if is_numeric(cells) else "string"


def is_numeric(cells: Cells) -> bool:
    """Whether every cell is a number or missing."""
    if isinstance(cells, np.ndarray) and cells.dtype.kind in "biuf":
        return True
    return all(is_number(cell) for cell in cells)


def is_number(cell: Any) -> bool:
    """Whether a cell is a number, or missing."""
    if isinstance(cell, str) and cell.strip().casefold() in MISSING:
        return True
    try:
        to_float(cell)
    except ValueError:
        return False
    return True
