"""A range of a file as a file of its own, for readers that seek."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any


class RangeFile(io.RawIOBase):
    """``length`` bytes of the file at ``path`` from ``start``."""

    def __init__(self, path: Path, start: int, length: int) -> None:
        super().__init__()
        self._file = path.open("rb", buffering=0)
        self._start = start
        self._length = length
        self._at = 0

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def tell(self) -> int:
        """The offset in the range."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move within the range."""
        origin = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._length}[whence]
        self._at = max(0, origin + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        """Read up to the end of the range."""
        view = memoryview(buffer).cast("B")
        count = max(0, min(len(view), self._length - self._at))
        self._file.seek(self._start + self._at)
        read = self._file.readinto(view[:count]) if count else 0
        self._at += read or 0
        return read or 0

    def close(self) -> None:
        """Close the file behind it."""
        self._file.close()
        super().close()
