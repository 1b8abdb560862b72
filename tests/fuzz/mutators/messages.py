"""Changes protocol buffers field by field, so that lengths around them stay right, or do not."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from random import Random

from fuzz.mutators.chance import byte_changes, changed_bytes, fitted, number, times

_MOST_DEPTH = 12
_WORDS = (
    b"",
    b"ai.onnx.ml",
    b"com.microsoft",
    b"location",
    b"offset",
    b"length",
    b"weights.bin",
    b"../canary",
    b"/etc/passwd",
)
_WORDS += (
    b"link.bin",
    b"18446744073709551615",
    b"-1",
    b"Constant",
    b"If",
    b"Loop",
    b"ConstantOfShape",
    b"shape",
    b"\xff\xfe",
    b"PyOp",
)


@dataclass
class Part:
    """A field: a number for the wire types 0, 1 and 5, else bytes, or the fields that these bytes are. ``lie`` is a length."""

    field: int
    wire: int
    value: int | bytes | list[Part]
    lie: int | None = None


def varint(value: int) -> bytes:
    """``value`` in base 128."""
    found = bytearray()
    value &= (1 << 64) - 1
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*found, value])


def _varint_at(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while shift < 70:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
    raise IndexError


def parsed(data: bytes, depth: int = 0) -> list[Part] | None:
    """The fields of ``data``; None for what is no message."""
    parts: list[Part] = []
    at = 0
    try:
        while at < len(data):
            tag, at = _varint_at(data, at)
            number, wire = tag >> 3, tag & 7
            if not 0 < number < 1000 or wire in {3, 4, 6, 7}:
                return None
            if wire == 0:
                value, at = _varint_at(data, at)
                parts.append(Part(number, wire, value))
                continue
            length = 8 if wire == 1 else 4 if wire == 5 else None
            if length is None:
                length, at = _varint_at(data, at)
            if at + length > len(data):
                return None
            content = data[at : at + length]
            at += length
            inner = parsed(content, depth + 1) if wire == 2 and content and depth < _MOST_DEPTH else None
            parts.append(Part(number, wire, int.from_bytes(content, "little") if wire != 2 else inner or content))
    except IndexError:
        return None
    return parts


def written(parts: Sequence[Part]) -> bytes:
    """The message."""
    found = bytearray()
    for part in parts:
        found += varint(part.field << 3 | part.wire)
        if isinstance(part.value, int):
            found += varint(part.value) if part.wire == 0 else fitted(part.value, 8 if part.wire == 1 else 4)
            continue
        content = part.value if isinstance(part.value, bytes) else written(part.value)
        found += varint(len(content) if part.lie is None else part.lie) + content
    return bytes(found)


def changed_message(data: bytes, rng: Random, seeds: Sequence[bytes]) -> bytes:
    """The mutation of a target that reads protocol buffers."""
    root = parsed(data)
    if not root or rng.random() < 0.1:
        return changed_bytes(data, rng, seeds)
    other = parsed(rng.choice(seeds)) if seeds else None
    for _ in times(rng):
        _change(_some_list(root, rng), rng, other or [])
    return written(root)


def _some_list(root: list[Part], rng: Random) -> list[Part]:
    """The message itself or one within it."""
    found = root
    while rng.random() < 0.8:
        inner = [part.value for part in found if isinstance(part.value, list)]
        if not inner:
            break
        found = rng.choice(inner)
    return found


def _change(parts: list[Part], rng: Random, other: list[Part]) -> None:
    kind = rng.randrange(8)
    if kind == 0 or not parts:
        parts.insert(rng.randrange(len(parts) + 1), _made(rng))
        return
    at = rng.randrange(len(parts))
    part = parts[at]
    if kind == 1:
        del parts[at]
    elif kind == 2:
        parts[at:at] = [part] * rng.choice((1, 1, 2, 50))  # the same part: what changes it changes all
    elif kind == 3:
        parts.insert(at, deepcopy(rng.choice(_some_list(other, rng) or [part])))
    elif kind == 4:
        part.field = rng.choice((rng.randrange(1, 27), number(rng) % (1 << 29) or 1))
    elif kind == 5:
        parts[at] = Part(part.field, 2, [part])
    elif kind == 6 and part.wire == 2:
        part.lie = number(rng, len(part.value) if isinstance(part.value, bytes) else 8)
    else:
        _change_value(part, rng)


def _change_value(part: Part, rng: Random) -> None:
    if isinstance(part.value, int):
        part.value = number(rng, part.value)
    elif isinstance(part.value, bytes):
        part.value = rng.choice(_WORDS) if rng.random() < 0.4 else byte_changes(part.value, rng)
    else:
        part.value = byte_changes(written(part.value), rng)


def _made(rng: Random) -> Part:
    field = rng.randrange(1, 27)
    if rng.random() < 0.5:
        return Part(field, 0, number(rng))
    return Part(field, 2, rng.choice(_WORDS))
