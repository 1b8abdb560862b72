"""What a terminal shows while something takes longer than a second."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

_PATIENCE_SECONDS = 1.0


class Spinner:
    """A context manager: a spinner on stderr, from one second after the start until the end."""

    def __init__(self, doing: str) -> None:
        self._doing = doing
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._spin, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()  # the line is cleared before anything else is printed

    def _spin(self) -> None:
        if self._done.wait(_PATIENCE_SECONDS):
            return
        from rich.console import Console

        with Console(stderr=True, markup=False).status(f"{self._doing} …"):
            self._done.wait()
