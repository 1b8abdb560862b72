"""SciPy's sparse matrices: their compiled code takes every index for one that is there."""

from __future__ import annotations

from typing import Any

import numpy as np


def _kinds(*names: str) -> tuple[str, ...]:
    return tuple(f"scipy.sparse._{name}.{name}_{kind}" for name in names for kind in ("matrix", "array"))


COMPRESSED = _kinds("csr", "csc", "bsr")
COORDINATES = _kinds("coo")
DIAGONALS = _kinds("dia")
LISTS = _kinds("lil")


def compressed(matrix: Any) -> str:
    """Rows of entries (columns for CSC, blocks for BSR): ``indptr``, ``indices`` and ``data``."""
    ends, places, data = matrix.indptr, matrix.indices, matrix.data
    across, along = _sizes(matrix)
    if (
        not all(_is_numbers(part, 1) for part in (ends, places))
        or not isinstance(data, np.ndarray)
        or data.ndim not in (1, 3)
    ):
        return "a sparse matrix without numbers"
    if len(ends) != across + 1 or ends[0] != 0 or np.any(np.diff(ends) < 0):
        return f"a sparse matrix with {len(ends) - 1:,} rows in place of {across:,}"
    if len(places) != len(data) or ends[-1] > len(places):
        return f"a sparse matrix with {len(data):,} values at {len(places):,} places"
    return _beyond(places[: ends[-1]], along)


def coordinates(matrix: Any) -> str:
    """Each entry with its coordinates."""
    shape = matrix.shape
    # SciPy 1.11 knows two of them by name.
    places = matrix.coords if "coords" in vars(matrix) else (matrix.row, matrix.col)
    if len(places) != len(shape) or not all(
        _is_numbers(place, 1) and len(place) == len(matrix.data) for place in places
    ):
        return "a sparse matrix whose coordinates are not those of its values"
    return next((wrong for place, size in zip(places, shape, strict=True) if (wrong := _beyond(place, size))), "")


def diagonals(matrix: Any) -> str:
    """A row of data for each offset."""
    _sizes(matrix)
    if not _is_numbers(matrix.offsets, 1) or matrix.data.ndim != 2 or len(matrix.offsets) != len(matrix.data):
        return "a sparse matrix with other diagonals than it says"
    return ""


def lists(matrix: Any) -> str:
    """For each row a list of columns and a list of values."""
    rows, columns = matrix.shape
    if matrix.rows.shape != (rows,) or matrix.data.shape != (rows,):
        return "a sparse matrix with other rows than it says"
    for places, values in zip(matrix.rows, matrix.data, strict=True):
        if type(places) is not list or type(values) is not list or len(places) != len(values):
            return "a sparse matrix with a row that is no list"
        if not all(type(place) is int or isinstance(place, np.integer) for place in places):
            return "a sparse matrix with a column that is no number"
        if places and (min(places) < 0 or max(places) >= columns):
            return f"a sparse matrix with a column that is none of its {columns:,}"
    return ""


def _sizes(matrix: Any) -> tuple[int, int]:
    """How many rows there are, and how long each is, in the direction and in the blocks that the matrix is kept in."""
    shape = matrix.shape
    if not all(type(size) is int and size >= 0 for size in shape) or not 1 <= len(shape) <= 2:
        raise ValueError("its shape is none")
    across, along = (1, *shape)[-2:]
    if matrix.format == "bsr":
        _, height, width = matrix.data.shape
        if not height or not width or across % height or along % width:
            raise ValueError(f"blocks of {height} by {width} in {across} by {along}")
        return across // height, along // width
    return (along, across) if matrix.format == "csc" else (across, along)


def _is_numbers(part: Any, dimensions: int) -> bool:
    return isinstance(part, np.ndarray) and part.dtype.kind in "iu" and part.ndim == dimensions


def _beyond(places: Any, size: int) -> str:
    if len(places) and (places.min() < 0 or places.max() >= size):
        return f"a sparse matrix with a place that is none of its {size:,}"
    return ""
