"""Dispatch when idle: while the model answers, requests wait; when it is done, all that wait go to it as one array.

There is no timer that holds a request back to wait for others, so nothing is added to the latency of one that comes alone.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from ..errors import DeadlineError, InferenceError, OverloadedError
from ..session import Feed, Outputs

Run = Callable[[Feed], Outputs]
Batched = Callable[[int, int, float], None]
"""Told of every batch: its requests, its rows, the seconds that it took."""


class _Job:
    """One request that waits, or is being answered."""

    __slots__ = ("feed", "future", "kind", "rows", "timer")

    def __init__(self, feed: Feed, rows: int, future: asyncio.Future[Outputs]) -> None:
        self.feed = feed
        self.rows = rows
        self.future = future
        self.kind = tuple((array.shape[1:], array.dtype) for array in feed.values())
        """What has to be equal for two requests to go together: sequences of different lengths cannot."""
        self.timer: asyncio.TimerHandle | None = None

    def settle(self) -> None:
        """Let go of the timer, and with it of the arrays: a timer that is not cancelled holds them until it is due."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None


class Batcher:
    """Hands requests to ``run`` in a thread of its own, one batch at a time.

    A batch has at most ``best_batch`` rows, or one request. ``most`` requests may wait, each for ``timeout`` seconds.
    """

    def __init__(self, run: Run, *, best_batch: int, most: int, timeout: float, batched: Batched) -> None:
        self._run = run
        self._best = best_batch
        self._most = most
        self._timeout = timeout
        self._batched = batched
        self._queue: deque[_Job] = deque()
        self._busy = False
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="model")

    @property
    def waiting(self) -> int:
        """Requests that have not reached the model yet."""
        return len(self._queue)

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits and nothing is being answered."""
        return not self._busy and not self._queue

    def submit(self, feed: Feed, rows: int) -> asyncio.Future[Outputs]:
        """The answer to ``feed``, arrays with ``rows`` rows on their first axes, when it is there.

        Raises OverloadedError at once; the future raises DeadlineError, InferenceError.
        """
        if len(self._queue) >= self._most:
            raise OverloadedError
        loop = asyncio.get_running_loop()
        job = _Job(feed, rows, loop.create_future())
        job.timer = loop.call_later(self._timeout, _expire, job)
        self._queue.append(job)
        if not self._busy:
            self._dispatch(loop)
        return job.future

    def close(self) -> None:
        """End the thread once it is done with what it has."""
        self._thread.shutdown(wait=False)

    def _dispatch(self, loop: asyncio.AbstractEventLoop) -> None:
        jobs = self._take()
        if not jobs:
            return
        self._busy = True
        self._thread.submit(self._answer, loop, jobs)

    def _take(self) -> list[_Job]:
        """The requests that go next: the first that still waits, and those behind it that can go with it."""
        jobs: list[_Job] = []
        passed: list[_Job] = []
        rows = 0
        while self._queue:
            job = self._queue.popleft()
            if job.future.done():  # its time is over, or its client went away
                job.settle()
                continue
            if not jobs or (job.kind == jobs[0].kind and rows + job.rows <= self._best):
                jobs.append(job)
                rows += job.rows
                if rows >= self._best:
                    break
            else:
                passed.append(job)
        self._queue.extendleft(reversed(passed))
        return jobs

    def _answer(self, loop: asyncio.AbstractEventLoop, jobs: Sequence[_Job]) -> None:
        """In the thread: run the batch, and hand each request its part."""
        begun = loop.time()
        answers: Sequence[Any]
        try:
            answers = _answers(self._run, jobs)
        except BaseException as error:  # noqa: BLE001 - SystemExit, a panic of Rust: the next requests want this thread as well
            answers = [inference_error(error)] * len(jobs)
        spent = loop.time() - begun
        loop.call_soon_threadsafe(self._done, loop, jobs, answers, spent)

    def _done(
        self, loop: asyncio.AbstractEventLoop, jobs: Sequence[_Job], answers: Sequence[Any], spent: float
    ) -> None:
        self._busy = False
        self._dispatch(loop)  # first: the model has waited longest
        self._batched(len(jobs), sum(job.rows for job in jobs), spent)
        for job, answer in zip(jobs, answers, strict=True):
            job.settle()
            if job.future.done():
                continue
            if isinstance(answer, BaseException):
                job.future.set_exception(answer)
            else:
                job.future.set_result(answer)


def inference_error(error: BaseException) -> InferenceError:
    """What is told of an exception of the model: its first line, without a traceback."""
    return InferenceError(f"the model failed: {type(error).__name__}: {error}".partition("\n")[0][:500])


def _answers(run: Run, jobs: Sequence[_Job]) -> list[Outputs | InferenceError]:
    if len(jobs) == 1:
        return [_attempt(run, jobs[0].feed)]
    try:
        outputs = run(_joined([job.feed for job in jobs]))
        return _split(outputs, [job.rows for job in jobs])
    except Exception:  # noqa: BLE001 - one request's values failed all: each is asked for alone, and has its own answer
        return [_attempt(run, job.feed) for job in jobs]


def _attempt(run: Run, feed: Feed) -> Outputs | InferenceError:
    try:
        return run(feed)
    except Exception as error:  # noqa: BLE001 - whatever a library raises is the answer to this request
        return inference_error(error)


def _joined(feeds: Sequence[Feed]) -> Feed:
    return {name: np.concatenate([feed[name] for feed in feeds]) for name in feeds[0]}


def _split(outputs: Outputs, rows: Sequence[int]) -> list[Any]:
    """Each request's rows of the outputs. Raises ValueError where they are not as many as went in."""
    total = sum(rows)
    if any(len(array) != total for array in outputs.values()):
        raise ValueError("the model did not answer every row of a batch")
    parts: list[Any] = []
    start = 0
    for count in rows:
        parts.append({name: array[start : start + count] for name, array in outputs.items()})
        start += count
    return parts


def _expire(job: _Job) -> None:
    if not job.future.done():
        job.future.set_exception(DeadlineError("the model did not answer in time"))
