"""The directory of a zip archive, held against the headers that stand before the members.

Readers differ in which of the two they believe, in where they look for the directory, and in what they do with bytes that
belong to no member. An archive in which all agree says the same to every reader.

Format: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
"""

from __future__ import annotations

import io
import stat
import struct
import unicodedata
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from mlpack.core.finding import Finding
from mlpack.scan.rules import Rule, containers

LOCAL = struct.Struct("<4s5H3I2H")
LOCAL_MAGIC = b"PK\x03\x04"
_END = struct.Struct("<4s4H2IH")
_END_MAGIC = b"PK\x05\x06"
_LOCATOR = struct.Struct("<4sIQI")
_END64 = struct.Struct("<4sQ2H2I4Q")
_CENTRAL_SIZE = 46
_MAX_COMMENT = 1 << 16
_MAX_DIRECTORY = 64 << 20
_FAR = 1 << 62
"""No file reaches there, and none can be sought beyond."""
_FULL16, _FULL32 = 0xFFFF, 0xFFFFFFFF
_ENCRYPTED = 0x0001 | 0x0040 | 0x2000
_DESCRIBED_BEHIND = 0x0008
_KNOWN_FLAGS = _DESCRIBED_BEHIND | 0x0002 | 0x0004 | 0x0800
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_AES = 99
_EXTRA_SIZES, _EXTRA_NAME = 0x0001, 0x7075
_MAX_MEMBERS = 200_000
_DEFLATE_RATIO = 1100
"""Deflate reaches 1,032."""
_MAX_RATIO, _FREE_BYTES = 200, 256 << 20
_MOST = 20
_UNIX = 3


@dataclass(frozen=True)
class Local:
    """The header before a member; ``data`` is where the member's bytes begin."""

    name: bytes
    flags: int
    method: int
    checksum: int
    packed: int
    size: int
    data: int


def read_local(file: BinaryIO, offset: int) -> Local | None:
    """The header at ``offset``; None where none stands."""
    if not 0 <= offset < _FAR:
        return None
    file.seek(offset)
    head = file.read(LOCAL.size)
    if len(head) < LOCAL.size or not head.startswith(LOCAL_MAGIC):
        return None
    _, _, flags, method, _, _, checksum, packed, size, name_length, extra_length = LOCAL.unpack(head)
    rest = file.read(name_length + extra_length)
    wide = _extra(rest[name_length:], _EXTRA_SIZES)
    if _FULL32 in (packed, size) and len(wide) >= 16:
        size, packed = struct.unpack_from("<2Q", wide)
    return Local(rest[:name_length], flags, method, checksum, packed, size, offset + len(head) + len(rest))


def check_directory(file: BinaryIO, infos: Sequence[zipfile.ZipInfo]) -> list[Finding]:
    """What is wrong with the archive in ``file``, whose directory lists ``infos``. Raises zipfile.BadZipFile."""
    end = _end_of(file)
    found = [*end.findings, *_check_sizes(infos, end.length), *_check_names(infos)]
    if not end.count == len(infos) == _listed(file, end):
        found.append(containers.DIRECTORY.finding(f"it counts {end.count:,} members and lists {len(infos):,}"))
    found += _check_layout(file, infos, end.directory)
    return found[:_MOST]


@dataclass(frozen=True)
class _End:
    """The record at the end: how many members, where the directory begins, how long it is, how long the file is."""

    count: int
    directory: int
    size: int
    length: int
    findings: tuple[Finding, ...]


def _end_of(file: BinaryIO) -> _End:
    length = file.seek(0, io.SEEK_END)
    start = max(0, length - _MAX_COMMENT - _END.size)
    file.seek(start)
    tail = file.read(length - start)
    at = len(tail) - _END.size if tail[-_END.size :].startswith(_END_MAGIC) else tail.rfind(_END_MAGIC)
    if at < 0 or len(tail) - at < _END.size:
        raise zipfile.BadZipFile("it has no directory")
    _, disk, first_disk, here, count, size, directory, comment = _END.unpack_from(tail, at)
    found: list[Finding] = []
    behind = len(tail) - at - _END.size
    if behind or comment:
        found.append(containers.AROUND.finding(f"{behind:,} bytes stand behind its directory", offset=length - behind))
    stop = start + at
    wide = _end64(file, stop, found)
    if wide is not None:
        stop -= _LOCATOR.size + _END64.size
        short = ((here, _FULL16), (count, _FULL16), (size, _FULL32), (directory, _FULL32))
        if any(one not in (full, long) for (one, full), long in zip(short, wide, strict=True)):
            found.append(containers.DIRECTORY.finding("its two records at the end do not agree", offset=stop))
        here, count, size, directory = wide
    if disk or first_disk or here != count:
        found.append(containers.DIRECTORY.finding("it is a part of an archive of several", offset=stop))
    before = stop - size - directory
    if before:
        found.append(
            containers.AROUND.finding(f"{before:,} bytes stand before it, or its directory is not where it says")
        )
    return _End(count, stop - size, size, length, tuple(found))


