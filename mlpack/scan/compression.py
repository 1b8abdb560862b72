"""The compressions that joblib writes, told by their first bytes and undone as a stream under a cap."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO

from mlpack.core.errors import CorruptFileError, MissingLibraryError, UnsafeFileError
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
_CHUNK = 1 << 16


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
    try:
        with path.open("rb") as raw, _stream(raw, compression) as stream:
            return stream.read(count)
    except _decompression_errors():
        return b""


@contextmanager
def open_decompressed(path: Path, compression: str) -> Iterator[Source]:
    """What the file at ``path`` unfolds to, as a stream.

    Raises CorruptFileError, MissingLibraryError for lz4 where it is not installed, UnsafeFileError for a bomb.
    """
    try:
        with path.open("rb") as raw, _stream(raw, compression) as stream:
            yield Source(_Capped(stream, path), str(path))  # type: ignore[arg-type]
    except _decompression_errors() as error:
        raise CorruptFileError(
            f"{path} is damaged or truncated",
            why=f"its {compression} stream cannot be read: {error}",
            hint="copy or download the file again",
        ) from error


class _Capped:
    """A stream that refuses to unfold without end."""

    def __init__(self, stream: IO[bytes], path: Path) -> None:
        self._stream = stream
        self._path = path
        self._count = 0
        self._limit = min(MAX_BYTES, max(_FREE_BYTES, path.stat().st_size * MAX_RATIO))

    def read(self, count: int) -> bytes:
        data = self._stream.read(count)
        self._count += len(data)
        if self._count > self._limit:
            raise UnsafeFileError(
                f"{self._path} is refused",
                why=f"it unfolds to more than {self._limit:,} bytes",
                hint="if that is right, load it where you trust it and save it without compression",
            )
        return data


def _stream(raw: BinaryIO, compression: str) -> IO[bytes]:
    match compression:
        case "gzip":
            import gzip

            return gzip.GzipFile(fileobj=raw)  # type: ignore[return-value]
        case "bz2":
            import bz2

            return bz2.BZ2File(raw)
        case "xz" | "lzma":
            import lzma

            return lzma.LZMAFile(raw, format=lzma.FORMAT_AUTO)
        case "lz4":
            return _lz4(raw)
        case "zlib":
            return io.BufferedReader(_ZlibStream(raw), _CHUNK)
        case _:
            raise ValueError(f"no compression is called {compression!r}")


def _lz4(raw: BinaryIO) -> IO[bytes]:
    try:
        import lz4.frame
    except ImportError as error:
        raise MissingLibraryError(
            "the file is compressed with lz4, which is not installed", hint="pip install lz4"
        ) from error
    opened: IO[bytes] = lz4.frame.LZ4FrameFile(raw)
    return opened


def _decompression_errors() -> tuple[type[Exception], ...]:
    import gzip
    import lzma

    # OSError and RuntimeError: what bz2 and lz4 raise for data that is none of theirs.
    return (zlib.error, lzma.LZMAError, gzip.BadGzipFile, EOFError, OSError, RuntimeError, ValueError)


class _ZlibStream(io.RawIOBase):
    """A bare zlib stream, unfolded into whatever room the reader offers."""

    def __init__(self, raw: BinaryIO) -> None:
        super().__init__()
        self._raw = raw
        self._inflate = zlib.decompressobj()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._inflate.eof:
            waiting = self._inflate.unconsumed_tail or self._raw.read(_CHUNK)
            data = self._inflate.decompress(waiting, len(buffer))
            if data:
                buffer[: len(data)] = data
                return len(data)
            if not waiting:
                raise EOFError("the stream ends before its end mark")
        return 0
