"""Bytes of an HDF5 file by address, and the object headers with their messages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from mlpack.core.errors import CorruptFileError, UnsafeFileError

MAGIC = b"\x89HDF\r\n\x1a\n"
UNDEFINED = (1 << 64) - 1
_CONTINUATION = 0x10
_MAX_MESSAGES = 100_000
_MAX_BLOCK = 64 << 20


def number(data: bytes, offset: int, width: int) -> int:
    """An unsigned little-endian number; what lies behind the end of ``data`` is 0."""
    return int.from_bytes(data[offset : offset + width], "little")


@dataclass(frozen=True)
class Message:
    """One message of an object header."""

    kind: int
    shared: bool
    data: bytes


class Blocks:
    """The file, its base address and the address of its root. Raises CorruptFileError for what is out of bounds."""

    def __init__(self, name: str, file: BinaryIO, length: int) -> None:
        self.name = name
        self._file = file
        self._length = length
        self._base = self._find_superblock()
        self.root = self._read_superblock()

    def at(self, address: int, count: int) -> bytes:
        """``count`` bytes at ``address``."""
        if count > _MAX_BLOCK:
            raise self.damaged(f"a block of {count:,} bytes")
        self.check_bounds(address, count)
        self._file.seek(self._base + address)
        data = self._file.read(count)
        if len(data) != count:
            raise self.damaged(f"the file ends inside the block at {address:#x}")
        return data

    def check_bounds(self, address: int, count: int) -> None:
        """Refuse a block that does not lie in the file."""
        if self._base + address + count > self._length:
            raise self.damaged(f"{count:,} bytes at {address:#x} lie behind its end")

    def messages(self, address: int) -> list[Message]:
        """The messages of the object header at ``address``, those of its continuations included."""
        found: list[Message] = []
        newer = self.at(address, 4) == b"OHDR"
        pending = [self._newer_start(address) if newer else self._older_start(address)]
        seen: set[int] = set()
        while pending:
            start, length = pending.pop(0)
            if start in seen:
                raise self.damaged("an object header that continues itself")
            seen.add(start)
            data = self.at(start, length)
            for message in self._newer(data, address) if newer else self._older(data):
                if message.kind == _CONTINUATION:
                    pending.append(self._continuation(message.data, newer=newer))
                found.append(message)
            if len(found) > _MAX_MESSAGES:
                raise self.damaged("an object header without end")
        return found

    def damaged(self, why: str) -> CorruptFileError:
        """The error for a file that contradicts itself."""
        return CorruptFileError(
            f"{self.name} is damaged or truncated",
            why=f"its HDF5 structure cannot be read: {why}",
            hint="copy or download the file again",
        )

    def refused(self, why: str) -> UnsafeFileError:
        """The error for a file that reaches out of itself or is laid out in a way that is not read."""
        return UnsafeFileError(f"{self.name} is refused", why=why, hint="save the model again: model.save(...)")

    def _find_superblock(self) -> int:
        offset = 0
        while offset + 16 < self._length:
            self._file.seek(offset)
            if self._file.read(len(MAGIC)) == MAGIC:
                return offset
            offset = offset * 2 or 512
        raise self.damaged("it has no superblock")

    def _read_superblock(self) -> int:
        """Format: II.A. Returns the address of the root's object header; addresses count from the base address."""
        start = self.at(0, 48)
        version = start[8]
        widths = (start[13], start[14]) if version < 2 else (start[9], start[10])
        if version > 3 or widths != (8, 8):
            raise self.damaged(f"superblock version {version} with addresses of {widths[0]} bytes")
        if version >= 2:
            base, end, root = number(start, 12, 8), number(start, 28, 8), number(start, 36, 8)
        else:
            first = 24 if version == 0 else 28
            block = self.at(0, first + 72)
            base, end, root = number(block, first, 8), number(block, first + 16, 8), number(block, first + 40, 8)
        if base != self._base:
            raise self.damaged(f"its base address is {base:#x} and its superblock is at {self._base:#x}")
        if end > self._length:
            raise self.damaged(f"it should be {end:,} bytes long and has {self._length:,}")
        return root

    def _older_start(self, address: int) -> tuple[int, int]:
        head = self.at(address, 16)
        if head[0] != 1:
            raise self.damaged(f"no object header at {address:#x}")
        return address + 16, number(head, 8, 4)

    def _older(self, data: bytes) -> Iterator[Message]:
        """Version 1: type 2, size 2, flags 1, reserved 3."""
        offset = 0
        while offset + 8 <= len(data):
            size = number(data, offset + 2, 2)
            end = offset + 8 + size
            if end > len(data):
                raise self.damaged("a message longer than its object header")
            yield Message(number(data, offset, 2), bool(data[offset + 4] & 2), data[offset + 8 : end])
            offset = end

    def _newer_start(self, address: int) -> tuple[int, int]:
        head = self.at(address, 6)
        flags = head[5]
        offset = 6 + (16 if flags & 0x20 else 0) + (4 if flags & 0x10 else 0)
        width = 1 << (flags & 3)
        return address + offset + width, number(self.at(address + offset, width), 0, width)

    def _newer(self, data: bytes, address: int) -> Iterator[Message]:
        """Version 2: type 1, size 2, flags 1, and 2 for the order of creation where that is tracked."""
        head = 6 if self.at(address + 5, 1)[0] & 4 else 4
        offset = 0
        while offset + head <= len(data):
            size = number(data, offset + 1, 2)
            end = offset + head + size
            if end > len(data):
                raise self.damaged("a message longer than its object header")
            yield Message(data[offset], bool(data[offset + 3] & 2), data[offset + head : end])
            offset = end

    def _continuation(self, data: bytes, *, newer: bool) -> tuple[int, int]:
        start, length = number(data, 0, 8), number(data, 8, 8)
        if not newer:
            return start, length
        if length < 8 or self.at(start, 4) != b"OCHK":
            raise self.damaged("an object header that continues nowhere")
        return start + 4, length - 8  # between the signature and the checksum
