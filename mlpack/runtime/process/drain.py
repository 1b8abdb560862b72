"""The end of a worker: readiness fails, what was accepted is answered, and only then does the process go."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time
from collections.abc import Callable
from typing import Any

from ..service.service import Service
from .front import Front

log = logging.getLogger("mlpack.process")
_TICK = 0.01
_OFTEN = 5
_LONGEST_WAIT = 2.0
SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Ending:
    """Waits for the word to end: a signal, or that the supervisor is gone. A second signal ends the process at once."""

    def __init__(self) -> None:
        self._told = asyncio.Event()
        self._started = False
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self._on_signal, number)

    def watch(self, alive: int) -> None:
        """End when the pipe ``alive`` does, whose other end only the supervisor has."""
        asyncio.get_running_loop().add_reader(alive, self._on_orphaned, alive)

    async def wait(self) -> None:
        """Return when it is time to end. From now on there is something to end in order."""
        self._started = True
        await self._told.wait()

    def _on_signal(self, number: int) -> None:
        if self._told.is_set() or not self._started:
            os._exit(128 + number)
        self._told.set()

    def _on_orphaned(self, alive: int) -> None:
        asyncio.get_running_loop().remove_reader(alive)
        log.error("the supervisor is gone")
        if not self._started:
            os._exit(1)
        self._told.set()


async def drain(service: Service, front: Front, grpc_server: Any, closed: Callable[[], None]) -> None:
    """End ``service`` in order; ``closed`` is called once nobody is let in any more.

    While `Settings.drain_delay` passes, all is answered as before, but for who asks whether the service is ready: those who
    send requests here learn that they should no longer. What was accepted then has `Settings.drain_timeout`.
    """
    settings = service.settings
    service.draining = True
    service.board.mark(service.board.slot, "draining")
    log.info("the service is ending")
    await asyncio.sleep(settings.drain_delay)
    await front.stop_accepting()
    closed()
    stopping = None
    if grpc_server is not None:
        await _caught_up()
        stopping = asyncio.ensure_future(grpc_server.stop(settings.drain_timeout))
    cut = await front.finish(settings.drain_timeout)
    if stopping is not None:
        await stopping
    if cut:
        log.error("connections were cut with requests on them", extra={"connections": cut})
    service.close()


async def _caught_up() -> None:
    """Wait until the event loop has nothing to catch up with, or for `_LONGEST_WAIT`.

    A gRPC server that is stopped cancels the calls that have arrived and that Python has not taken yet: of a loop that is
    busy these are many.
    """
    loop = asyncio.get_running_loop()
    until = loop.time() + _LONGEST_WAIT
    in_time = 0
    while in_time < _OFTEN and loop.time() < until:
        due = time.perf_counter() + _TICK
        await asyncio.sleep(_TICK)
        in_time = in_time + 1 if time.perf_counter() - due < _TICK else 0
