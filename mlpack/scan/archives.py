"""ZIP archives, judged by their directory before any member is read."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from mlpack.core.errors import CorruptFileError, UnsafeFileError
from mlpack.scan.source import Source

_LOCAL_HEADER = struct.Struct("<4s5H3I2H")
_MAX_MEMBERS = 200_000
_MAX_TEXT = 64 << 20
_SLACK = 1 << 20
_ENCRYPTED = 0x1
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
    """An opened archive. Every method raises CorruptFileError for what is damaged."""

    def __init__(self, path: str, file: BinaryIO) -> None:
        self.path = path
        self._file = file
        with self._reading():
            self._zip = zipfile.ZipFile(cast("BinaryIO", _Capped(file)))
            self.members = {info.filename: info for info in self._zip.infolist()}
            self._check()

    @property
    def names(self) -> tuple[str, ...]:
        """The members' names, in the order of the directory."""
        return tuple(self.members)

    def text(self, name: str) -> bytes:
        """The whole of a small member. Raises UnsafeFileError for one of over 64 MiB."""
        if self.members[name].file_size > _MAX_TEXT:
            raise self._refused(f"its member {name} unfolds to {self.members[name].file_size:,} bytes")
        with self._reading():
            return self._zip.read(name)

    @contextmanager
    def source(self, name: str) -> Iterator[Source]:
        """A member's bytes: a range of the file where it is stored, a stream where it is compressed."""
        info = self.members[name]
        if info.compress_type == zipfile.ZIP_STORED:
            start, length = self.range(name)
            yield Source(self._file, f"{self.path}:{name}", start=start, end=start + length)
            return
        with self._reading(), self._zip.open(info) as stream:
            yield Source(stream, f"{self.path}:{name}")  # type: ignore[arg-type]

    def range(self, name: str) -> tuple[int, int]:
        """Offset and length of a stored member's bytes."""
        info = self.members[name]
        with self._reading():
            self._file.seek(info.header_offset)
            header = _LOCAL_HEADER.unpack(self._file.read(_LOCAL_HEADER.size))
            start = info.header_offset + _LOCAL_HEADER.size + header[9] + header[10]
            if header[0] != b"PK\x03\x04" or self._file.read(header[9]) != _raw_name(info):
                raise zipfile.BadZipFile(f"the local header of {name} is not the one in the directory")
            if start + info.file_size > self._file.seek(0, io.SEEK_END):
                raise zipfile.BadZipFile(f"{name} ends behind the end of the file")
        return start, info.file_size

    def is_stored(self, name: str) -> bool:
        """Whether a member is not compressed."""
        return self.members[name].compress_type == zipfile.ZIP_STORED

    def _check(self) -> None:
        infos = self._zip.infolist()
        if len(infos) > _MAX_MEMBERS:
            raise self._refused(f"it has {len(infos):,} members")
        if len(self.members) != len(infos):
            raise self._refused("two of its members have the same name")
        end = 0
        for info in sorted(infos, key=lambda one: one.header_offset):
            if info.flag_bits & _ENCRYPTED:
                raise self._refused(f"its member {info.filename} is encrypted")
            if info.header_offset < end:
                raise self._refused(f"its member {info.filename} overlaps another")
            end = info.header_offset + _LOCAL_HEADER.size + len(_raw_name(info)) + info.compress_size

    def _refused(self, why: str) -> UnsafeFileError:
        return UnsafeFileError(
            f"{self.path} is refused", why=why, hint="save the model again, or do not load this file"
        )

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except _ERRORS as error:
            raise CorruptFileError(
                f"{self.path} is damaged or truncated",
                why=f"its zip archive cannot be read: {error}",
                hint="copy or download the file again",
            ) from error


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

    A truncated archive has lost its directory, which stands at the end; what it was can still be told.
    """
    try:
        with open_archive(path) as archive:
            return archive.names
    except CorruptFileError:
        return tuple(_local_names(path))
    except UnsafeFileError:
        return tuple(_local_names(path))


def _local_names(path: Path, limit: int = 64) -> Iterator[str]:
    with path.open("rb") as file:
        for _ in range(limit):
            head = file.read(_LOCAL_HEADER.size)
            if len(head) < _LOCAL_HEADER.size or head[:4] != b"PK\x03\x04":
                return
            fields = _LOCAL_HEADER.unpack(head)
            name = file.read(fields[9])
            yield name.decode("utf-8", "replace")
            if fields[2] & 0x8 and not fields[7]:
                return  # sizes stand behind the data: the next header cannot be found
            file.seek(fields[10] + fields[7], io.SEEK_CUR)


def _raw_name(info: zipfile.ZipInfo) -> bytes:
    return info.orig_filename.encode("utf-8" if info.flag_bits & 0x800 else "cp437", "replace")


def is_zip(head: bytes) -> bool:
    """Whether ``head`` is the beginning of a zip archive."""
    return head.startswith(b"PK\x03\x04")
