"""What an array has to hold beyond its dtype: numbers that are finite or may be missing, categories, bounds.

All at once and without words: which value it was, and why, is found by `mlpack.runtime.coerce.refusals` afterwards.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from ..session import Array
from .fields import Field, numpy_dtype


class Checks:
    """The checks of the columns of a matrix, or of all values of an array where there is one field."""

    def __init__(self, fields: Sequence[Field]) -> None:
        self.fields = tuple(fields)
        first = self.fields[0]
        self._floating = first.kind == "float"
        self._missing = np.array([field.missing for field in self.fields])
        self._some_missing = self._floating and bool(self._missing.any())
        self._lows = _bounds([field.low for field in self.fields], first, -math.inf)
        self._highs = _bounds([field.high for field in self.fields], first, math.inf)
        self._closed = [(place, known_values(field)) for place, field in enumerate(self.fields) if field.closed]
        self._only_numbers = not (self._closed or self._lows is not None or self._highs is not None)
        self.only_finite = self._only_numbers and not self._some_missing
        """Whether these checks have nothing more to ask than that numbers are finite."""

    def hold(self, array: Array) -> bool:
        """Whether every value of ``array`` passes: ``[rows, fields]``, or any shape where there is one field."""
        if self._floating and not self._are_finite(array):
            return False
        if self._only_numbers:
            return True
        values = array.reshape(-1, len(self.fields))
        if values.dtype.kind == "V":  # bfloat16
            values = values.astype(np.float32)
        if self._lows is not None and (values < self._lows).any():
            return False
        if self._highs is not None and (values > self._highs).any():
            return False
        return all(self._is_known(values[:, place], known, place) for place, known in self._closed)

    def _are_finite(self, array: Array) -> bool:
        if are_finite(array):
            return True
        if not self._some_missing:
            return False
        finite = np.isfinite(array)
        allowed = np.isnan(array).reshape(-1, len(self.fields)) & self._missing
        return bool((finite.reshape(allowed.shape) | allowed).all())

    def _is_known(self, column: Array, known: frozenset[Any], place: int) -> bool:
        if self._floating and self.fields[place].missing:
            column = column[~np.isnan(column)]
        return known.issuperset(column.tolist())


def are_finite(array: Array) -> bool:
    """Whether ``array``, of floats, holds neither NaN nor infinity."""
    return 0 not in np.isfinite(array).tobytes()  # a third of the time of .all() for one row


def known_values(field: Field) -> frozenset[Any]:
    """The values that a closed field takes, as Python values of its dtype."""
    if field.kind == "string":
        return frozenset([str(value) for value in field.categories] + ([field.fill] if field.missing else []))
    if field.kind != "float":
        return frozenset(field.categories)
    numbers = np.array([value for value in field.categories if not isinstance(value, str)], dtype=np.float64)
    return frozenset(numbers.astype(numpy_dtype(field.dtype)).astype(np.float64).tolist())


@lru_cache(maxsize=256)
def rounded(bound: float, dtype: str) -> float:
    """The number that ``bound`` of a field becomes in ``dtype``, as the values do that are compared with it."""
    if "float" not in dtype:
        return bound
    with np.errstate(over="ignore"):  # a bound beyond all numbers of the dtype is none
        return float(np.float64(bound).astype(numpy_dtype(dtype)))


def _bounds(bounds: Sequence[Any], first: Field, none: float) -> Array | None:
    """One bound a field, in a dtype that compares exactly; None where no field has any."""
    if all(bound is None for bound in bounds):
        return None
    if first.kind != "int":
        return np.array([none if bound is None else rounded(bound, first.dtype) for bound in bounds], dtype=np.float64)
    limits = np.iinfo(first.dtype)
    ends = [(limits.min if none < 0 else limits.max) if bound is None else bound for bound in bounds]
    return np.array([min(max(end, limits.min), limits.max) for end in ends], dtype=first.dtype)
