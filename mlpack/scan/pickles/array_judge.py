"""Arrays and their types while a pickle is judged: what the loader would refuse is found without making an array."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Literal

import numpy as np

from mlpack.core.errors import UnsafeFileError
from mlpack.scan.lists import canonical
from mlpack.scan.pickles.array_guard import ArrayGuard, size_of

Made = Literal["", "dtype", "array", "scalar", "pickled"]
"""What of NumPy a call makes, or what is in another pickle."""

_MAKERS: dict[str, Made] = {
    "numpy.dtype": "dtype",
    "numpy._core.multiarray._reconstruct": "array",
    "numpy.ma.core._mareconstruct": "array",
    "numpy._core.multiarray.scalar": "scalar",
}
_CODE = re.compile(r"[<>|=]?[biufcSUVaOMm?]\d{0,9}\Z")

_SOME_UNIT = (None, ("s", 1, 1, 1))


_UNPICKLERS = frozenset({"loads", "_loads", "_load_from_bytes", "_unpickle"})


def made_by(module: str, name: str) -> Made:
    """What a call of ``module.name`` makes."""
    if name.rpartition(".")[2] in _UNPICKLERS:
        return "pickled"
    return _MAKERS.get(f"{canonical(module)}.{name}", "")


class ArrayJudge:
    """Makes the dtypes that a pickle describes, and asks `ArrayGuard` about them and about the arrays of them.

    A dtype of NumPy is made of a code alone, and set to nothing that NumPy itself has not approved of.
    """

    def __init__(self) -> None:
        self._guard = ArrayGuard("")
        self._types: dict[int, tuple[Any, Any]] = {}
        """Dtypes by the identity of their symbols, which are held so that no other takes their place."""

    @property
    def fresh(self) -> bool:
        """Whether there are dtypes that nothing was made of yet."""
        return bool(self._guard.fresh)

    def made(self, symbol: Any, code: Any) -> None:
        """``symbol`` is a call of numpy.dtype with ``code``."""
        if isinstance(code, str) and _CODE.match(code):
            with suppress(TypeError, ValueError):
                kind = np.dtype(code, copy=True)
                self._types[id(symbol)] = symbol, kind
                self._guard.made(kind)

    def used(self, values: Iterable[Any]) -> None:
        """``values`` go into something else."""
        if self._guard.fresh:
            self._guard.used([self._real(value) for value in values])

    def wrong(self, symbol: Any, made: Made, state: Any) -> str:
        """Why ``state`` may not be set on ``symbol``, which stands for what ``made`` says; empty where it may."""
        try:
            if made == "dtype":
                self._set(symbol, state)
            elif made == "array" and isinstance(state, tuple):
                self._check(symbol, tuple(self._real(part) for part in state))
        except UnsafeFileError as error:
            return error.findings[0].message
        return ""

    def wrong_scalar(self, arguments: tuple[Any, ...]) -> str:
        """Why a scalar may not be made of ``arguments``: NumPy would take bytes for pointers, or read behind them."""
        kind = self._real(arguments[0]) if len(arguments) == 2 else None
        if not isinstance(kind, np.dtype):
            return ""
        if kind.hasobject:
            return f"it makes a scalar of {kind.name}, which holds objects"
        size = size_of(arguments[1])
        return (
            f"it makes a scalar of {kind.name} out of {size} bytes" if size is not None and size < kind.itemsize else ""
        )

    def _check(self, symbol: Any, state: tuple[Any, ...]) -> None:
        """A type that was made of something else than a code, such as an extension's, is not known here."""
        if len(state) < 4 or isinstance(state[2 if len(state) > 4 else 1], np.dtype):
            self._guard.check(symbol, state)

    def _set(self, symbol: Any, state: Any) -> None:
        kind = self._real(symbol)
        if isinstance(kind, np.dtype) and not self._guard.spent:
            self._types[id(symbol)] = symbol, self._guard.dtype(kind, self._described(state))

    def _described(self, state: Any) -> Any:
        """The state of a dtype with real dtypes in it: those of its fields and of its parts."""
        if not isinstance(state, tuple) or len(state) < 5:
            return state
        subarray, fields = state[2], state[4]
        if isinstance(subarray, tuple):
            subarray = tuple(self._real(part) for part in subarray)
        if isinstance(fields, dict):
            fields = {
                name: tuple(self._real(part) for part in field) if isinstance(field, tuple) else field
                for name, field in fields.items()
            }
        # The unit of dates comes last; before protocol 3 its name is a call.
        return (*state[:2], subarray, state[3], fields, *state[5:8], *[_SOME_UNIT for _ in state[8:]])

    def _real(self, value: Any) -> Any:
        known = self._types.get(id(value))
        return value if known is None else known[1]
