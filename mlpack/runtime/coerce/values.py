"""Python values to one flat array, as fast as Python allows: the dtype refuses what it cannot hold.

What an array may hold beyond its dtype (finite numbers, categories, bounds) is for `mlpack.runtime.coerce.checks`. Values go
through `struct`, which converts four times as fast as NumPy does and refuses what is out of a dtype's range.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache
from itertools import chain, starmap
from typing import Any

import numpy as np

from ..session import Array
from .fields import Kind, numpy_dtype

UNFIT = (TypeError, ValueError, OverflowError, struct.error)
"""What the functions of this module raise for values that do not fit; `mlpack.runtime.coerce.refusals` finds the words."""

_CODES = {
    "bool": "?",
    "int8": "b",
    "uint8": "B",
    "int16": "h",
    "uint16": "H",
    "int32": "i",
    "uint32": "I",
    "int64": "q",
    "uint64": "Q",
    "float16": "e",
    "float32": "f",
    "float64": "d",
}
_TAKEN: dict[Kind, tuple[type, ...]] = {
    "float": (float, int, np.floating, np.integer),
    "int": (int, np.integer),
    "bool": (bool, np.bool_),
    "string": (str,),
}
_PLAIN: dict[Kind, frozenset[type]] = {
    "float": frozenset({float, int}),
    "int": frozenset({int}),
    "bool": frozenset({bool}),
    "string": frozenset({str}),
}
_ARRAYS: dict[Kind, str] = {"float": "fiu", "int": "iu", "bool": "b", "string": ""}


def flat(values: Collection[Any], dtype: str, kind: Kind, *, missing: bool, typed: bool, fill: str = "") -> Array:
    """``values`` in ``dtype``; where they may be ``missing``, None is NaN, or the text ``fill``.

    ``typed`` values are known to be of the Python types of ``kind``. Raises one of UNFIT.
    """
    if not typed:
        check_types(values, kind, missing=missing)
    if kind == "string":
        return texts(values, missing=missing, fill=fill)
    code = _CODES.get(dtype)
    if code is None or (missing and None in values):
        with np.errstate(over="ignore"):
            return np.fromiter(values, np.float64, len(values)).astype(numpy_dtype(dtype))
    return np.frombuffer(bytearray(struct.pack(f"{len(values)}{code}", *values)), numpy_dtype(dtype))


def block(tuples: Sequence[Sequence[Any]], width: int, dtype: str, kind: Kind, *, missing: bool, typed: bool) -> Array:
    """Rows of ``width`` numbers as a matrix; otherwise like `flat`. A row of another width raises one of UNFIT."""
    if not typed:
        check_types(chain.from_iterable(tuples), kind, missing=missing)
    packer = _packer(dtype, width)
    if packer is None:
        return _slow_block(tuples, width, dtype)
    try:
        raw = bytearray(packer(*tuples[0])) if len(tuples) == 1 else bytearray().join(starmap(packer, tuples))
    except struct.error:
        if not missing:
            raise
        return _slow_block(tuples, width, dtype)
    return np.frombuffer(raw, numpy_dtype(dtype)).reshape(len(tuples), width)


def check_types(values: Iterable[Any], kind: Kind, *, missing: bool) -> None:
    """Raise TypeError unless every value is of a type that ``kind`` takes, or None where that means ``missing``."""
    found = set(map(type, values)) - _PLAIN[kind]
    if missing:
        found.discard(type(None))
    for one in found:
        if not issubclass(one, _TAKEN[kind]) or (one is bool and kind != "bool"):
            if kind == "string" and missing and issubclass(one, float):
                continue  # NaN; `texts` looks
            raise TypeError(one.__name__)


def texts(values: Iterable[Any], *, missing: bool, fill: str = "") -> Array:
    """An object array of ``str``; where they may be ``missing``, None and NaN are ``fill``. Raises one of UNFIT."""
    found = [_text(value, fill) for value in values] if missing else list(map(str, values))
    "".join(found).encode()  # a lone surrogate is a text that no library takes
    array = np.empty(len(found), dtype=object)
    array[:] = found
    return array


def from_array(values: Array, dtype: str, kind: Kind, *, missing: bool, fill: str = "") -> Array:
    """A flat array in ``dtype``; otherwise like `flat`. It may be ``values`` itself."""
    if values.dtype.kind not in _ARRAYS[kind]:
        return flat(values.tolist(), dtype, kind, missing=missing, typed=False, fill=fill)
    wanted = numpy_dtype(dtype)
    if kind == "int" and values.size and not np.can_cast(values.dtype, wanted):
        bounds = np.iinfo(wanted)
        if int(values.min()) < bounds.min or int(values.max()) > bounds.max:
            raise OverflowError(dtype)
    with np.errstate(over="ignore"):
        return values.astype(wanted, copy=False)


def _text(value: Any, fill: str) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return fill
    if not isinstance(value, str):
        raise TypeError(type(value).__name__)
    return str(value)


def _slow_block(tuples: Sequence[Sequence[Any]], width: int, dtype: str) -> Array:
    if set(map(len, tuples)) - {width}:
        raise ValueError("a row of another width")
    rows = np.fromiter(chain.from_iterable(tuples), np.float64, len(tuples) * width)
    with np.errstate(over="ignore"):
        return rows.astype(numpy_dtype(dtype)).reshape(len(tuples), width)


@lru_cache(maxsize=256)
def _packer(dtype: str, width: int) -> Any:
    code = _CODES.get(dtype)
    return None if code is None else struct.Struct(f"{width}{code}").pack
