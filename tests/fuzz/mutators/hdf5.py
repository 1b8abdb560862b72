"""Changes HDF5 files where their structure stands, and makes checksums right again.

Format: HDF5 File Format Specification 3.0; the checksum is Bob Jenkins's lookup3 (``H5_checksum_lookup3``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from random import Random

from fuzz.mutators.chance import byte_changes, changed_bytes, fitted, number, times

_MARKS = re.compile(rb"\x89HDF\r\n\x1a\n|TREE|SNOD|HEAP|GCOL|OHDR|OCHK|FRHP|BTHD|FSHD|EAHD|FAHD")
_MASK = 0xFFFFFFFF
_KINDS = (0x1, 0x3, 0x5, 0x6, 0x7, 0x8, 0xB, 0xC, 0x10, 0x11, 0x15, 0x16, 0x17)


def changed_hdf5(data: bytes, rng: Random, seeds: Sequence[bytes]) -> bytes:
    """The mutation of a target that reads HDF5."""
    if rng.random() < 0.1:
        return changed_bytes(data, rng, seeds)
    changed = bytearray(data)
    places = list(_places(data))
    for _ in times(rng):
        if not places:
            return changed_bytes(data, rng, seeds)
        _change(changed, rng.choice(places), rng)
    return bytes(changed) if rng.random() < 0.2 else with_checksums(changed)


def _places(data: bytes) -> Iterator[int]:
    """Where structures begin: those with a signature, and object headers of version 1, which have none."""
    for found in _MARKS.finditer(data):
        yield found.start()
    for at in range(0, len(data) - 16, 8):
        if data[at] == 1 and data[at + 1] == 0 and 0 < data[at + 2] < 64 and data[at + 4 : at + 8] == b"\x01\0\0\0":
            yield at


def _change(data: bytearray, begin: int, rng: Random) -> None:
    at = begin + int(rng.expovariate(0.02))
    width = rng.choice((1, 1, 2, 4, 8))
    if at + width > len(data):
        return
    kind = rng.random()
    if kind < 0.5:
        near = int.from_bytes(data[at : at + width], "little")
        data[at : at + width] = fitted(number(rng, near), width)
    elif kind < 0.6:
        data[at] = rng.choice(_KINDS)
    elif kind < 0.7:  # an address of something else in the file
        other = rng.choice(list(_places(bytes(data))) or [0])
        data[at - at % 8 : at - at % 8 + 8] = fitted(other, 8)
    elif kind < 0.85:
        source = rng.randrange(len(data))
        part = data[source : source + rng.choice((8, 16, 40))]
        data[at : at + len(part)] = part
    else:
        data[at : at + 8] = byte_changes(bytes(data[at : at + 8]), rng)[:8].ljust(8, b"\0")


def with_checksums(data: bytearray) -> bytes:
    """The same, with right checksums in superblocks of version 2 and 3 and in object headers of version 2."""
    if data[:8] == b"\x89HDF\r\n\x1a\n" and len(data) > 48 and data[8] in {2, 3}:
        data[44:48] = fitted(lookup3(bytes(data[:44])), 4)
    for found in re.finditer(rb"OHDR\x02", bytes(data)):
        begin = found.start()
        flags = data[begin + 5] if begin + 5 < len(data) else 0
        head = 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
        width = 1 << (flags & 3)
        length = int.from_bytes(data[begin + head : begin + head + width], "little")
        end = begin + head + width + length
        if end + 4 <= len(data):
            data[end : end + 4] = fitted(lookup3(bytes(data[begin:end])), 4)
    return bytes(data)


def lookup3(key: bytes) -> int:
    """``hashlittle(key, 0)``. Source: Bob Jenkins, lookup3.c, public domain."""
    a = b = c = (0xDEADBEEF + len(key)) & _MASK
    at, left = 0, len(key)
    while left > 12:
        a, b, c = (
            (a + int.from_bytes(key[at : at + 4], "little")) & _MASK,
            (b + int.from_bytes(key[at + 4 : at + 8], "little")) & _MASK,
            (c + int.from_bytes(key[at + 8 : at + 12], "little")) & _MASK,
        )
        a, b, c = _mixed(a, b, c)
        at, left = at + 12, left - 12
    if not left:
        return c
    tail = key[at:].ljust(12, b"\0")
    a, b, c = (
        (a + int.from_bytes(tail[:4], "little")) & _MASK,
        (b + int.from_bytes(tail[4:8], "little")) & _MASK,
        (c + int.from_bytes(tail[8:], "little")) & _MASK,
    )
    return _finished(a, b, c)


def _turned(value: int, bits: int) -> int:
    return ((value << bits) | (value >> (32 - bits))) & _MASK


def _mixed(a: int, b: int, c: int) -> tuple[int, int, int]:
    for bits in (4, 6, 8, 16, 19, 4):
        a = ((a - c) & _MASK) ^ _turned(c, bits)
        c = (c + b) & _MASK
        a, b, c = b, c, a
    return a, b, c


def _finished(a: int, b: int, c: int) -> int:
    for bits in (14, 11, 25, 16, 4, 14, 24):
        c = ((c ^ b) - _turned(b, bits)) & _MASK
        a, b, c = b, c, a
    return b