def _end64(file: BinaryIO, stop: int, found: list[Finding]) -> tuple[int, int, int, int] | None:
    """The four numbers of the wide record that stands before the one at ``stop``; None where there is none."""
    if stop < _LOCATOR.size + _END64.size:
        return None
    file.seek(stop - _LOCATOR.size)
    magic, disk, offset, disks = _LOCATOR.unpack(file.read(_LOCATOR.size))
    if magic != b"PK\x06\x07":
        return None
    place = stop - _LOCATOR.size - _END64.size
    file.seek(place)
    record = _END64.unpack(file.read(_END64.size))
    if record[0] != b"PK\x06\x06" or offset != place or record[1] != _END64.size - 12 or disk or disks > 1:
        found.append(containers.DIRECTORY.finding("its wide record at the end is not where it says", offset=place))
        return None
    if record[4] or record[5]:
        found.append(containers.DIRECTORY.finding("it is a part of an archive of several", offset=place))
    return record[6], record[7], record[8], record[9]


def _listed(file: BinaryIO, end: _End) -> int:
    """How many entries fill the directory; -1 where they do not end with it."""
    file.seek(max(0, end.directory))
    entries = file.read(min(end.size, _MAX_DIRECTORY))
    at = count = 0
    while entries[at : at + 4] == b"PK\x01\x02" and at + _CENTRAL_SIZE <= len(entries):
        at += _CENTRAL_SIZE + sum(struct.unpack_from("<3H", entries, at + 28))
        count += 1
    return count if at == len(entries) else -1


def _check_sizes(infos: Sequence[zipfile.ZipInfo], length: int) -> Iterator[Finding]:
    if len(infos) > _MAX_MEMBERS:
        yield containers.SIZE.finding(f"it has {len(infos):,} members")
    total = sum(info.file_size for info in infos if info.compress_type != zipfile.ZIP_STORED)
    if total > max(_FREE_BYTES, length * _MAX_RATIO):
        yield containers.SIZE.finding(f"it unfolds from {length:,} to {total:,} bytes")


def _check_names(infos: Sequence[zipfile.ZipInfo]) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for info in infos:
        name = info.filename
        wrong = _wrong_name(info)
        if wrong:
            yield containers.NAME.finding(f"the name of its member {name} {wrong}", member=name)
        alike = unicodedata.normalize("NFC", name).casefold().rstrip("/")
        if alike in seen:
            yield containers.DUPLICATE.finding(f"its member {name} has the name of {seen[alike]}", member=name)
        seen[alike] = name


def _wrong_name(info: zipfile.ZipInfo) -> str:
    """What is wrong with the name of a member; empty where nothing is."""
    name = info.orig_filename
    parts = name.replace("\\", "/").split("/")
    if not name or "\\" in name or ":" in parts[0] or name.startswith("/") or ".." in parts:
        return "leads out of the archive"
    if not name.isprintable():
        return "has characters in it that are not shown"
    if not name.isascii() and not info.flag_bits & 0x800:
        return "is in an encoding that is not said"
    if _extra(info.extra, _EXTRA_NAME):
        return "is given twice"
    if info.create_system == _UNIX and stat.S_ISLNK(info.external_attr >> 16):
        return "is that of a link"
    return ""


