"""Choices that all mutations share."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

EDGES = (0, 1, 2, 3, 7, 8, 0x7F, 0x80, 0xFF, 0x100, 0x7FFF, 0x8000, 0xFFFF, 0x10000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
EDGES += (1 << 32, 1 << 40, (1 << 62) - 1, 1 << 62, (1 << 63) - 1, 1 << 63, (1 << 64) - 1)


def number(rng: Random, near: int = 0) -> int:
    """A number at an edge, near another one, or any."""
    kind = rng.random()
    if kind < 0.4:
        return rng.choice(EDGES)
    if kind < 0.8:
        return max(0, near + rng.randint(-9, 9))
    return rng.getrandbits(rng.choice((8, 16, 32, 64)))


def fitted(value: int, width: int) -> bytes:
    """``value`` in ``width`` bytes, little-endian, what is over cut off."""
    return (value & ((1 << 8 * width) - 1)).to_bytes(width, "little")


def times(rng: Random) -> range:
    """How many changes to make: mostly one or two."""
    return range(min(1 + int(rng.expovariate(0.7)), 8))


def byte_changes(data: bytes, rng: Random) -> bytes:
    """A few bytes set, put in, taken out or moved."""
    changed = bytearray(data)
    for _ in times(rng):
        at = rng.randrange(len(changed) + 1)
        length = 1 + int(rng.expovariate(0.3))
        kind = rng.randrange(5)
        if kind == 0:
            changed[at : at + 1] = bytes([rng.getrandbits(8)])
        elif kind == 1:
            changed[at:at] = rng.randbytes(length)
        elif kind == 2:
            del changed[at : at + length]
        elif kind == 3:
            width = rng.choice((1, 2, 4, 8))
            near = int.from_bytes(changed[at : at + width], "little")
            changed[at : at + width] = fitted(number(rng, near), width)
        else:
            begin = rng.randrange(len(changed) + 1)
            changed[at:at] = changed[begin : begin + 4 * length]
    if rng.random() < 0.05:
        del changed[rng.randrange(len(changed) + 1) :]
    return bytes(changed)


def changed_bytes(data: bytes, rng: Random, seeds: Sequence[bytes]) -> bytes:
    """`byte_changes` as the mutation of a target: now and then a part of a seed comes in."""
    if seeds and rng.random() < 0.15:
        other = rng.choice(seeds)
        begin = rng.randrange(len(other) + 1)
        at = rng.randrange(len(data) + 1)
        data = data[:at] + other[begin : begin + rng.randrange(1, 512)] + data[at:]
    return byte_changes(data, rng)
