"""ZIP archives, judged by their directory before any member is read."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, cast

from mlpack.core.errors import CorruptFileError, MlpackError, UnsafeFileError
from mlpack.core.finding import Finding
from mlpack.scan.members import findings_in_zip
from mlpack.scan.rules import all_rules, containers, files
from mlpack.scan.source import Source
from mlpack.scan.zip_directory import LOCAL, LOCAL_MAGIC, check_directory, read_local

_MAX_TEXT = 64 << 20
_SLACK = 1 << 20
_CHUNK = 1 << 20
_ERRORS = (
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
    ValueError,
    EOFError,
    OverflowError,
    struct.error,
    zlib.error,
    OSError,
)
"""What zipfile raises for damaged archives."""


class Archive:
    """An opened archive in which the directory and the members agree. Every method raises CorruptFileError for damage.

    Raises UnsafeFileError for an archive that readers may see in two ways, with what its members hold.
    """

    def __init__(self, path: str, file: BinaryIO) -> None:
        self.path = path
        self._file = file
        with self._reading():
            self._zip = zipfile.ZipFile(cast("BinaryIO", _Capped(file)))
            self.members = {info.filename: info for info in self._zip.infolist()}
            found = check_directory(file, self._zip.infolist())
        if found:
            raise self.refused(found)

    @property
    def names(self) -> tuple[str, ...]:
        """The members' names, in the order of the directory."""
        return tuple(self.members)

    def text(self, name: str) -> bytes:
        """The whole of a small member. Raises UnsafeFileError for one of over 64 MiB."""
        size = self.members[name].file_size
        if size > _MAX_TEXT:
            raise self.refused([containers.SIZE.finding(f"its member {name} unfolds to {size:,} bytes", member=name)])
        with self._reading():
            return self._zip.read(name)

    @contextmanager
    def source(self, name: str) -> Iterator[Source]:
        """A member's bytes: a range of the file where it is stored, its checksum held; a stream where it is compressed."""
        info = self.members[name]
        if info.compress_type == zipfile.ZIP_STORED:
            start, length = self.range(name)
            self._check_sum(info, start)
            yield Source(self._file, f"{self.path}:{name}", start=start, end=start + length)
            return
        with self._reading(), self._zip.open(info) as stream:
            yield Source(stream, f"{self.path}:{name}")  # type: ignore[arg-type]

    def range(self, name: str) -> tuple[int, int]:
        """Offset and length of a stored member's bytes."""
        info = self.members[name]
        with self._reading():
            local = read_local(self._file, info.header_offset)
            if local is None:
                raise zipfile.BadZipFile(f"{name} has no header")
        return local.data, info.file_size

    def is_stored(self, name: str) -> bool:
        """Whether a member is not compressed."""
        return self.members[name].compress_type == zipfile.ZIP_STORED

    def _check_sum(self, info: zipfile.ZipInfo, start: int) -> None:
        self._file.seek(start)
        left, found = info.file_size, 0
        while left:
            part = self._file.read(min(left, _CHUNK))
            if not part:
                break
            found = zlib.crc32(part, found)
            left -= len(part)
        if found != info.CRC:
            message = f"its member {info.filename} has the checksum {found:08x}, not {info.CRC:08x}"
            raise self.refused([containers.CHECKSUM.finding(message, member=info.filename, offset=start)])

    def refused(self, found: Iterable[Finding]) -> MlpackError:
        """The error for what was found. It says what the members hold too: who lies about an archive has something in it."""
        findings = (*found, *findings_in_zip(self._file))
        why = "; ".join(one.message for one in findings[:3])
        if all(one.severity != "error" or all_rules()[one.rule].damage for one in findings):
            return CorruptFileError(
                f"{self.path} is damaged or truncated", why=why, hint=findings[0].hint, findings=findings
            )
        return UnsafeFileError(f"{self.path} is refused", why=why, hint=findings[0].hint, findings=findings)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except _ERRORS as error:
            rule = containers.CHECKSUM if "CRC" in str(error) else files.CORRUPT
            found = rule.finding(f"its zip archive cannot be read: {error}")
            raise self.refused([found]) from error


class _Capped:
    """A file of which zipfile cannot read more at once than a directory or a text may take."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek = file.seek
        self.tell = file.tell

    def seekable(self) -> bool:
        return True

    def read(self, count: int = -1) -> bytes:
        most = _MAX_TEXT + _SLACK
        data = self._file.read(min(count, most) if count >= 0 else most)
        if count > most or len(data) == most:
            raise zipfile.BadZipFile(f"a part of over {most:,} bytes")
        return data


@contextmanager
def open_archive(path: Path) -> Iterator[Archive]:
    """The archive at ``path``. Raises CorruptFileError, UnsafeFileError."""
    with path.open("rb", buffering=0) as file:
        yield Archive(str(path), file)


def member_names(path: Path) -> tuple[str, ...]:
    """The names in the archive at ``path``; where its directory cannot be read, those of the first local headers.

    A truncated archive has lost its directory, which stands at the end; what it was can still be told. Several formats ask.
    """
    status = path.stat()
    return _member_names(path, (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns))


@lru_cache(maxsize=4)
def _member_names(path: Path, _: tuple[int, ...]) -> tuple[str, ...]:
    with path.open("rb", buffering=0) as file:
        try:
            return tuple(zipfile.ZipFile(cast("BinaryIO", _Capped(file))).namelist())
        except _ERRORS:
            return tuple(_local_names(path))


def _local_names(path: Path, limit: int = 64) -> Iterator[str]:
    with path.open("rb") as file:
        for _ in range(limit):
            head = file.read(LOCAL.size)
            if len(head) < LOCAL.size or not head.startswith(LOCAL_MAGIC):
                return
            fields = LOCAL.unpack(head)
            name = file.read(fields[9])
            yield name.decode("utf-8", "replace")
            if fields[2] & 0x8 and not fields[7]:
                return  # sizes stand behind the data: the next header cannot be found
            file.seek(fields[10] + fields[7], io.SEEK_CUR)


def is_zip(head: bytes) -> bool:
    """Whether ``head`` is the beginning of a zip archive."""
    return head.startswith(LOCAL_MAGIC)
