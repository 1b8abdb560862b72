"""When the answers of calls go out: at once, or some together while the processor has no time to spare.

gRPC sends each answer by itself, and each wakes the client that waits for it. On a virtual machine a wake-up costs as much as
an answer, and whatever runs next finds cold caches. Answers that leave together bring requests that arrive together, and a
service that is busy answers a fifth more. What is not busy gains nothing, and waits for nobody.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

_MOST = 8
"""Answers that go out together."""
_LONGEST = 0.001
"""Seconds that the first of them waits at most."""
_TRIAL, _RAREST = 64, 1024
"""Answers after which it is tried whether more can go together; more of them where that brought nobody."""
_MISSES = 3
"""Times in a row that not all came who were waited for, before fewer are: whoever else has the processor delays them too."""
_CALLS, _SECONDS, _STALE, _BUSY = 32, 0.05, 1.0, 0.75
"""The load is measured after so many calls and seconds, or so many seconds alone; what share of a processor counts as busy."""


class Pace:
    """Has answers wait for each other where ``is_busy``, as many as came within a millisecond before."""

    def __init__(self, is_busy: Callable[[], bool]) -> None:
        self._is_busy = is_busy
        self._held: list[asyncio.Future[None]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._together = 1
        self._misses = 0
        self._patience = self._left = _TRIAL

    def wait(self) -> asyncio.Future[None] | None:
        """What an answer has to wait for; None where it goes out at once."""
        if not self._is_busy():
            return None
        if self._together == 1:
            self._left -= 1
            if self._left > 0:
                return None
            self._together, self._left = 2, _TRIAL
        loop = asyncio.get_running_loop()
        turn = loop.create_future()
        self._held.append(turn)
        if len(self._held) >= self._together:
            self._complete()
        elif self._timer is None:
            self._timer = loop.call_later(_LONGEST, self._late)
        return turn

    def _complete(self) -> None:
        """All came that were waited for: there may be more of them."""
        self._misses = 0
        self._left -= len(self._held)
        if self._left <= 0:
            self._together, self._left = min(2 * self._together, _MOST), _TRIAL
        self._release()

    def _late(self) -> None:
        """Not all came. One that waits alone is the only client, and is not to wait again soon."""
        count = len(self._held)
        self._misses += 1
        if self._misses == _MISSES:
            self._misses = 0
            self._patience = min(2 * self._patience, _RAREST) if count == 1 else _TRIAL
            self._left = self._patience
            self._together = max(count, self._together // 2)
        self._release()

    def _release(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        held, self._held = self._held, []
        for turn in held:
            if not turn.done():  # its call may be cancelled
                turn.set_result(None)


class Load:
    """Whether this process has used up a processor of late; ``spent`` are its processor seconds, ``now`` those of a clock."""

    def __init__(
        self, spent: Callable[[], float] = time.process_time, now: Callable[[], float] = time.perf_counter
    ) -> None:
        self._spent, self._now = spent, now
        self._calls = 0
        self._busy = False
        self._before = now(), spent()

    def is_busy(self) -> bool:
        """To be asked once a call."""
        self._calls += 1
        now, before = self._now(), self._before
        passed = now - before[0]
        if passed >= _STALE or (self._calls >= _CALLS and passed >= _SECONDS):
            spent = self._spent()
            self._busy = spent - before[1] > _BUSY * passed
            self._before, self._calls = (now, spent), 0
        return self._busy
