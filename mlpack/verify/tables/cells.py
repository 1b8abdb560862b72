"""Turns cells into arrays of the dtype that a model takes, and names the cell that does not fit."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpack.runtime.session import Array
from mlpack.runtime.signature import TensorSpec
from mlpack.verify.probes.draw import numpy_dtype
from mlpack.verify.tables.table import Cells, Place

MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?", "<na>"})
_TRUE = frozenset({"true", "yes", "t", "1", "1.0"})
_FALSE = frozenset({"false", "no", "f", "0", "0.0"})


def column_array(cells: Cells, spec: TensorSpec, place: Place) -> Array:
    """The cells as a flat array of the dtype of ``spec``.

    A missing value (an empty cell, NA, null, NaN) is NaN in a float column. In a text column it is None: null, NaN, and an
    empty cell where ``place`` says that such cells are ``blanks``; all other text stays as it is written.
    Raises DataError naming line and column of a cell that the dtype does not hold.
    """
    if isinstance(cells, np.ndarray) and cells.dtype.kind in "biuf":
        return cast_array(cells, spec, place)
    listed: Sequence[Any] = cells.tolist() if isinstance(cells, np.ndarray) else cells
    if not spec.is_numeric:
        return _strings(listed, place)
    if spec.dtype == "bool":
        return np.array(_each(listed, _to_bool, place), dtype=bool)
    if not spec.is_floating:
        return np.array(_each(listed, _whole_within(numpy_dtype(spec)), place), dtype=numpy_dtype(spec))
    return cast_array(_floats(listed, place), spec, place)


def cast_array(array: Array, spec: TensorSpec, place: Place) -> Array:
    """A numeric array in the dtype of ``spec``, of any shape. Raises DataError where a value would change kind or size."""
    if not spec.is_numeric:
        raise place.error(
            0, "a number, and the model takes text here", "quote the values, or convert them with astype(str)"
        )
    dtype = numpy_dtype(spec)
    if array.dtype == dtype or array.size == 0:
        return array.astype(dtype, copy=False)
    values: NDArray[Any] = array
    with np.errstate(all="ignore"):
        cast = values.astype(dtype)
        if spec.dtype == "bool":
            wrong = (values != 0) & (values != 1)
        elif spec.is_floating:
            wrong = np.isfinite(values) & ~np.isfinite(cast.astype(np.float64))
        else:
            wrong = _not_whole(values, dtype)
    if wrong.any():
        index = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
        raise place.error(int(index[0]), f"{values[index]!s} does not fit {spec.dtype}, which the model takes here")
    return cast


def _not_whole(values: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[np.bool_]:
    """Where values are no whole numbers within the dtype. The largest int64 is no float64, hence below its next one."""
    limits = np.iinfo(dtype)
    if values.dtype.kind == "f":
        inside = (values >= float(limits.min)) & (values < float(limits.max) + 1)
        fits: NDArray[np.bool_] = np.isfinite(values) & inside & (values == np.round(values))
        return ~fits
    if values.dtype.kind == "b":
        return np.zeros(values.shape, bool)
    beyond: NDArray[np.bool_] = (values < limits.min) | (values > limits.max)
    return beyond


def _floats(cells: Sequence[Any], place: Place) -> NDArray[np.float64]:
    """All cells at once where they are plain numbers, else one by one, to read missing values and find the culprit."""
    with contextlib.suppress(ValueError, TypeError):  # what is no plain number is read, or named, below
        if not any(isinstance(cell, str) and "_" in cell for cell in cells):
            return np.array(list(map(float, cells)), dtype=np.float64)
    return np.array(_each(cells, to_float, place), dtype=np.float64)


def _each(cells: Sequence[Any], read: Callable[[Any], Any], place: Place) -> list[Any]:
    values = []
    for row, cell in enumerate(cells):
        try:
            values.append(read(cell))
        except ValueError as error:
            raise place.error(row, str(error)) from error
    return values


def to_float(cell: Any) -> float:
    """A cell as a float, NaN where it is missing. Raises ValueError with the reason."""
    if isinstance(cell, float):
        return cell
    if cell is None:
        return math.nan
    if isinstance(cell, (bool, int, np.number, np.bool_)):
        return float(cell)
    if not isinstance(cell, str):
        raise ValueError(f"{_shown(cell)}, and the model takes a number")
    text = cell.strip()
    try:
        # float() would take 1_000 for a thousand.
        return float(text) if "_" not in text else _fail(cell)
    except ValueError:
        folded = text.casefold()
        if folded in MISSING:
            return math.nan
        if folded in {"true", "false"}:
            return float(folded == "true")
        return _fail(cell)


def _fail(cell: str) -> float:
    decimal = cell.strip().replace(",", ".", 1)
    if decimal != cell.strip() and decimal.replace(".", "", 1).lstrip("+-").isdigit():
        raise ValueError(f"{cell!r} has a decimal comma: write numbers with a point")
    raise ValueError(f"{_shown(cell)} is text, and the model takes a number")


def _whole_within(dtype: np.dtype[Any]) -> Callable[[Any], int]:
    limits = np.iinfo(dtype)

    def read(cell: Any) -> int:
        value = _to_whole(cell, dtype.name)
        if not limits.min <= value <= limits.max:
            raise ValueError(f"{value} is beyond {dtype.name}, which the model takes")
        return value

    return read


def _to_whole(cell: Any, dtype: str) -> int:
    """A whole number; ``3.0`` is one. Raises ValueError for a missing value: whole numbers have no NaN."""
    if isinstance(cell, (bool, int, np.integer, np.bool_)):
        return int(cell)
    if isinstance(cell, str):
        text = cell.strip()
        if text.lstrip("+-").isdecimal() and text.isascii():
            return int(text)
    value = to_float(cell)
    if math.isnan(value):
        raise ValueError(f"a missing value, and the model takes {dtype} here, which has none")
    if math.isinf(value) or value != int(value):
        raise ValueError(f"{cell!r} is no whole number, and the model takes {dtype}")
    return int(value)


def _to_bool(cell: Any) -> bool:
    if isinstance(cell, (bool, np.bool_)):
        return bool(cell)
    value = truth_of(cell) if isinstance(cell, str) else {0.0: False, 1.0: True}.get(to_float(cell))
    if value is None:
        raise ValueError(f"{_shown(cell)} is neither true nor false, and the model takes a bool")
    return value


def truth_of(cell: str) -> bool | None:
    """The truth value that a cell of text is written for; None where it is for none. Text has no types to tell 1 from true."""
    folded = cell.strip().casefold()
    return True if folded in _TRUE else False if folded in _FALSE else None


def _strings(cells: Sequence[Any], place: Place) -> Array:
    array = np.empty(len(cells), object)
    for row, cell in enumerate(cells):
        if isinstance(cell, str):
            array[row] = str(cell) if cell or not place.blanks else None
        elif _is_missing(cell):
            array[row] = None
        else:
            raise place.error(row, f"{_shown(cell)}, and the model takes text here", 'write it in quotes: "…"')
    return array


def _is_missing(cell: Any) -> bool:
    """Whether a cell that is no text holds nothing: None, NaN, or what pandas has for it."""
    return (
        cell is None or (isinstance(cell, float) and math.isnan(cell)) or type(cell).__name__ in {"NAType", "NaTType"}
    )


def _shown(cell: Any) -> str:
    text = repr(cell)
    return text if len(text) <= 60 else f"{text[:57]}..."
