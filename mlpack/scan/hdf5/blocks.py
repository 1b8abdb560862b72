"""Bytes of an HDF5 file by address, and its superblock. Format: HDF5 File Format Specification 3.0, II.A."""

from __future__ import annotations

from typing import BinaryIO

from mlpack.core.errors import CorruptFileError, UnsafeFileError
from mlpack.scan.rules import Rule, hdf5

MAGIC = b"\x89HDF\r\n\x1a\n"
UNDEFINED = (1 << 64) - 1
_MAX_BLOCK = 64 << 20


def number(data: bytes, offset: int, width: int) -> int:
    """An unsigned little-endian number; what lies behind the end of ``data`` is 0."""
    return int.from_bytes(data[offset : offset + width], "little")


class Blocks:
    """The file, its base address and the address of its root. Raises CorruptFileError for what is out of bounds.

    ``member`` is the part of a larger file that it is, empty where it is a file of its own.
    """

    def __init__(self, name: str, file: BinaryIO, length: int, member: str = "") -> None:
        self.name = name
        self.length = length
        self._member = member
        self._file = file
        self.heaps: dict[int, dict[int, tuple[int, int]]] = {}
        """What lies in each heap of texts that was looked into (`mlpack.scan.hdf5.heaps`), and how long these are together."""
        self.heap_bytes = 0
        self._base = self._find_superblock()
        self.extension = UNDEFINED
        """Where the superblock goes on, as an object header."""
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
        if self._base + address + count > self.length:
            raise self.damaged(f"{count:,} bytes at {address:#x} lie behind its end")

    def damaged(self, why: str) -> CorruptFileError:
        """The error for a file that contradicts itself."""
        return CorruptFileError(
            f"{self.name} is damaged or truncated",
            why=f"its HDF5 structure cannot be read: {why}",
            hint="copy or download the file again",
        )

    def refused(self, rule: Rule, what: str, address: int | None = None) -> UnsafeFileError:
        """The error for a file that reaches out of itself or is laid out in a way that is not read."""
        offset = None if address is None else self._base + address
        return rule.error(self.name, what, member=self._member, offset=offset)

    def _find_superblock(self) -> int:
        offset = 0
        while offset + 16 < self.length:
            self._file.seek(offset)
            if self._file.read(len(MAGIC)) == MAGIC:
                return offset
            offset = offset * 2 or 512
        raise self.damaged("it has no superblock")

    def _read_superblock(self) -> int:
        """Returns the address of the root's object header; addresses count from the base address."""
        start = self.at(0, 48)
        version = start[8]
        widths = (start[13], start[14]) if version < 2 else (start[9], start[10])
        if version > 3 or widths != (8, 8):
            raise self.damaged(f"superblock version {version} with addresses of {widths[0]} bytes")
        if version >= 2:
            base, end, root = number(start, 12, 8), number(start, 28, 8), number(start, 36, 8)
            self.extension = number(start, 20, 8)
        else:
            first = 24 if version == 0 else 28
            block = self.at(0, first + 72)
            base, end, root = number(block, first, 8), number(block, first + 16, 8), number(block, first + 40, 8)
            if number(block, first + 24, 8) != UNDEFINED:
                raise self.refused(hdf5.EXTERNAL, "it asks for a driver that spreads it over several files", first + 24)
        if base != self._base:
            raise self.damaged(f"its base address is {base:#x} and its superblock is at {self._base:#x}")
        if end > self.length:
            raise self.damaged(f"it should be {end:,} bytes long and has {self.length:,}")
        return root
