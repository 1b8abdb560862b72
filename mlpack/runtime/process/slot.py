"""One worker as its supervisor sees it: a process, what it reports, and when another takes its place."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

from ..service.board import Board
from ..settings import PREFIX, Settings, as_arguments
from .place import Place

_SOON = 10.0
"""Seconds: a worker that dies earlier than that may do so again, and the next one is made to wait."""
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 15.0

log = logging.getLogger("mlpack.process")


class Slot:
    """The place ``number`` among the workers, and the process that has it. ``due`` is when it gets another one."""

    def __init__(
        self,
        settings: Settings,
        listener: socket.socket,
        reservation: socket.socket | None,
        board: Board,
        number: int,
        alive: int,
    ) -> None:
        self.number = number
        self.listener = listener
        self._settings = replace(settings, announce="none")
        self._place = Place(listener, reservation, Board(board.fd, board.slots, number), alive=alive)
        self._process: subprocess.Popen[bytes] | None = None
        self._began = 0.0
        self._deaths = 0
        self._heard = b""
        self.reports = -1
        self.hung_up = False
        """Whether the process has closed its end of the pipe: nothing more will be reported."""
        self.error: dict[str, Any] | None = None
        self.due: float | None = None

    @property
    def runs(self) -> bool:
        """Whether there is a process."""
        return self._process is not None

    def start(self) -> None:
        """Start a process in this place; where the machine has no room for one, that is `due` again."""
        self._mark("starting")
        self._heard, self.error, self.due, self.hung_up = b"", None, None, False
        try:
            self.reports, reports = os.pipe()
        except OSError as error:
            self._put_off(error)
            return
        try:
            self._process = self._started(reports)
        except OSError as error:
            os.close(self.reports)
            self._put_off(error)
        else:
            self._began = time.monotonic()
        finally:
            os.close(reports)

    def _started(self, reports: int) -> subprocess.Popen[bytes]:
        os.set_blocking(self.reports, False)
        place = replace(self._place, reports=reports, replaces=self._began > 0)
        package = (__package__ or "").rpartition(".")[0]
        return subprocess.Popen(
            [sys.executable, "-m", package, *as_arguments(self._settings)],
            env=_environment(self._settings) | place.variables(),
            stdin=subprocess.DEVNULL,
            pass_fds=place.descriptors(),
            process_group=0,  # Ctrl-C in a terminal goes to all of a group, and this one hears of it from its supervisor
        )

    def _put_off(self, error: OSError) -> None:
        self._mark("gone")
        self._deaths += 1
        wait = self._wait()
        self.due = time.monotonic() + wait
        told = {"slot": self._place.board.slot, "wait": wait, "why": str(error)}
        log.error("a worker could not be started", extra=told)

    def _wait(self) -> float:
        return min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** (self._deaths - 1)) if self._deaths else 0.0

    def read(self) -> Iterator[dict[str, Any]]:
        """What the process has reported since."""
        with contextlib.suppress(BlockingIOError):
            while chunk := os.read(self.reports, 65536):
                self._heard += chunk
            self.hung_up = True
        *lines, self._heard = self._heard.split(b"\n")
        for line in lines:
            told: dict[str, Any] = json.loads(line)
            self.error = told.get("error", self.error)
            yield told

    def ended(self) -> int | None:
        """The exit code of a process that has ended just now."""
        return None if self._process is None else self._process.poll()

    def bury(self, code: int, *, expected: bool) -> None:
        """The process is gone; where that was not ``expected`` another one is due."""
        os.close(self.reports)
        self._process = None
        self._mark("gone")
        if expected:
            return
        lived = time.monotonic() - self._began
        self._deaths = self._deaths + 1 if lived < _SOON else 0
        wait = self._wait()
        self.due = time.monotonic() + wait
        why = self.error["message"] if self.error else ""
        told = {"slot": self._place.board.slot, "exit_code": code, "lived": round(lived, 1), "wait": wait, "why": why}
        log.error("a worker died and is replaced", extra=told)

    def end(self) -> None:
        """Let the process end in order."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
        self.due = None

    def kill(self) -> None:
        """End the process now."""
        if self._process is not None:
            self._process.kill()

    def _mark(self, state: Any) -> None:
        board = self._place.board
        board.mark(board.slot, state)


def _environment(settings: Settings) -> dict[str, str]:
    """That of this process, without the options in it: those that count stand on the command line, but for the key."""
    options = {PREFIX + option.name.upper() for option in fields(Settings)}
    found = {name: value for name, value in os.environ.items() if name not in options}
    return found | ({f"{PREFIX}API_KEY": settings.api_key} if settings.api_key else {})
