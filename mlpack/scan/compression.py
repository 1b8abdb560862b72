"""The compressions that joblib writes, told by their first bytes and undone as a stream under a cap."""

from __future__ import annotations

import bz2
import io
import lzma
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from mlpack.core.errors import CorruptFileError, MissingLibraryError, UnsafeFileError
from mlpack.scan.rules import containers
from mlpack.scan.source import Source

_MAGIC: dict[str, bytes] = {
    "gzip": b"\x1f\x8b",
    "bz2": b"BZh",
    "xz": b"\xfd7zXZ\x00",
    "lzma": b"\x5d\x00",
    "lz4": b"\x04\x22\x4d\x18",
    "zlib": b"\x78",
}
MAX_BYTES = 16 << 30
MAX_RATIO = 2000
"""zlib reaches 1,032 at most; beyond this, 64 MiB are as much as a file may unfold to."""
_FREE_BYTES = 64 << 20
_CHUNK, _CRUMB = 1 << 16, 16
_LZMA_MEMORY = 512 << 20
"""xz at its highest level takes 65 MiB; a header of 20 bytes may ask for 4 GiB."""


def compression_of(head: bytes) -> str:
    """The compression that ``head`` begins with, empty for none."""
    for name, magic in _MAGIC.items():
        if head.startswith(magic):
            if name == "zlib" and (len(head) < 2 or int.from_bytes(head[:2], "big") % 31):
                continue  # RFC 1950: the first two bytes are a multiple of 31
            return name
    return ""


def first_bytes(path: Path, compression: str, count: int) -> bytes:
    """Up to ``count`` bytes of what the file unfolds to; fewer where it is damaged."""
    found = b""
    try:
        with path.open("rb") as raw:
            stream = _Unfolding(raw, compression, str(path))
            while len(found) < count and (part := stream.read(count - len(found))):
                found += part
    except (*_DAMAGED, UnsafeFileError):
        return found
    return found


@contextmanager
def open_decompressed(path: Path, compression: str) -> Iterator[Source]:
    """What the file at ``path`` unfolds to, as a stream.

    Raises CorruptFileError, MissingLibraryError for lz4 where it is not installed, UnsafeFileError for a bomb and for bytes
    behind the compressed stream.
    """
    try:
        with path.open("rb") as raw:
            yield Source(_Unfolding(raw, compression, str(path)), str(path))  # type: ignore[arg-type]
    except _DAMAGED as error:
        raise _corrupt(str(path), compression, error) from error


@dataclass(frozen=True)
class Unfolded:
    """What a stream unfolds to. ``damage`` says why there is no more, ``more`` whether there is."""

    data: bytes
    damage: str = ""
    more: bool = False


def unfolded(file: BinaryIO, compression: str, most: int) -> Unfolded:
    """What an open file unfolds to, up to ``most`` bytes; where it is damaged, what comes before the damage.

    Raises MissingLibraryError, UnsafeFileError for a bomb and for bytes behind the stream.
    """
    found = _unfolded(file, compression, most, _CHUNK)
    # A piece in which the damage lies gives nothing: small ones give more.
    return _unfolded(file, compression, most, _CRUMB) if found.damage and not found.data else found


def _unfolded(file: BinaryIO, compression: str, most: int, chunk: int) -> Unfolded:
    file.seek(0)
    stream = _Unfolding(file, compression, "the stream", chunk)
    parts: list[bytes] = []
    left = most
    try:
        while left and (part := stream.read(left)):
            parts.append(part)
            left -= len(part)
        return Unfolded(b"".join(parts), more=not left and bool(stream.read(1)))
    except _DAMAGED as error:
        return Unfolded(b"".join(parts), f"its {compression} stream cannot be read: {error}")


def _corrupt(name: str, compression: str, error: Exception) -> CorruptFileError:
    return CorruptFileError(
        f"{name} is damaged or truncated",
        why=f"its {compression} stream cannot be read: {error}",
        hint="copy or download the file again",
    )


