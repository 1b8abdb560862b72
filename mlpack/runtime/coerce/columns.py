"""One column of values to an array, and which value of several columns is to blame where that does not go."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import ContractError
from ..session import Array
from .checks import Checks
from .fields import Field, Layout
from .refusals import refusal
from .values import UNFIT, flat, from_array

_STRETCH = 1024


def column(values: Sequence[Any] | Array, field: Field, *, typed: bool = False) -> Array | None:
    """``values`` as a flat array in the dtype of ``field``; None where they do not fit into it.

    An array may have a second axis of size 1. Whether they are finite, known and within bounds is for `Checks`.
    """
    try:
        if isinstance(values, np.ndarray):
            return from_array(_flattened(values), field.dtype, field.kind, missing=field.missing, fill=field.fill)
        return flat(values, field.dtype, field.kind, missing=field.missing, typed=typed, fill=field.fill)
    except UNFIT:
        return None


def first_refusal(values: Sequence[Any] | Array, field: Field, stop: int) -> tuple[int, str] | None:
    """The place of the first of the first ``stop`` values that ``field`` does not take, and why.

    Whole stretches are checked at once: looking at each of a million values would keep everybody waiting.
    """
    checks = Checks((field,))
    for begin in range(0, min(stop, len(values)), _STRETCH):
        stretch = values[begin : min(begin + _STRETCH, stop)]
        array = column(stretch, field)
        if array is not None and checks.hold(array):
            continue
        plain = stretch.tolist() if isinstance(stretch, np.ndarray) else stretch
        reasons = ((begin + place, refusal(value, field)) for place, value in enumerate(plain))
        found = next((one for one in reasons if one[1]), None)
        if found is not None:
            return found
    return None


def refuse(columns: Sequence[Sequence[Any] | Array], layout: Layout, where: str) -> ContractError:
    """The error that names the first value, row by row, which its field does not take."""
    stop = max((len(values) for values in columns), default=0)
    blamed: tuple[Field, str] | None = None
    for values, field in zip(columns, layout.fields, strict=True):
        found = first_refusal(values.ravel() if isinstance(values, np.ndarray) else values, field, stop)
        if found is not None:
            stop, blamed = found[0], (field, found[1])
    if blamed is None:
        return ContractError("there are values that the model does not take", where)
    return ContractError(blamed[1], layout.place(where, stop, blamed[0]))


def _flattened(values: Array) -> Array:
    if values.ndim == 1:
        return values
    if values.ndim == 2 and values.shape[1] == 1:
        return values[:, 0]
    raise ValueError("a column has one axis")
