"""What a terminal shows while something takes longer than a second."""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import Any, Self

_PATIENCE_SECONDS = 1.0
_LOOK_SECONDS = 0.1


class Spinner:
    """A context manager: a spinner on stderr, from one second after the start until the end.

    What is done in steps says so: each that has ended becomes a line with the seconds it took.
    """

    def __init__(self, doing: str) -> None:
        self._doing = doing
        self._said = False
        self._begun = time.monotonic()
        self._ended: list[str] = []
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._spin, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None and self._said:
            self._end_step()
        self._done.set()
        self._thread.join()  # the line is cleared before anything else is printed

    def say(self, doing: str) -> None:
        """Say that the next step has begun, and with it that the one before has ended."""
        if self._said:
            self._end_step()
        with self._lock:
            self._doing, self._said, self._begun = doing, True, time.monotonic()

    def _end_step(self) -> None:
        with self._lock:
            self._ended.append(f"{self._doing}  {time.monotonic() - self._begun:.1f} s")

    def _spin(self) -> None:
        if self._done.wait(_PATIENCE_SECONDS):
            return
        from rich.console import Console

        console = Console(stderr=True, markup=False, highlight=False)
        with console.status(f"{self._doing} …") as status:
            while not self._done.wait(_LOOK_SECONDS):
                self._show(console, status)
            self._show(console, status)

    def _show(self, console: Any, status: Any) -> None:
        with self._lock:
            ended, self._ended = self._ended, []
        for line in ended:
            console.print(f"✓ {line}", style="dim")
        status.update(f"{self._doing} …")
