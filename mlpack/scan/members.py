"""Looks for what could run in files that are no model, or lie about what they are: archives, compressed streams, arrays.

Nothing here is loaded by mlpack. A scan says what lies in such a file, so that nobody unpacks it unwarned.
"""

from __future__ import annotations

import io
import re
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO, cast

from mlpack.core.errors import MissingLibraryError, UnsafeFileError, UsageError
from mlpack.core.finding import Finding
from mlpack.core.trust import Use
from mlpack.scan.compression import compression_of, unfolded
from mlpack.scan.numpy_files import is_npy, judge_npy
from mlpack.scan.pickles.beginning import begins_like_pickle
from mlpack.scan.pickles.stream import read_row
from mlpack.scan.rules import containers, files
from mlpack.scan.rules.rule import plain_text
from mlpack.scan.source import Source
from mlpack.scan.zip_directory import LOCAL_MAGIC, check_directory, read_local

_MAX_DEPTH = 4
_MAX_MEMBERS = 10_000
_MAX_FINDINGS = 200
_MAX_BYTES = 64 << 20
"""As much is unpacked or searched of one member; what is larger is read only as far as it is a pickle."""
_HEAD = 512
_LOCAL_MAGIC = re.compile(re.escape(LOCAL_MAGIC))
_NEXT_HEADER = re.compile(rb"PK(?:\x03\x04|\x07\x08|\x01\x02)")
_STRANGE = (
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x28\xb5\x2f\xfd", "zstd-compressed"),
)


@dataclass
class _Look:
    """One look into a file, with what was found and what may still be spent."""

    findings: list[Finding] = field(default_factory=list)
    members: int = _MAX_MEMBERS
    left: int = 4 * _MAX_BYTES

    def content(self, file: BinaryIO, length: int, name: str, depth: int) -> None:
        """Look at ``length`` bytes of a seekable file from its beginning."""
        if len(self.findings) > _MAX_FINDINGS:
            return
        if depth > _MAX_DEPTH:
            self.findings.append(containers.DEEP.finding(f"{name} lies in {depth} archives", member=name))
            return
        file.seek(0)
        head = file.read(_HEAD)
        compression = compression_of(head)
        if is_npy(head):
            self._npy(file, length, name)
        elif head.startswith(LOCAL_MAGIC):
            self.zip(file, name, depth)
        elif head[257:262] == b"ustar":
            self._tar(file, name, depth)
        elif any(head.startswith(magic) for magic, _ in _STRANGE):
            kind = next(kind for magic, kind in _STRANGE if head.startswith(magic))
            self.findings.append(
                files.CONTAINER.finding(f"{name or 'it'} is {kind}, and was not looked into", member=name)
            )
        elif not (compression and self._compressed(file, compression, name, depth)):
            self._pickle(file, length, name, head)

    def zip(self, file: BinaryIO, name: str, depth: int) -> None:
        """Every member of an archive that agrees with itself; of another one, whatever stands behind a header."""
        found: list[Finding]
        infos: list[zipfile.ZipInfo] = []
        try:
            infos = zipfile.ZipFile(file).infolist()
            found = check_directory(file, infos)
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, RuntimeError, EOFError) as error:
            found = [files.CORRUPT.finding(f"its zip archive cannot be read: {error}")]
        self.findings += (_inside(name, one) for one in found)
        if found:
            self.headers(file, infos, name, depth)
            return
        for info in infos:
            local = read_local(file, info.header_offset)
            if local is not None and not info.is_dir():
                part = _part(file, local.data, info.compress_size)
                self._member(part, info.compress_type, f"{name}/{info.filename}".lstrip("/"), depth)

    def headers(self, file: BinaryIO, infos: list[zipfile.ZipInfo], name: str, depth: int) -> None:
        """What stands behind each header of a member that there is, whether the directory lists it or not."""
        file.seek(0)
        data = file.read(_MAX_BYTES)
        starts = {match.start() for match in _LOCAL_MAGIC.finditer(data)} | {info.header_offset for info in infos}
        for start in sorted(starts)[:_MAX_MEMBERS]:
            local = read_local(file, start)
            if local is None:
                continue
            following = _NEXT_HEADER.search(data, local.data)
            listed = [info for info in infos if info.header_offset == start]
            said = max([local.packed, *(info.compress_size for info in listed)])
            length = said or (following.start() if following else len(data)) - local.data
            label = f"{name}/{local.name.decode('utf-8', 'replace')}".lstrip("/")
            for method in sorted({local.method, *(info.compress_type for info in listed)}):
                self._member(_part(file, local.data, length), method, label, depth)

    def _member(self, part: BinaryIO, method: int, name: str, depth: int) -> None:
        name = plain_text(name)
        self.members -= 1
        if self.members < 0 or self.left < 0:
            return
        if method != zipfile.ZIP_DEFLATED:
            self.content(part, part.seek(0, io.SEEK_END), name, depth + 1)
            return
        inflate = zlib.decompressobj(-15)
        try:
            data = inflate.decompress(part.read(_MAX_BYTES), _MAX_BYTES)
        except zlib.error:
            return  # not packed, whatever the header says
        self.left -= len(data)
        self.content(io.BytesIO(data), len(data), name, depth + 1)

    def _tar(self, file: BinaryIO, name: str, depth: int) -> None:
        file.seek(0)  # tarfile begins where the file stands
        try:
            with tarfile.open(fileobj=file, mode="r:") as archive:
                for info in archive:
                    if self.members < 0:
                        return
                    if info.isreg():
                        part = _part(file, info.offset_data, info.size)
                        self._member(part, zipfile.ZIP_STORED, f"{name}/{info.name}".lstrip("/"), depth)
        except (tarfile.TarError, ValueError, OSError, EOFError) as error:
            self.findings.append(files.CORRUPT.finding(f"its tar archive cannot be read: {error}", member=name))

    def _compressed(self, file: BinaryIO, compression: str, name: str, depth: int) -> bool:
        """False where it is not compressed after all."""
        try:
            unpacked = unfolded(file, compression, _MAX_BYTES)
        except UnsafeFileError as error:
            self.findings += (replace(one, member=name) for one in error.findings)
            return True
        except MissingLibraryError:
            return False
        if not unpacked.data:
            return False
        self.left -= len(unpacked.data)
        if self.left >= 0:
            self.content(io.BytesIO(unpacked.data), len(unpacked.data), name, depth + 1)
        if unpacked.damage:
            self.findings.append(files.CORRUPT.finding(unpacked.damage, member=name))
        if unpacked.more:
            message = f"{name or 'it'} unfolds to more than {_MAX_BYTES:,} bytes, and the rest was not looked into"
            self.findings.append(files.CONTAINER.finding(message, member=name))
        return True

    def _npy(self, file: BinaryIO, length: int, name: str) -> None:
        source = Source(file, name, end=length)
        found = judge_npy(source, name)
        self.findings += found
        if any(one.rule == containers.OBJECTS.id for one in found):
            self.findings += read_row(source, member=name)[0]

    def _pickle(self, file: BinaryIO, length: int, name: str, head: bytes) -> None:
        """What a load as a pickle would do. Bytes of another kind may read as the beginning of one: a name is not enough."""
        found, complete = read_row(Source(file, name, end=length), member=name)
        if begins_like_pickle(head):
            self.findings += found
            return
        uses = [one for one in found if _names_code(one.use)]
        if any(complete or one.severity == "error" or not one.use.endswith(":referred") for one in uses):
            self.findings += uses


