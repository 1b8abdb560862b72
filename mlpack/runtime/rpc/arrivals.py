"""The messages of calls, each of which has to arrive in time.

gRPC itself would wait for the message of a call as long as its client lives, and keep one of the places that it has.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import grpc

from ..errors import SlowClientError

Context = Any
"""A `grpc.aio.ServicerContext`; grpc has no types."""

_EOF = grpc.aio.EOF


class Arrivals:
    """Waits for messages, for each at most ``seconds``."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._awaited: dict[asyncio.Task[Any], float] = {}
        self._late: set[asyncio.Task[Any]] = set()
        self._timer: asyncio.TimerHandle | None = None

    async def message(self, context: Context) -> bytes | None:
        """The next message of a call, None when there is none any more. Raises SlowClientError."""
        task = asyncio.current_task()
        assert task is not None
        self._awaited[task] = time.perf_counter() + self._seconds
        if self._timer is None:
            self._timer = task.get_loop().call_later(self._seconds, self._sweep, task.get_loop())
        try:
            raw = await context.read()
        except asyncio.CancelledError:
            if task not in self._late:
                raise
            task.uncancel()
            raise SlowClientError(f"the request did not arrive within {self._seconds:g} s") from None
        finally:
            del self._awaited[task]
            self._late.discard(task)
        return None if raw is _EOF else raw

    async def messages(self, context: Context) -> AsyncIterator[bytes]:
        """Every message of a call."""
        while (raw := await self.message(context)) is not None:
            yield raw

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        """End those that are late. One timer for all calls: one a call would cost more than most answers do."""
        now = time.perf_counter()
        self._timer = None
        for task, until in self._awaited.items():  # in the order in which their time is over
            if until > now:
                self._timer = loop.call_later(until - now, self._sweep, loop)
                return
            if task not in self._late:
                self._late.add(task)
                task.cancel()
