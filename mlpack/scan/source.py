"""Bytes to be read once from front to back, where what does not matter is skipped and never held."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from mlpack.core.errors import CorruptFileError

_CHUNK = 1 << 16
_FIRST = 1 << 12
"""After a leap little is read: between two arrays lie a few hundred bytes."""


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
        self._rest = b""
        self._step = _CHUNK
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

    def read_bytearray(self, count: int) -> bytearray:
        """As `read`, into memory that may be changed: what is large is not copied."""
        left = self.left()
        if left is None or count <= _CHUNK:
            return bytearray(self.read(count))
        if count > left:
            raise self.truncated(count)
        self._move_to(self.position)
        data = _bytearray_of(count)
        view, filled = memoryview(data), 0
        while filled < count:
            read = self._file.readinto(view[filled:])  # type: ignore[attr-defined]
            if not read:
                raise self.truncated(count - filled)
            filled += read
        self.offset += count
        return data

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

    def cut(self, at: int) -> None:
        """End the buffer at ``at``; what was behind it comes with the next."""
        self._rest = self.buffer[at:] + self._rest
        self.buffer = self.buffer[:at]

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
            self._move_to(target)
            self._step = _FIRST

    def part(self, start: int, length: int) -> bytes:
        """The bytes at an offset that was passed; none of a stream, which cannot go back. Nothing else changes."""
        if self.end is None:
            return b""
        self._file.seek(start)
        data = self._file.read(length)
        self._file.seek(self.offset + len(self.buffer) + len(self._rest))
        return data

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

    def _move_to(self, target: int) -> None:
        """Let go of the buffer, and put the file where the next byte lies."""
        self._file.seek(target)
        self.buffer, self._rest, self.at, self.offset = b"", b"", 0, target

    def _read_far(self, count: int) -> bytes:
        """As `read`, in one piece from a file, in pieces from a stream: what is not there takes no memory."""
        left = self.left()
        if left is None:
            return self._read_stream(count)
        if count > left:
            raise self.truncated(count)
        self._move_to(self.position)
        self.offset += count
        data = self._file.read(count)
        while len(data) < count:
            part = self._file.read(count - len(data))
            if not part:
                raise self.truncated(count - len(data))
            data += part
        return data

    def _read_stream(self, count: int) -> bytes:
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
        self.at = 0
        if self._rest:
            self.buffer, self._rest = self._rest, b""
            return True
        wanted = self._step if self.end is None else min(self._step, self.end - self.offset)
        self.buffer = self._file.read(wanted) if wanted > 0 else b""
        self._step = min(2 * self._step, _CHUNK)
        return bool(self.buffer)


def _bytearray_of(count: int) -> bytearray:
    """``count`` bytes of whatever lay there. ``bytearray(count)`` writes zeros, which takes half as long again as reading."""
    import ctypes

    make = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_char_p, ctypes.c_ssize_t)
    made: bytearray = make(("PyByteArray_FromStringAndSize", ctypes.pythonapi))(None, count)
    return made


@contextmanager
def open_source(path: Path) -> Iterator[Source]:
    """The whole file at ``path`` as a Source."""
    with path.open("rb", buffering=0) as raw:
        yield source_of(raw, str(path))


def source_of(file: BinaryIO | io.FileIO, name: str) -> Source:
    """The whole of a seekable file, from its first byte."""
    end = file.seek(0, io.SEEK_END)
    return Source(file, name, end=end)
