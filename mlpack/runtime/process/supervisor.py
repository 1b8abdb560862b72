"""Several workers on one address: starts them, takes another for one that dies, and ends with them. Imports nothing heavy."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Sequence
from typing import Any

from ..errors import StartError
from ..service.board import Board
from ..settings import Settings
from .announce import announce, complain, from_json
from .logs import log_to_stderr
from .place import own_places
from .slot import Slot
from .sockets import spread, unseal

_SPARE = 5.0
"""Seconds that workers have to end beyond those that the settings give to their requests."""
_LONG = 3600.0


def supervise(settings: Settings, begun: float) -> int:
    """Serve with ``settings.workers`` workers until told to end. Returns the exit code. Raises StartError."""
    listeners, reservation, board = own_places(settings)
    log_to_stderr(settings.log_level, -1)
    alive, held = os.pipe()
    slots = [Slot(settings, listener, reservation, board, number, alive) for number, listener in enumerate(listeners)]
    try:
        return _Supervisor(settings, slots, board, begun).run()
    finally:
        for slot in slots:
            slot.kill()
        os.close(held)


class _Supervisor:
    def __init__(self, settings: Settings, slots: Sequence[Slot], board: Board, begun: float) -> None:
        self._settings = settings
        self._slots = slots
        self._board = board
        self._begun = begun
        self._away: set[int] = set()
        self._announced = False
        self._ending = False
        self._until = 0.0
        self._code = 0
        self._selector = selectors.DefaultSelector()
        self._signals, written = socket.socketpair()
        self._signals.settimeout(0)
        written.settimeout(0)
        self._written = written

    def run(self) -> int:
        """Until every worker has ended."""
        signal.set_wakeup_fd(self._written.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
            signal.signal(number, lambda *_: None)  # the pipe tells
        self._selector.register(self._signals, selectors.EVENT_READ)
        for slot in self._slots:
            self._start(slot)
        while self._goes_on():
            for key, _ in self._selector.select(self._patience()):
                if key.fileobj is self._signals:
                    self._hear()
                else:
                    self._read(key.data)
            for slot in self._slots:
                self._look_after(slot)
        return self._code

    def _goes_on(self) -> bool:
        return not self._ending or any(slot.runs for slot in self._slots)

    def _patience(self) -> float:
        """How long nothing has to be done unless something happens."""
        due = [slot.due for slot in self._slots if slot.due is not None and not self._ending]
        if self._ending:
            due.append(self._until)
        return max(0.0, min(due, default=time.monotonic() + _LONG) - time.monotonic())

    def _start(self, slot: Slot) -> None:
        slot.start()
        if slot.runs:
            self._selector.register(slot.reports, selectors.EVENT_READ, slot)

    def _hear(self) -> None:
        with contextlib.suppress(BlockingIOError):
            for number in self._signals.recv(4096):
                if number in {signal.SIGTERM, signal.SIGINT}:
                    self._end(number)

    def _end(self, number: int) -> None:
        """Pass it on; the second time there is no waiting."""
        if self._ending:
            for slot in self._slots:
                slot.kill()
            os._exit(128 + number)
        if not self._announced:
            self._code = 128 + number
        self._stop_all()

    def _stop_all(self) -> None:
        self._ending = True
        self._until = time.monotonic() + self._settings.drain_delay + self._settings.drain_timeout + _SPARE
        for slot in self._slots:
            slot.end()

    def _read(self, slot: Slot) -> None:
        for told in slot.read():
            if "closed" in told and self._ending:
                slot.listener.close()  # the last copy: who comes now is refused, and does not wait
            elif "closed" in told:
                self._away.add(slot.number)  # it was told to end by somebody else
                self._spread()
            if "ready" in told:
                self._away.discard(slot.number)
                self._spread()
            if "ready" in told and not self._announced and self._board.all_ready:
                self._announce(told["ready"])
        if slot.hung_up:
            self._unhear(slot)

    def _unhear(self, slot: Slot) -> None:
        """Wait for its reports no more: a pipe that has ended is ready for ever."""
        with contextlib.suppress(KeyError):
            self._selector.unregister(slot.reports)

    def _announce(self, facts: dict[str, Any]) -> None:
        self._announced = True
        seconds = round(time.perf_counter() - self._begun, 3)
        announce(self._settings.announce, {**facts, "pid": os.getpid(), "seconds_to_ready": seconds})

    def _look_after(self, slot: Slot) -> None:
        if self._ending and slot.runs and time.monotonic() > self._until:
            slot.kill()
            self._code = self._code or 1
        code = slot.ended()
        if code is not None:
            self._read(slot)  # its last words
            self._unhear(slot)
            if not self._announced and not self._ending:
                self._give_up(slot, code)
            slot.bury(code, expected=self._ending)
            self._away.add(slot.number)
            self._spread()
            if not self._ending:
                unseal(slot.listener)
        if slot.due is not None and slot.due <= time.monotonic() and not self._ending:
            self._start(slot)

    def _spread(self) -> None:
        """Let nobody wait in the queue of a worker that is gone while there are others."""
        if self._announced and not self._ending:
            spread([slot.listener for slot in self._slots], self._away)

    def _give_up(self, slot: Slot, code: int) -> None:
        """The first workers cannot start, and others could as little."""
        error = from_json(slot.error) if slot.error else _crash(code)
        self._code = complain(self._settings.announce, error)
        self._announced = True
        for other in self._slots:
            other.kill()
        self._ending = True
        self._until = time.monotonic() + _SPARE
        sys.stderr.flush()


def _crash(code: int) -> StartError:
    how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
    return StartError(
        f"a worker {how} before it was ready",
        exit_code=1,
        why="its own words stand above, where it had any",
        hint="try with one worker first: --workers 1",
    )
