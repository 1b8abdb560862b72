"""Rows of doubles taken from the bytes of a request all at once.

Protobuf writes every row that has all of its values in the same way, byte for byte but for the values. A request of such rows
is a table of bytes; its values are some columns of it, and nothing has to be done row by row.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..session import Array
from .outline import Member
from .repeats import varint

_LENGTH_DELIMITED, _FIXED64 = 2, 1
"""Source: https://protobuf.dev/programming-guides/encoding/#structure."""
_WIDTH = 8


class Grid:
    """Reads requests of instances that have ``members``: a double each, or ``width`` of them in the only one."""

    def __init__(self, instances: Member, members: Sequence[Member], width: int) -> None:
        pieces: list[tuple[bytes, bool]] = []
        if members[0].rule == "repeated":
            pieces.append((_key(members[0], _LENGTH_DELIMITED) + varint(width * _WIDTH), False))
            pieces.append((bytes(width * _WIDTH), True))
        else:
            for member in members:
                pieces += [(_key(member, _FIXED64), False), (bytes(_WIDTH), True)]
        size = sum(len(piece) for piece, _ in pieces)
        pieces.insert(0, (_key(instances, _LENGTH_DELIMITED) + varint(size), False))
        row = b"".join(piece for piece, _ in pieces)
        is_value = np.repeat([value for _, value in pieces], [len(piece) for piece, _ in pieces])
        self._stride = len(row)
        self._values = np.flatnonzero(is_value)
        self._others = np.flatnonzero(~is_value)
        self._expected = np.frombuffer(row, np.uint8)[self._others]

    def read(self, raw: bytes) -> Array | None:
        """The values of a request, ``[rows, width]`` of float64; None for one that is written in another way."""
        if not raw or len(raw) % self._stride:
            return None
        table = np.frombuffer(raw, np.uint8).reshape(-1, self._stride)
        if not (table.take(self._others, axis=1) == self._expected).all():
            return None
        return table.take(self._values, axis=1).view("<f8")


def _key(member: Member, wire_type: int) -> bytes:
    """What stands before a field: its number, and how its length is told."""
    return varint(member.number << 3 | wire_type)
