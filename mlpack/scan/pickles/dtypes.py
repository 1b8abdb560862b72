"""Types of NumPy as a pickle describes them. Nothing in a description is believed: not that it has parts, nor what they are."""

from __future__ import annotations

from typing import Any, TypeGuard

import numpy as np

_ALIGNED = 0x80
_MAX_DIMS = 64
_ORDERS = frozenset({"<", ">", "|", "="})


def is_shape(value: Any) -> TypeGuard[tuple[int, ...]]:
    """Whether ``value`` can be the shape of an array."""
    return (
        isinstance(value, tuple) and len(value) <= _MAX_DIMS and all(type(n) is int and 0 <= n < 1 << 62 for n in value)
    )


def described(made: Any, state: Any) -> tuple[Any, int]:
    """The dtype that ``state`` describes, built through NumPy's own checks, and the flags that the state claims for it.

    Format: ``arraydescr_reduce`` in numpy/_core/src/multiarray/descriptor.c. Raises ValueError, and what NumPy raises for
    the parts: TypeError, OverflowError. The messages hold numbers and names alone: a type may have itself written out for ever.
    """
    if type(state) is not tuple or len(state) not in (8, 9):
        raise ValueError("its state is none of a type")
    version, order, subarray, names, fields, size, alignment, flags = state[:8]
    if any(type(number) is not int for number in (version, size, alignment, flags)) or type(order) is not str:
        raise ValueError("its state holds other things than a type's")
    # NumPy 1 writes the flags as a signed byte.
    if version not in (3, 4) or order not in _ORDERS or not -128 <= flags < 1 << 64:
        raise ValueError(f"version {version}, byte order {order[:8]!r}, flags {flags}")
    if made.kind != "V" and not (subarray is names is fields is None):
        raise ValueError(f"{made.name} has neither fields nor parts")
    if subarray is not None:
        honest = _subarray(subarray)
    elif fields is not None:
        honest = _struct(names, fields, size, aligned=bool(flags & _ALIGNED))
    elif made.kind in "SUV":
        honest = np.dtype(f"{order}{made.kind}{size // 4 if made.kind == 'U' else size}")
    else:
        return (_dates(made.kind, order, state[8:]) if made.kind in "mM" else made.newbyteorder(order)), flags
    if honest.itemsize != size or honest.alignment != alignment:
        raise ValueError(
            f"{honest.name} takes {honest.itemsize} bytes at {honest.alignment}, not {size} at {alignment}"
        )
    if made.itemsize != size and made.type is not np.record:
        raise ValueError(f"{made.name} grows to {size} bytes")
    return honest, flags


def _dates(kind: str, order: str, metadata: tuple[Any, ...]) -> Any:
    """Dates or durations; ``metadata`` ends with ``(unit, number, divisor, event)``."""
    told = metadata[0][1] if metadata and type(metadata[0]) is tuple and len(metadata[0]) == 2 else None
    if type(told) is not tuple or len(told) != 4 or any(type(number) is not int for number in told[1:]):
        raise ValueError("dates without a unit")
    unit, number, divisor, event = told
    name = unit.decode("latin-1") if isinstance(unit, bytes) else unit
    if not isinstance(name, str) or not (name.isascii() and name.isalpha()) or (divisor, event) != (1, 1):
        raise ValueError("dates with a unit that is none")
    return np.dtype(f"{order}{kind}8" if name == "generic" else f"{order}{kind}8[{number}{name}]")


def _subarray(told: Any) -> Any:
    if type(told) is not tuple or len(told) != 2 or not isinstance(told[0], np.dtype):
        raise ValueError("parts without a type")
    shape = told[1] if type(told[1]) is tuple else (told[1],)  # as it was written once
    if not is_shape(shape):
        raise ValueError("parts without a shape")
    return np.dtype((told[0], shape))


def _struct(names: Any, fields: Any, size: int, *, aligned: bool) -> Any:
    if type(names) is not tuple or type(fields) is not dict or any(type(name) is not str for name in names):
        raise ValueError("fields without names")
    if set(names) != set(fields) or any(type(field) is not tuple or len(field) != 2 for field in fields.values()):
        raise ValueError("fields with titles")
    formats, offsets = [fields[name][0] for name in names], [fields[name][1] for name in names]
    if not all(isinstance(one, np.dtype) for one in formats) or any(type(offset) is not int for offset in offsets):
        raise ValueError("a field without a type or a place")
    return np.dtype({"names": list(names), "formats": formats, "offsets": offsets, "itemsize": size}, align=aligned)


class Extents:
    """How many parts structured types have, and how deep these lie: NumPy writes, hashes and copies a type part by part.

    Two fields of one type each, that type of two fields in its turn, thirty times over: a thousand million parts in 2 kB.
    """

    _MOST_PARTS = 10_000
    _DEEPEST = 32
    """As far as NumPy may go: its C code calls itself for each level."""
    _MOST_TOGETHER = 1_000_000
    """Fields of all types; one with many takes NumPy milliseconds to make."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[Any, int, int]] = {}
        """Types with the number of their parts and their depth, by identity; held so that no other gets that identity."""
        self._left = self._MOST_TOGETHER

    def admit(self, honest: Any) -> tuple[int, int]:
        """Parts and depth of a type, whose fields were admitted before. Raises ValueError where it unfolds too far."""
        inner = [self._extent(field[0]) for field in (honest.base.fields or {}).values()]
        parts, depth = 1 + sum(one for one, _ in inner), 1 + max((one for _, one in inner), default=0)
        self._left -= len(inner)
        if parts > self._MOST_PARTS or depth > self._DEEPEST or self.spent:
            raise ValueError("it unfolds without end")
        return parts, depth

    @property
    def spent(self) -> bool:
        """Whether all types together have more fields than any file has."""
        return self._left < 0

    def keep(self, kind: Any, extent: tuple[int, int]) -> None:
        """``kind`` has this extent."""
        if extent[0] > 1:
            self._known[id(kind)] = kind, *extent

    def _extent(self, kind: Any) -> tuple[int, int]:
        base = kind.base
        known = self._known.get(id(kind)) or self._known.get(id(base))
        if known is not None:
            return known[1:]
        return self.admit(base) if base.fields else (1, 1)
