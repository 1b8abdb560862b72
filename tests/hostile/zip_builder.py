"""Zip archives put together field by field: what no library would write."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

STORED, DEFLATED = 0, 8


@dataclass(frozen=True)
class Member:
    """One member. ``local`` and ``central`` say what the header before it and the directory claim instead of the truth.

    Both take ``name``, ``flags``, ``method``, ``crc``, ``packed``, ``size``, ``extra`` and ``offset`` (the directory alone).
    ``listed``: whether the directory has it.
    """

    name: str
    data: bytes
    method: int = STORED
    local: dict[str, Any] = field(default_factory=dict)
    central: dict[str, Any] = field(default_factory=dict)
    behind: bytes = b""
    listed: bool = True

    @property
    def packed(self) -> bytes:
        """The bytes as they lie in the archive."""
        if self.method != DEFLATED:
            return self.data
        deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
        return deflate.compress(self.data) + deflate.flush()

    def said(self, lies: dict[str, Any]) -> dict[str, Any]:
        """What one of the two headers says."""
        name = self.name.encode()
        true = {
            "name": name,
            "flags": 0,
            "method": self.method,
            "crc": zlib.crc32(self.data),
            "extra": b"",
            "attributes": 0,
        }
        return {**true, "packed": len(self.packed), "size": len(self.data), "system": 0, **lies}


def _fields(said: dict[str, Any]) -> bytes:
    sizes = struct.pack("<3I", said["crc"], said["packed"], said["size"])
    return (
        struct.pack("<4H", said["flags"], said["method"], 0, 0x21)
        + sizes
        + struct.pack("<2H", len(said["name"]), len(said["extra"]))
    )


def local_header(said: dict[str, Any]) -> bytes:
    """The header before a member."""
    return b"PK\x03\x04" + struct.pack("<H", 20) + _fields(said) + said["name"] + said["extra"]


def central_header(said: dict[str, Any], offset: int) -> bytes:
    """The entry in the directory."""
    made_by = struct.pack("<2H", 20 | said["system"] << 8, 20)
    rest = struct.pack("<3HII", 0, said.get("disk", 0), 0, said["attributes"], said.get("offset", offset))
    return b"PK\x01\x02" + made_by + _fields(said) + rest + said["name"] + said["extra"]


def end_record(count: int, size: int, offset: int, comment: bytes = b"", disk: int = 0) -> bytes:
    """The record at the end."""
    return b"PK\x05\x06" + struct.pack("<4H2IH", disk, disk, count, count, size, offset, len(comment)) + comment


def wide_end_record(count: int, size: int, offset: int, place: int) -> bytes:
    """The wide record and its locator, which stand before the record at the end."""
    record = b"PK\x06\x06" + struct.pack("<Q2H2I4Q", 44, 45, 45, 0, 0, count, count, size, offset)
    return record + b"PK\x06\x07" + struct.pack("<IQI", 0, place, 1)


def zipped(
    members: Sequence[Member],
    *,
    before: bytes = b"",
    shift: bool = False,
    behind: bytes = b"",
    comment: bytes = b"",
    count: int | None = None,
    wide: dict[str, int] | None = None,
    gap: bytes = b"",
    disk: int = 0,
) -> bytes:
    """The archive. ``before`` stands before it (``shift``: offsets count from the file's beginning), ``behind`` after it."""
    body, directory, listed = b"", b"", 0
    base = len(before) if shift else 0
    for member in members:
        offset = base + len(body)
        body += local_header(member.said(member.local)) + member.packed + member.behind
        if member.listed:
            directory += central_header(member.said(member.central), offset)
            listed += 1
    body += gap
    place = base + len(body) + len(directory)
    told = (listed if count is None else count, len(directory), base + len(body))
    record = b""
    if wide is not None:
        lies = dict(zip(("count", "size", "offset"), told, strict=True)) | wide
        record = wide_end_record(lies["count"], lies["size"], lies["offset"], wide.get("place", place))
    return before + body + directory + record + end_record(*told, comment, disk) + behind


def deflated_zeros(mebibytes: int) -> bytes:
    """A deflate stream of that many zeros, put together of one packed block: a thousandth of what it unfolds to."""
    deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = deflate.compress(bytes(1 << 20)) + deflate.flush(zlib.Z_FULL_FLUSH)
    return block * mebibytes + deflate.flush()


def descriptor(data: bytes, packed: bytes) -> bytes:
    """What stands behind a member whose header leaves the sizes out."""
    return b"PK\x07\x08" + struct.pack("<3I", zlib.crc32(data), len(packed), len(data))
