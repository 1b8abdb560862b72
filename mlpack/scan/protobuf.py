"""Protocol Buffers on the wire, field by field, with no schema and no payload held.

Format: https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Literal

from mlpack.core.errors import CorruptFileError
from mlpack.scan.rules import onnx
from mlpack.scan.source import Source

Wire = Literal[0, 1, 2, 5]
VARINT: Wire = 0
FIXED64: Wire = 1
LENGTH: Wire = 2
FIXED32: Wire = 5
_MAX_VARINT_BYTES = 10
_MAX_FIELDS = 30_000_000


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


def fields(source: Source, end: int, once: AbstractSet[int] = frozenset()) -> Iterator[Field]:
    """The fields up to ``end``. The caller may read a LENGTH field's bytes, whole or in part; what is left is skipped.

    Of a field in ``once`` only the first is given; the repeats right behind it are passed over quickly (a tree ensemble
    has millions). Raises CorruptFileError for what is no protobuf and for a field that reaches behind ``end``,
    UnsafeFileError for fields without end.
    """
    while source.position < end:
        found = _field(source)
        if found.wire != LENGTH:
            yield found
            if found.number in once:
                _skip_repeats(source, end, found)
            continue
        if found.end > end:
            raise source.truncated(found.value)
        yield found
        if source.position > found.end:
            raise broken(source, found.offset, "a field is longer than it says")
        source.skip(found.end - source.position)
        if found.number in once:
            _skip_repeats(source, end, found)
    if source.position != end:
        raise broken(source, source.position, "a message is longer than it says")


def _skip_repeats(source: Source, end: int, found: Field) -> None:
    """Pass over whole repeats of ``found`` in the buffer; what the buffer cuts in two is left to the slow way."""
    tag = found.number << 3 | found.wire
    while source.position < end and tag < 0x80:
        ahead = source.peek()[: end - source.position]
        length = _run_length(ahead, tag, found.wire)
        if not length:
            return
        source.skip(length)


def _run_length(ahead: bytes, tag: int, wire: Wire) -> int:
    """How many of the first bytes are whole fields with this tag."""
    if wire == VARINT:
        run = re.match(b"(?:%b[\x80-\xff]{0,9}[\x00-\x7f])*" % re.escape(bytes([tag])), ahead)
        return run.end() if run else 0
    if wire == LENGTH:
        at = 0
        while (
            at + 1 < len(ahead) and ahead[at] == tag and ahead[at + 1] < 0x80 and at + 2 + ahead[at + 1] <= len(ahead)
        ):
            at += 2 + ahead[at + 1]
        return at
    width = 5 if wire == FIXED32 else 9
    tags = ahead[: len(ahead) // width * width : width]
    return width * (len(tags) - len(tags.lstrip(bytes([tag]))))


def _field(source: Source) -> Field:
    """The tag of the next field, and its value where that has no length."""
    source.steps += 1
    if source.steps > _MAX_FIELDS:
        raise onnx.SIZE.error(source.name, f"it has over {_MAX_FIELDS:,} fields", offset=source.position)
    offset = source.position
    tag = varint(source)
    number, wire = tag >> 3, tag & 7
    if number == 0 or tag >= 1 << 32:
        raise broken(source, offset, "a field without a number" if not number else f"a field of number {number:,}")
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
