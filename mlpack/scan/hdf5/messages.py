"""Object headers and their messages. Format: IV.A."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mlpack.scan.hdf5.blocks import Blocks, number
from mlpack.scan.rules import hdf5

DATASPACE, LINK_INFO, DATATYPE, LINK, EXTERNAL, LAYOUT, PIPELINE, ATTRIBUTE = 0x1, 0x2, 0x3, 0x6, 0x7, 0x8, 0xB, 0xC
SHARED_TABLE, CONTINUATION, SYMBOL_TABLE, DRIVER, ATTRIBUTE_INFO, LAST = 0xF, 0x10, 0x11, 0x14, 0x15, 0x16
_ONCE = frozenset({DATASPACE, DATATYPE, LAYOUT, PIPELINE, EXTERNAL, SYMBOL_TABLE, LINK_INFO, ATTRIBUTE_INFO})
_MAX_MESSAGES = 100_000


@dataclass(frozen=True)
class Message:
    """One message of an object header. ``shared``: it only says where the message itself lies."""

    kind: int
    shared: bool
    data: bytes
    address: int


def messages_at(blocks: Blocks, address: int) -> list[Message]:
    """The messages of the object header at ``address``, those of its continuations included.

    Raises CorruptFileError; UnsafeFileError for kinds that no model has, and for a kind that may come once and comes twice:
    libhdf5 believes the first, other readers the last.
    """
    found: list[Message] = []
    newer = blocks.at(address, 4) == b"OHDR"
    pending = [_newer_start(blocks, address) if newer else _older_start(blocks, address)]
    seen: set[int] = set()
    while pending:
        start, length = pending.pop(0)
        if start in seen:
            raise blocks.damaged("an object header that continues itself")
        seen.add(start)
        data = blocks.at(start, length)
        for message in _newer(blocks, data, address, start) if newer else _older(blocks, data, start):
            if message.kind == CONTINUATION:
                pending.append(_continuation(blocks, message.data, newer=newer))
            found.append(message)
        if len(found) > _MAX_MESSAGES:
            raise blocks.damaged("an object header without end")
    _check_kinds(blocks, found)
    return found


def _check_kinds(blocks: Blocks, messages: Sequence[Message]) -> None:
    seen: set[int] = set()
    for message in messages:
        if message.kind > LAST or message.kind in {SHARED_TABLE, DRIVER}:
            raise blocks.refused(
                hdf5.LAYOUT, f"it has a message of kind {message.kind:#x}, which no model has", message.address
            )
        if message.kind in _ONCE and message.kind in seen:
            raise blocks.refused(
                hdf5.TWICE, f"an object has two messages of kind {message.kind:#x}, where one belongs", message.address
            )
        seen.add(message.kind)


def _older_start(blocks: Blocks, address: int) -> tuple[int, int]:
    head = blocks.at(address, 16)
    if head[0] != 1:
        raise blocks.damaged(f"no object header at {address:#x}")
    return address + 16, number(head, 8, 4)


def _older(blocks: Blocks, data: bytes, start: int) -> Iterator[Message]:
    """Version 1: type 2, size 2, flags 1, reserved 3."""
    offset = 0
    while offset + 8 <= len(data):
        size = number(data, offset + 2, 2)
        end = offset + 8 + size
        if end > len(data):
            raise blocks.damaged("a message longer than its object header")
        yield Message(number(data, offset, 2), bool(data[offset + 4] & 2), data[offset + 8 : end], start + offset)
        offset = end


def _newer_start(blocks: Blocks, address: int) -> tuple[int, int]:
    head = blocks.at(address, 6)
    flags = head[5]
    offset = 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
    width = 1 << (flags & 3)
    return address + offset + width, number(blocks.at(address + offset, width), 0, width)


def _newer(blocks: Blocks, data: bytes, address: int, start: int) -> Iterator[Message]:
    """Version 2: type 1, size 2, flags 1, and 2 for the order of creation where that is tracked."""
    head = 6 if blocks.at(address + 5, 1)[0] & 4 else 4
    offset = 0
    while offset + head <= len(data):
        size = number(data, offset + 1, 2)
        end = offset + head + size
        if end > len(data):
            raise blocks.damaged("a message longer than its object header")
        yield Message(data[offset], bool(data[offset + 3] & 2), data[offset + head : end], start + offset)
        offset = end


def _continuation(blocks: Blocks, data: bytes, *, newer: bool) -> tuple[int, int]:
    start, length = number(data, 0, 8), number(data, 8, 8)
    if not newer:
        return start, length
    if length < 8 or blocks.at(start, 4) != b"OCHK":
        raise blocks.damaged("an object header that continues nowhere")
    return start + 4, length - 8  # between the signature and the checksum
