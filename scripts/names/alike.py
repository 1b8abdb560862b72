"""Whether two answers are the same."""

from __future__ import annotations

from typing import Any

import numpy as np

_ROUNDING = 1e-9
"""What a product of matrices may differ by where they lie otherwise in memory; a copy made by pickle differs by as much."""


def alike(first: Any, second: Any) -> bool:
    """Types, shapes, order and values; what holds no values of its own, such as a function, has to be the same object."""
    if isinstance(first, np.dtype | np.generic):
        # `long long` comes back as `long`: equal, and of another class.
        return bool(first == second) if isinstance(first, np.dtype) else _arrays(np.asarray(first), np.asarray(second))
    if type(first) is not type(second):
        return False
    if isinstance(first, np.ndarray):
        return _arrays(first, second)
    if isinstance(first, dict):
        return list(first) == list(second) and all(alike(first[key], second[key]) for key in first)
    if isinstance(first, list | tuple):
        return len(first) == len(second) and all(map(alike, first, second))
    if hasattr(first, "toarray"):
        return bool(first.format == second.format) and alike(first.toarray(), second.toarray())
    if hasattr(first, "equals"):
        return bool(first.equals(second)) and repr(first) == repr(second)
    if isinstance(first, float | complex):
        return _arrays(np.asarray(first), np.asarray(second))
    if isinstance(first, int | str | bytes | set | frozenset) or callable(first):
        return bool(first == second)
    attributes = getattr(first, "__dict__", {})
    return alike(attributes, vars(second)) if attributes else repr(first) == repr(second)


def _arrays(first: Any, second: Any) -> bool:
    if first.dtype.newbyteorder("=") != second.dtype.newbyteorder("=") or first.shape != second.shape:
        return False
    if isinstance(first, np.ma.MaskedArray):
        hidden = np.ma.getmaskarray(first)
        return bool(np.array_equal(hidden, np.ma.getmaskarray(second))) and _arrays(first.data, second.data)
    if first.dtype.hasobject:
        return alike(first.tolist(), second.tolist())
    if first.dtype.kind in "fc":
        return bool(np.allclose(first, second, rtol=_ROUNDING, atol=_ROUNDING, equal_nan=True))
    if first.dtype.kind in "mM":
        return bool(np.array_equal(first.astype("i8"), second.astype("i8")))
    return bool(np.array_equal(first, second))
