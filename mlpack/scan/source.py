"""Bytes to be read once from front to back, where what does not matter is skipped and never held."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from mlpack.core.errors import CorruptFileError

_CHUNK = 1 << 16


class Source:
    """A range of a seekable file, or a stream of unknown length (``end`` is None).

    Small reads come from a buffer of 64 KiB; `skip` seeks where it can. Every method raises CorruptFileError when the
    bytes run out.
    """

    def __init__(self, file: BinaryIO, name: str, *, start: int = 0, end: int | None = None) -> None:
        self.name = name
        self.end = end
        self._file = file
        self._start = start
        # Open to readers that take byte after byte: a method call for each would cost more than all the rest.
        self.buffer = b""
        self.at = 0
        """Where the next byte lies in the buffer."""
        self.offset = start
        """Where the buffer lies in the file."""
        self.steps = 0
        """How many parts a reader has taken, where it keeps to a budget."""
        if end is not None:
            file.seek(start)

    @property
    def position(self) -> int:
        """The offset of the next byte."""
        return self.offset + self.at

    def read(self, count: int) -> bytes:
        """Exactly ``count`` bytes."""
        at = self.at
        stop = at + count
        if stop <= len(self.buffer):
            self.at = stop
            return self.buffer[at:stop]
        return self._read_far(count)

    def byte(self) -> int:
        """The next byte as a number."""
        if self.at < len(self.buffer):
            value = self.buffer[self.at]
            self.at += 1
            return value
        return self._read_far(1)[0]

    def peek(self) -> bytes:
        """What lies ahead in the buffer, which is filled when it is empty; nothing at the end."""
        if self.at >= len(self.buffer):
            self._fill()
        return self.buffer[self.at :]

    def at_end(self) -> bool:
        """Whether no byte is left."""
        return self.at >= len(self.buffer) and not self._fill()

    def line(self, limit: int) -> tuple[bytes, int]:
        """Bytes up to a newline, which is consumed: the first ``limit`` of them, and how many there were."""
        kept, length = bytearray(), 0
        while True:
            if self.at_end():
                raise self.truncated(1)
            stop = self.buffer.find(b"\n", self.at)
            part = self.buffer[self.at : stop if stop >= 0 else len(self.buffer)]
            kept += part[: max(0, limit - len(kept))]
            length += len(part)
            self.at += len(part)
            if stop >= 0:
                self.at += 1
                return bytes(kept), length

    def skip(self, count: int) -> None:
        """Pass over ``count`` bytes without holding them."""
        left = len(self.buffer) - self.at
        if count <= left:
            self.at += count
        elif self.end is None:
            self._skip_stream(count)
        else:
            target = self.position + count
            if target > self.end:
                raise self.truncated(count)
            self._file.seek(target)
            self.buffer, self.at, self.offset = b"", 0, target

    def left(self) -> int | None:
        """How many bytes are left; None for a stream."""
        return None if self.end is None else self.end - self.position

    def truncated(self, wanted: int) -> CorruptFileError:
        """The error for ``wanted`` bytes that are not there."""
        return CorruptFileError(
            f"{self.name} is truncated",
            why=f"{wanted} more bytes were expected at offset {self.position}, the file ends before",
            hint="copy or download the file again; the writing may have been interrupted",
        )

    def _read_far(self, count: int) -> bytes:
        left = self.left()
        if left is not None and count > left:
            raise self.truncated(count)
        parts, missing = [], count
        while missing:
            if self.at_end():
                raise self.truncated(missing)
            part = self.buffer[self.at : self.at + missing]
            self.at += len(part)
            missing -= len(part)
            parts.append(part)
        return b"".join(parts)

    def _skip_stream(self, count: int) -> None:
        while count:
            if self.at_end():
                raise self.truncated(count)
            step = min(count, len(self.buffer) - self.at)
            self.at += step
            count -= step

    def _fill(self) -> bool:
        self.offset += len(self.buffer)
        wanted = _CHUNK if self.end is None else min(_CHUNK, self.end - self.offset)
        self.buffer, self.at = self._file.read(wanted) if wanted > 0 else b"", 0
        return bool(self.buffer)


@contextmanager
def open_source(path: Path) -> Iterator[Source]:
    """The whole file at ``path`` as a Source."""
    with path.open("rb", buffering=0) as raw:
        yield source_of(raw, str(path))


def source_of(file: BinaryIO | io.FileIO, name: str) -> Source:
    """The whole of a seekable file, from its first byte."""
    end = file.seek(0, io.SEEK_END)
    return Source(file, name, end=end)
