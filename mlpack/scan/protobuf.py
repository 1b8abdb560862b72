"""Protocol Buffers on the wire, field by field, with no schema and no payload held.

Format: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from mlpack.core.errors import CorruptFileError
from mlpack.scan.source import Source

Wire = Literal[0, 1, 2, 5]
VARINT: Wire = 0
FIXED64: Wire = 1
LENGTH: Wire = 2
FIXED32: Wire = 5
_MAX_VARINT_BYTES = 10


@dataclass(frozen=True, slots=True)
class Field:
    """One field. ``value`` is a varint or the bits of a fixed field; for LENGTH it is the count of bytes at ``start``."""

    number: int
    wire: Wire
    value: int
    offset: int
    """Where the field's tag begins."""
    start: int
    """Where its value, or its bytes, begin."""

    @property
    def end(self) -> int:
        """Where the next field begins."""
        return self.start + self.value


def fields(source: Source, end: int) -> Iterator[Field]:
    """The fields up to ``end``. The caller may read a LENGTH field's bytes, whole or in part; what is left is skipped.

    Raises CorruptFileError for what is no protobuf and for a field that reaches behind ``end``.
    """
    while source.position < end:
        found = _field(source)
        if found.wire != LENGTH:
            yield found
            continue
        if found.end > end:
            raise source.truncated(found.value)
        yield found
        if source.position > found.end:
            raise broken(source, found.offset, "a field is longer than it says")
        source.skip(found.end - source.position)
    if source.position != end:
        raise broken(source, source.position, "a message is longer than it says")


def _field(source: Source) -> Field:
    """The tag of the next field, and its value where that has no length."""
    offset = source.position
    tag = varint(source)
    number, wire = tag >> 3, tag & 7
    if number == 0:
        raise broken(source, offset, "a field without a number")
    start = source.position
    match wire:
        case 0:
            return Field(number, VARINT, varint(source), offset, start)
        case 1:
            return Field(number, FIXED64, int.from_bytes(source.read(8), "little"), offset, start)
        case 5:
            return Field(number, FIXED32, int.from_bytes(source.read(4), "little"), offset, start)
        case 2:
            length = varint(source)
            return Field(number, LENGTH, length, offset, source.position)
        case _:
            raise broken(source, offset, f"there is no wire type {wire}")


def varint(source: Source) -> int:
    """An unsigned varint. Raises CorruptFileError beyond ten bytes."""
    result = shift = 0
    for _ in range(_MAX_VARINT_BYTES):
        byte = source.byte()
        result |= (byte & 0x7F) << shift
        if byte < 0x80:
            return result
        shift += 7
    raise broken(source, source.position, "a number of more than ten bytes")


def signed(value: int) -> int:
    """An int64 as it stands in a varint."""
    value &= (1 << 64) - 1
    return value - (1 << 64) if value >= 1 << 63 else value


def text(source: Source, field: Field, limit: int = 4096) -> str:
    """The text of a LENGTH field, the first ``limit`` bytes of it."""
    return source.read(min(field.value, limit)).decode("utf-8", "replace")


def numbers(source: Source, field: Field, limit: int = 64) -> list[int]:
    """The int64s of a field, packed or single. Raises CorruptFileError beyond ``limit``."""
    if field.wire != LENGTH:
        return [signed(field.value)]
    found: list[int] = []
    while source.position < field.end:
        found.append(signed(varint(source)))
        if len(found) > limit:
            raise broken(source, field.offset, f"more than {limit} dimensions")
    return found


def broken(source: Source, offset: int, why: str) -> CorruptFileError:
    """The error for what is no protobuf."""
    return CorruptFileError(
        f"{source.name} is damaged", why=f"{why} (at byte {offset})", hint="copy or download the file again"
    )