def _check_layout(file: BinaryIO, infos: Sequence[zipfile.ZipInfo], directory: int) -> Iterator[Finding]:
    """Each member against its own header, and the members against each other."""
    end = 0
    for info in sorted(infos, key=lambda one: one.header_offset):
        local = read_local(file, info.header_offset)
        if local is None:
            yield _about(containers.HEADERS, info, "has no header where the directory says it begins")
            continue
        yield from _check_member(info, local)
        if info.header_offset < end:
            yield _about(containers.OVERLAP, info, "overlaps the one before it")
        elif info.header_offset > end:
            rule = containers.HIDDEN if end else containers.AROUND
            yield rule.finding(
                f"{info.header_offset - end:,} bytes stand before its member {info.filename}", offset=end
            )
        stop = local.data + info.compress_size
        behind = _descriptor(file, stop, info) if local.flags & _DESCRIBED_BEHIND else 0
        if behind is None:
            yield _about(containers.HEADERS, info, "is described in another way behind its bytes")
        end = max(end, stop + (behind or 0))
    if end != directory:
        message = f"{directory - end:,} bytes stand before its directory"
        yield containers.HIDDEN.finding(
            message if end < directory else "its members reach into its directory", offset=end
        )


def _check_member(info: zipfile.ZipInfo, local: Local) -> Iterator[Finding]:
    if (info.flag_bits | local.flags) & _ENCRYPTED or _AES in (info.compress_type, local.method):
        where = "the directory" if info.flag_bits & _ENCRYPTED else "its own header alone"
        yield _about(containers.ENCRYPTED, info, f"is encrypted, as {where} says")
    elif (info.flag_bits | local.flags) & ~_KNOWN_FLAGS:
        yield _about(containers.METHOD, info, f"has the flags {info.flag_bits | local.flags:#06x}")
    if info.compress_type not in _METHODS:
        yield _about(containers.METHOD, info, f"is packed by method {info.compress_type}")
    if info.compress_type == zipfile.ZIP_STORED and info.compress_size != info.file_size:
        yield _about(
            containers.HEADERS, info, f"is not packed and takes {info.compress_size:,} of {info.file_size:,} bytes"
        )
    if info.file_size > (info.compress_size + 1) * _DEFLATE_RATIO:
        yield _about(containers.SIZE, info, f"would unfold from {info.compress_size:,} to {info.file_size:,} bytes")
    if info.volume:
        yield _about(containers.DIRECTORY, info, "lies in another part of the archive")
    differing = [word for word, one, other in _said_twice(info, local) if one != other]
    if differing:
        yield _about(containers.HEADERS, info, f"has another {' and '.join(differing)} in its own header")


def _said_twice(info: zipfile.ZipInfo, local: Local) -> Iterator[tuple[str, object, object]]:
    """What the directory and a member's own header both say. Sizes may stand behind the member instead."""
    yield "name", raw_name(info), local.name
    yield "method", info.compress_type, local.method
    yield "set of flags", info.flag_bits, local.flags
    numbers = ((info.CRC, local.checksum), (info.compress_size, local.packed), (info.file_size, local.size))
    for word, (one, other) in zip(("checksum", "packed size", "size"), numbers, strict=True):
        said_behind = local.flags & _DESCRIBED_BEHIND and other in (0, _FULL32)
        yield word, one, one if said_behind else other


def _descriptor(file: BinaryIO, offset: int, info: zipfile.ZipInfo) -> int | None:
    """How long the descriptor at ``offset`` is; None where none says what the directory does."""
    file.seek(offset)
    data = file.read(24)
    for wide in (True, False):
        said = struct.pack("<I2Q" if wide else "<3I", info.CRC, *_fitting(info, wide=wide))
        for magic in (b"PK\x07\x08", b""):
            if data.startswith(magic + said):
                return len(magic + said)
    return None


def _fitting(info: zipfile.ZipInfo, *, wide: bool) -> tuple[int, int]:
    mask = (1 << 64) - 1 if wide else _FULL32
    return info.compress_size & mask, info.file_size & mask


def _about(rule: Rule, info: zipfile.ZipInfo, what: str) -> Finding:
    return rule.finding(f"its member {info.filename} {what}", member=info.filename, offset=info.header_offset)


def raw_name(info: zipfile.ZipInfo) -> bytes:
    """The name as the directory has it."""
    return info.orig_filename.encode("utf-8" if info.flag_bits & 0x800 else "cp437", "replace")


def _extra(fields: bytes, wanted: int) -> bytes:
    """The extra field of that number; empty where there is none."""
    at = 0
    while at + 4 <= len(fields):
        number, length = struct.unpack_from("<2H", fields, at)
        if number == wanted:
            return fields[at + 4 : at + 4 + length]
        at += 4 + length
    return b""