class _Unfolding:
    """A file's stream, unfolded as it is read. It refuses to unfold without end, and anything behind the stream.

    A second stream behind the first is a part of it, as gzip, bz2, xz and joblib have it.
    """

    def __init__(self, raw: BinaryIO, compression: str, name: str, chunk: int = _CHUNK) -> None:
        self._raw = raw
        self._chunk = chunk
        self._compression = compression
        self._name = name
        start = raw.tell()
        self._limit = min(MAX_BYTES, max(_FREE_BYTES, (raw.seek(0, io.SEEK_END) - start) * MAX_RATIO))
        raw.seek(start)
        self._unfold = _decompressor(compression)
        self._waiting = b""
        self._count = 0

    def read(self, count: int) -> bytes:
        """Up to ``count`` bytes, and none at the end alone."""
        while True:
            if self._unfold.eof and not self._next_stream():
                return b""
            given = b"" if self._unfold.waiting else self._waiting or self._more()
            data = self._unfold.decompress(given, count)
            self._waiting = self._unfold.left()
            if data:
                break
        self._count += len(data)
        if self._count > self._limit:
            message = f"it unfolds to more than {self._limit:,} bytes"
            hint = "if that is right, load it where you trust it and save it without compression"
            raise containers.SIZE.error(self._name, message, hint=hint)
        return data

    def _more(self) -> bytes:
        data = self._raw.read(self._chunk)
        if not data:
            raise EOFError("the stream ends before its end mark")
        return data

    def _next_stream(self) -> bool:
        """Begin with the stream behind the one that ended; False at the end of the file."""
        self._waiting = self._unfold.behind() or self._raw.read(self._chunk)
        if not self._waiting:
            return False
        if compression_of(self._waiting) != self._compression:
            raise containers.BEHIND.error(self._name, f"its {self._compression} stream ends, and the file goes on")
        self._unfold = _decompressor(self._compression)
        return True


class _Decompressor(Protocol):
    """One stream."""

    @property
    def eof(self) -> bool:
        """Whether its end mark was read."""
        ...

    @property
    def waiting(self) -> bool:
        """Whether it holds what it was given and did not unfold yet."""
        ...

    def decompress(self, data: bytes, most: int) -> bytes:
        """Up to ``most`` bytes."""
        ...

    def left(self) -> bytes:
        """What was given and has to be given again."""
        ...

    def behind(self) -> bytes:
        """What was given and lies behind the end mark."""
        ...


class _Zlib:
    """zlib and gzip."""

    waiting = False

    def __init__(self, bits: int) -> None:
        self._stream = zlib.decompressobj(bits)

    @property
    def eof(self) -> bool:
        return self._stream.eof

    def decompress(self, data: bytes, most: int) -> bytes:
        return self._stream.decompress(data, most)

    def left(self) -> bytes:
        return self._stream.unconsumed_tail

    def behind(self) -> bytes:
        return self._stream.unused_data


class _Keeping:
    """bz2, xz, lzma and lz4, whose decompressors keep what they did not unfold yet."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream

    @property
    def eof(self) -> bool:
        return bool(self._stream.eof)

    @property
    def waiting(self) -> bool:
        return not self._stream.needs_input

    def decompress(self, data: bytes, most: int) -> bytes:
        unfolded: bytes = self._stream.decompress(data, most)
        return unfolded

    def left(self) -> bytes:
        return b""

    def behind(self) -> bytes:
        behind: bytes | None = self._stream.unused_data
        return behind or b""


def _decompressor(compression: str) -> _Decompressor:
    match compression:
        case "zlib":
            return _Zlib(zlib.MAX_WBITS)
        case "gzip":
            return _Zlib(zlib.MAX_WBITS | 16)
        case "bz2":
            return _Keeping(bz2.BZ2Decompressor())
        case "xz":
            return _Keeping(lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_LZMA_MEMORY))
        case "lzma":
            return _Keeping(lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=_LZMA_MEMORY))
        case "lz4":
            return _Keeping(_lz4())
        case _:
            raise ValueError(f"no compression is called {compression!r}")


def _lz4() -> Any:
    try:
        import lz4.frame
    except ImportError as error:
        raise MissingLibraryError(
            "the file is compressed with lz4, which is not installed", hint="pip install lz4"
        ) from error
    return lz4.frame.LZ4FrameDecompressor()


# OSError and RuntimeError: what bz2 and lz4 raise for data that is none of theirs.
_DAMAGED = (zlib.error, lzma.LZMAError, EOFError, OSError, RuntimeError, ValueError)
