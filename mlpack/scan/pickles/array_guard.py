"""Arrays and their types while a pickle is loaded: NumPy's C code believes what their states say, so it is checked before."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, TypeGuard

import numpy as np

from mlpack.scan.pickles.reader import Payload
from mlpack.scan.rules import pickles

_ABOUT_OBJECTS = 0x3F
"""The flags of a dtype that say whether items are Python objects (numpy/_core/include/numpy/ndarraytypes.h)."""
_ALIGNED = 0x80
_MAX_DIMS = 64


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
            honest, flags = _described(made, state)
        except (TypeError, ValueError, KeyError, IndexError, OverflowError) as error:
            raise pickles.ARRAY.error(self._file, f"a NumPy type that is none: {error}") from error
        if (flags ^ honest.flags) & _ABOUT_OBJECTS:
            raise pickles.ARRAY.error(self._file, f"the flags {flags} of a NumPy type that has {honest.flags}")
        if made.kind == "V" and made.type is not np.void:  # np.record, which is pickled without its size
            return np.dtype((made.type, honest))
        if made.kind == "V" and honest.hasobject:
            return honest
        made.__setstate__(honest.__reduce__()[2])
        return made


def _wrong_array(state: tuple[Any, ...]) -> str:
    """Why this is no state of an array; empty where it is. NumPy does not count the objects in an array of them.

    ``(version, shape, dtype, is_fortran, data)``, the oldest ones without the first; a masked array adds its mask.
    """
    described = state if len(state) != 4 else (0, *state)
    if len(described) not in (5, 7):
        return "an array that NumPy would not describe so"
    shape, dtype, data = described[1], described[2], described[4]
    if not is_shape(shape) or not isinstance(dtype, np.dtype):
        return "an array without a shape or a type"
    count = math.prod(shape)
    if dtype.hasobject:
        whole = type(data) is list and len(data) == count
        return "" if whole else f"an array of {count:,} objects that are not there"
    size = size_of(data)
    wanted = count * dtype.itemsize
    return "" if size in (None, wanted) else f"an array of {wanted:,} bytes in {size:,}"


def is_shape(value: Any) -> TypeGuard[tuple[int, ...]]:
    """Whether ``value`` can be the shape of an array."""
    return (
        isinstance(value, tuple) and len(value) <= _MAX_DIMS and all(type(n) is int and 0 <= n < 1 << 62 for n in value)
    )


def size_of(data: Any) -> int | None:
    """How many bytes ``data`` stands for; None where that is not known."""
    if isinstance(data, bytes | bytearray | str):
        return len(data)
    return data.length if isinstance(data, Payload) and data.kind != "text" else None


def _described(made: Any, state: Any) -> tuple[Any, int]:
    """The dtype that ``state`` describes, built through NumPy's own checks, and the flags that the state claims for it.

    Format: ``arraydescr_reduce`` in numpy/_core/src/multiarray/descriptor.c. Raises ValueError and what NumPy raises.
    """
    if type(state) is not tuple:
        raise TypeError(f"a {type(state).__name__}")
    version, order, subarray, names, fields, size, alignment, flags = state[:8]
    # NumPy 1 writes the flags as a signed byte.
    if (
        version not in (3, 4)
        or order not in ("<", ">", "|", "=")
        or type(flags) is not int
        or not -128 <= flags < 1 << 64
    ):
        raise ValueError(f"version {version!r}, byte order {order!r}, flags {flags!r}")
    if made.kind != "V" and not (subarray is names is fields is None):
        raise ValueError(f"{made} has neither fields nor parts")
    if subarray is not None:
        honest = np.dtype((subarray[0], subarray[1]))
    elif fields is not None:
        honest = _struct(names, fields, size, aligned=bool(flags & _ALIGNED))
    elif made.kind in "SUV":
        honest = np.dtype(f"{order}{made.kind}{size // 4 if made.kind == 'U' else size}")
    else:
        return (_dates(made.kind, order, state[8]) if made.kind in "mM" else made.newbyteorder(order)), flags
    if honest.itemsize != size or honest.alignment != alignment:
        raise ValueError(f"{honest} takes {honest.itemsize} bytes at {honest.alignment}, not {size!r} at {alignment!r}")
    if made.itemsize != size and made.type is not np.record:
        raise ValueError(f"{made} grows to {size} bytes")
    return honest, flags


def _dates(kind: str, order: str, described: Any) -> Any:
    """Dates or durations; ``described`` ends with ``(unit, number, divisor, event)``."""
    _, (unit, number, divisor, event) = described
    name = unit.decode("ascii") if isinstance(unit, bytes) else unit
    if not isinstance(name, str) or not name.isalpha() or type(number) is not int or (divisor, event) != (1, 1):
        raise ValueError(f"a unit {described!r}")
    return np.dtype(f"{order}{kind}8" if name == "generic" else f"{order}{kind}8[{number}{name}]")


def _struct(names: tuple[str, ...], fields: dict[str, Any], size: int, *, aligned: bool) -> Any:
    if set(names) != set(fields) or any(len(field) != 2 for field in fields.values()):
        raise ValueError("fields with titles")
    formats, offsets = [fields[name][0] for name in names], [fields[name][1] for name in names]
    if not all(isinstance(one, np.dtype) for one in formats):
        raise ValueError("a field without a type")
    return np.dtype({"names": list(names), "formats": formats, "offsets": offsets, "itemsize": size}, align=aligned)
