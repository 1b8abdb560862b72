"""Arrays and their types while a pickle is loaded: NumPy's C code believes what their states say, so it is checked before."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

from mlpack.scan.pickles.dtypes import Extents, described, is_shape
from mlpack.scan.pickles.reader import Payload
from mlpack.scan.rules import pickles

_ABOUT_OBJECTS = 0x3F
"""The flags of a dtype that say whether items are Python objects (numpy/_core/include/numpy/ndarraytypes.h)."""


class ArrayGuard:
    """Sees every dtype and array that one load makes.

    Three lies are refused: a dtype whose flags deny the objects in it, a dtype that changes after something was made of it,
    and an array that gets a second state. Each would make NumPy take bytes of the file for pointers.
    """

    def __init__(self, name: str) -> None:
        self._file = name
        self.fresh: dict[int, Any] = {}
        """Dtypes that nothing was made of yet, by identity."""
        self._arrays: dict[int, Any] = {}
        self._extents = Extents()

    def made(self, value: Any) -> None:
        """A call gave the dtype ``value``."""
        self.fresh[id(value)] = value

    def used(self, values: Iterable[Any]) -> None:
        """``values`` go into something else: from now on a dtype among them stays as it is."""
        if self.fresh:
            for value in values:
                self.fresh.pop(id(value), None)

    def check(self, made: Any, state: Any) -> None:
        """Judge the state of an array before it is set. Raises UnsafeFileError."""
        if id(made) in self._arrays:
            raise pickles.STATE.error(self._file, "it sets the state of one array twice")
        self._arrays[id(made)] = made
        if type(state) is not tuple:
            raise pickles.ARRAY.error(self._file, f"it sets a {type(state).__name__} as the state of an array")
        wrong = _wrong_array(state)
        if wrong:
            raise pickles.ARRAY.error(self._file, wrong)
        self.used(state)

    def dtype(self, made: Any, state: Any) -> Any:
        """What ``state`` makes of the dtype ``made``. Raises UnsafeFileError.

        It is ``made`` where arrays that were made of it before stay whole: the same size, and no objects in it. It is set by
        what NumPy itself says of such a type: the dictionary of fields is the file's, which may change it yet.
        """
        if self.fresh.pop(id(made), None) is None:
            raise pickles.ARRAY.error(self._file, "it changes the type of an array that was made already")
        try:
            honest, flags = described(made, state)
            extent = self._extents.admit(honest)
        except (TypeError, ValueError, OverflowError) as error:
            raise pickles.ARRAY.error(self._file, f"a NumPy type that is none: {error}") from error
        if (flags ^ honest.flags) & _ABOUT_OBJECTS:
            raise pickles.ARRAY.error(self._file, f"the flags {flags} of a NumPy type that has {honest.flags}")
        if made.kind == "V" and made.type is not np.void:  # np.record, which is pickled without its size
            made = np.dtype((made.type, honest))
        elif made.kind == "V" and honest.hasobject:
            made = honest
        else:
            made.__setstate__(honest.__reduce__()[2])
        self._extents.keep(made, extent)
        return made

    @property
    def spent(self) -> bool:
        """Whether there were more fields than any file has: nothing is judged any more, and the file was refused."""
        return self._extents.spent


def _wrong_array(state: tuple[Any, ...]) -> str:
    """Why this is no state of an array; empty where it is. NumPy does not count the objects in an array of them.

    ``(version, shape, dtype, is_fortran, data)``, the oldest ones without the first; a masked array adds its mask.
    """
    told = state if len(state) != 4 else (0, *state)
    if len(told) not in (5, 7):
        return "an array that NumPy would not describe so"
    shape, dtype, data = told[1], told[2], told[4]
    if not is_shape(shape) or not isinstance(dtype, np.dtype):
        return "an array without a shape or a type"
    count = math.prod(shape)
    if dtype.hasobject:
        whole = type(data) is list and len(data) == count
        return "" if whole else f"an array of {count:,} objects that are not there"
    size = size_of(data)
    wanted = count * dtype.itemsize
    return "" if size in (None, wanted) else f"an array of {wanted:,} bytes in {size:,}"


def size_of(data: Any) -> int | None:
    """How many bytes ``data`` stands for; None where that is not known."""
    if isinstance(data, bytes | bytearray | str):
        return len(data)
    return data.length if isinstance(data, Payload) and data.kind != "text" else None
