"""Columns of lists: whole tensors, a row a list that may hold lists. They stay Arrow's or NumPy's as far as that goes.

Two orders of magnitude lie between an array and a list of lists of Python's numbers, in time and in room.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from mlpack.batch.matching import is_list
from mlpack.batch.sources.chunk import Column, as_list
from mlpack.batch.vectors import vector
from mlpack.runtime.session import Array


def nested(column: Column, inner: Sequence[int | str]) -> Any:
    """A column of lists as one array with the rows in front, where all are of one size and nothing is null; else as lists."""
    import pyarrow as pa

    if isinstance(column, list) or column.null_count:
        return as_list(column)
    shape: list[int] = [len(column)]
    flat = column
    while is_list(flat.type):
        if pa.types.is_fixed_size_list(flat.type):
            size = flat.type.list_size
        else:
            lengths = vector(flat.value_lengths())
            size = int(lengths[0]) if len(lengths) else 0
            if (lengths != size).any():
                return column.to_pylist()
        shape.append(size)
        flat = flat.flatten()
        if flat.null_count:
            return column.to_pylist()
    if not (pa.types.is_integer(flat.type) or pa.types.is_floating(flat.type)):
        return column.to_pylist()
    values = vector(flat).reshape(shape)
    wanted = [size for size in inner if isinstance(size, int)]
    if len(shape) == 2 and len(inner) > 1 and len(wanted) == len(inner) and shape[1] == math.prod(wanted):
        return values.reshape(shape[0], *wanted)  # a row that was flattened
    return values


def odd_rows(column: Column, inner: Sequence[int | str]) -> Array:
    """The rows of a column of lists that are null, hold null, or are not as large as ``inner`` or the first has it."""
    none = np.empty(0, dtype=np.int64)
    if isinstance(column, list):
        return none
    type_, depth = column.type, 0
    while is_list(type_):
        type_, depth = type_.value_type, depth + 1
    if depth == 1 and len(inner) > 1 and all(isinstance(size, int) for size in inner):
        inner = (math.prod(int(size) for size in inner),)
    if depth != len(inner):
        return none
    odd, level = [none], column
    ends: list[Array] = []
    for size in inner:
        lengths = _lengths(level)
        there = vector(level.is_valid()) if level.null_count else np.ones(len(level), dtype=bool)
        wanted = size if isinstance(size, int) else next(iter(lengths[there][:1].tolist()), 0)
        odd.append(_owners(np.flatnonzero(~there | (lengths != wanted)), ends))
        ends.append(np.cumsum(lengths))
        level = level.flatten()
    if level.null_count:
        odd.append(_owners(np.flatnonzero(vector(level.is_null())), ends))
    return np.unique(np.concatenate(odd))


def apart(values: Any, width: int) -> list[Any]:
    """A column of lists as ``width`` columns. A row that is none of as many values is None in all of them, and is refused."""
    if isinstance(values, np.ndarray) and values.ndim == 2 and values.shape[1] == width:
        return [values[:, place] for place in range(width)]
    rows = values.tolist() if isinstance(values, np.ndarray) else values
    whole = [row if isinstance(row, (list, tuple)) and len(row) == width else [row] * width for row in rows]
    return [[row[place] for row in whole] for place in range(width)]


def side_by_side(columns: Sequence[Any], inner: Sequence[int | str]) -> Any:
    """A column for each value of a row as one array, or as nested lists, with the rows in front and ``inner`` behind."""
    sizes = [int(size) for size in inner]
    if all(isinstance(one, np.ndarray) for one in columns):
        return np.stack(columns, axis=1).reshape(-1, *sizes)
    rows = [list(row) for row in zip(*(plain(one) for one in columns), strict=True)]
    return [_folded(row, sizes) for row in rows]


def plain(values: Any) -> Any:
    """Arrays as lists, others as they are."""
    return values.tolist() if isinstance(values, np.ndarray) else values


def _lengths(lists: Any) -> Array:
    """How many values each of some lists has; a list that is null has none."""
    import pyarrow as pa

    if not pa.types.is_fixed_size_list(lists.type):
        lengths: Array = vector(lists.value_lengths().fill_null(0))
        return lengths
    lengths = np.full(len(lists), lists.type.list_size, dtype=np.int64)
    if lists.null_count:
        lengths[vector(lists.is_null())] = 0
    return lengths


def _owners(places: Array, ends: Sequence[Array]) -> Array:
    """The rows that the lists or values at ``places`` are in, where lists end at ``ends`` of what is in them."""
    for level in reversed(ends):
        places = np.searchsorted(level, places, side="right")
    return places


def _folded(values: list[Any], sizes: Sequence[int]) -> list[Any]:
    """Values in row-major order as nested lists."""
    for size in reversed(sizes[1:]):
        values = [values[at : at + size] for at in range(0, len(values), size)]
    return values
