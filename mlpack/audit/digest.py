"""Hashes an open file in a thread, while a reader looks into it."""

from __future__ import annotations

import hashlib
import os
import threading
from types import TracebackType
from typing import Self

_CHUNK = 1 << 20


class Digest:
    """A context manager: the SHA-256 of the file behind ``descriptor``, made until the block ends."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._stop = threading.Event()
        self._hash = hashlib.sha256()
        self._error: OSError | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()  # Ctrl-C does not wait for the rest of a large file
        self._thread.join()

    def result(self) -> str:
        """The digest in hexadecimal, once the last byte was read. Raises OSError."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._hash.hexdigest()

    def _run(self) -> None:
        """Read by position: a reader that shares the descriptor is not moved."""
        buffer = memoryview(bytearray(_CHUNK))
        at = 0
        try:
            while not self._stop.is_set() and (count := os.preadv(self._descriptor, [buffer], at)):
                self._hash.update(buffer[:count])
                at += count
        except OSError as error:
            self._error = error