class _Part(io.RawIOBase):
    """A range of an open file as a file of its own."""

    def __init__(self, file: BinaryIO, start: int, length: int) -> None:
        super().__init__()
        self.length = length
        self._file, self._start, self._at = file, start, 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.length}[whence]
        self._at = max(0, origin + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, count: int = -1) -> bytes:
        left = max(0, self.length - self._at)
        self._file.seek(self._start + self._at)
        data = self._file.read(left if count < 0 else min(count, left))
        self._at += len(data)
        return data


def _part(file: BinaryIO, start: int, length: int) -> BinaryIO:
    return cast("BinaryIO", _Part(file, start, length))


def findings_inside(path: Path) -> tuple[Finding, ...]:
    """What is found in the archive, compressed file or array file at ``path``, in its members and in theirs."""
    look = _Look()
    with path.open("rb", buffering=0) as raw:
        file = cast("BinaryIO", raw)
        length = file.seek(0, io.SEEK_END)
        look.content(file, length, "", 0)
        file.seek(0)
        if not file.read(4).startswith(LOCAL_MAGIC) and _ends_like_zip(file):
            look.zip(file, "", 0)
    return tuple(dict.fromkeys(look.findings))


def _ends_like_zip(file: BinaryIO) -> bool:
    try:
        return zipfile.is_zipfile(file)
    except zipfile.BadZipFile:  # raised by Python 3.11 for a directory that says it is one of several
        return True


def findings_in_zip(file: BinaryIO) -> Iterator[Finding]:
    """What could run in the members of an archive that contradicts itself: in all that have a header, listed or not."""
    look = _Look()
    try:
        infos = zipfile.ZipFile(file).infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, RuntimeError, EOFError):
        infos = []
    look.headers(file, infos, "", 0)
    yield from (one for one in dict.fromkeys(look.findings) if one.rule not in {files.CORRUPT.id, containers.LENGTH.id})


def _names_code(use: str) -> bool:
    """Whether something could be imported by that name: ``class Foo:`` on a line of its own reads as none."""
    try:
        Use.parse(use)
    except UsageError:
        return False
    return True


def _inside(name: str, found: Finding) -> Finding:
    return replace(found, member=f"{name}/{found.member}".strip("/")) if name else found
