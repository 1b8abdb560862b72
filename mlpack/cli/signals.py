"""Ctrl-C and SIGTERM while something is at work that leaves traces elsewhere, as a container does: it ends in order."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import typer

from mlpack.core.errors import INTERRUPTED

_NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def ended_in_order() -> Iterator[None]:
    """The first signal raises KeyboardInterrupt, so that what was begun is taken back; those that follow change nothing.

    The exit code after SIGTERM and SIGHUP is that of a process which they ended.
    """
    heard: list[int] = []

    def hear(number: int, _frame: FrameType | None) -> None:
        heard.append(number)
        if len(heard) == 1:
            raise KeyboardInterrupt

    former = {number: signal.signal(number, hear) for number in _NUMBERS}
    try:
        yield
    except typer.Exit as end:
        if end.exit_code == INTERRUPTED and heard:
            raise typer.Exit(128 + heard[0]) from end
        raise
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
