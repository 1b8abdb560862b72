"""How many fields a message has, told before it is parsed.

Two bytes are an empty row, and parsed it takes eight bytes for each column that a row has: the 16 MB that a request may
have become gigabytes for a wide model. So rows are counted first, where there may be too many of them at all.
"""

from __future__ import annotations

_VARINT, _FIXED64, _LENGTH_DELIMITED, _GROUP, _END, _FIXED32 = range(6)
"""Source: https://protobuf.dev/programming-guides/encoding/#structure."""
_LONGEST = 70
_FEWEST = 2
"""Bytes that a field takes at least."""


def has_more_fields(raw: bytes, most: int) -> bool:
    """Whether the message in ``raw`` has more than ``most`` fields, each element of a repeated one counted.

    Of what is no message those are counted that come before it is seen: parsing it would end there as well.
    """
    if len(raw) <= _FEWEST * most:
        return False
    place, end, count = 0, len(raw), 0
    try:
        while place < end and count <= most:
            key, place = _varint(raw, place)
            place = _behind(raw, place, key & 7)
            count += 1
    except (IndexError, ValueError):
        return False
    return count > most


def _behind(raw: bytes, place: int, wire_type: int) -> int:
    """Where a value ends that begins at ``place``."""
    if wire_type == _LENGTH_DELIMITED:
        length, place = _varint(raw, place)
        return place + length
    if wire_type == _VARINT:
        return _varint(raw, place)[1]
    if wire_type == _FIXED64:
        return place + 8
    if wire_type == _FIXED32:
        return place + 4
    if wire_type in {_GROUP, _END}:
        return place  # what is in it counts as if it stood outside
    raise ValueError(wire_type)


def _varint(raw: bytes, place: int) -> tuple[int, int]:
    """The number at ``place``, and where it ends. Raises IndexError at the end of the message, ValueError beyond 64 bits."""
    byte = raw[place]
    number, shift = byte & 0x7F, 7
    while byte & 0x80:
        if shift >= _LONGEST:
            raise ValueError(shift)
        place += 1
        byte = raw[place]
        number |= (byte & 0x7F) << shift
        shift += 7
    return number, place + 1
