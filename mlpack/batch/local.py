"""The engine of one machine: one thread reads, one a processor answers, one writes, and none is far ahead of the others.

What is under way is bounded by bytes, so memory is the same for a million rows and for a billion. Chunks are answered in any
order and written in that of the input.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Self

from mlpack.batch.checkpoint import Part
from mlpack.batch.plan import Beginning, Plan, Record, Span, Tell
from mlpack.batch.predicting import Answered, Predictor
from mlpack.batch.progress import Progress
from mlpack.batch.sources.chunk import Chunk
from mlpack.batch.writing import OpenPart
from mlpack.runtime.session import Session

_MOST_BYTES = 48 << 20
"""Of chunks that are read and not written, for every two threads that answer."""
_WAIT = 0.1
_END = object()


@dataclass(frozen=True)
class Step:
    """A chunk, and the part that it belongs to. ``before`` the first row of the file there are as many in the input."""

    chunk: Chunk
    number: int
    file: int
    start: int
    first: int
    before: int


def run_local(
    plan: Plan,
    session: Session,
    workers: int,
    batch_rows: int,
    done: Mapping[int, Part],
    record: Record,
    tell: Tell,
    beginning: Beginning | None = None,
) -> None:
    """Answer every row whose part is not ``done``, and ``record`` each part once it is there.

    ``session`` is asked by ``workers`` threads at once, and ``beginning`` may have read the first chunk already. Raises what
    `Predictor.answer` raises; parts that were recorded stay.
    """
    before = sum(part.rows for part in done.values())
    answer(
        plan,
        steps_of(plan, done, beginning or Beginning(plan)),
        session,
        workers,
        batch_rows,
        _Writer(plan, record, tell, before),
    )


def answer_span(plan: Plan, span: Span, session: Session, workers: int, batch_rows: int) -> Part:
    """Answer the rows of one part, which has at least one. Raises as `run_local` does."""
    found: list[Part] = []
    chunks = plan.chunks(span.file, span.start, span.rows)
    before = span.first - span.start
    steps = (
        Step(chunk, span.number, span.file, span.start, first, before) for chunk, first in _numbered(chunks, span.first)
    )
    answer(plan, steps, session, workers, batch_rows, _Writer(plan, found.append, lambda _: None, 0))
    (part,) = found
    return part


def answer(plan: Plan, steps: Iterator[Step], session: Session, workers: int, batch_rows: int, writer: _Writer) -> None:
    """Read, answer and write ``steps``, all at the same time."""
    predictors = _Predictors(plan, session, batch_rows)
    most = _MOST_BYTES * max(1, workers // 2)
    with _Ahead(steps, most) as ahead, ThreadPoolExecutor(workers, "mlpack-batch") as pool:
        under_way: deque[tuple[Step, Future[Answered]]] = deque()
        try:
            for step in ahead:
                if step is not None:
                    under_way.append((step, pool.submit(predictors.answer, step)))
                    under_way[-1][1].add_done_callback(ahead.wake)
                while under_way and (len(under_way) > 2 * workers or under_way[0][1].done()):
                    _write(under_way, writer, ahead)
            while under_way:
                _write(under_way, writer, ahead)
            writer.finish()
            writer.settle()
        finally:
            for _, future in under_way:
                future.cancel()
            writer.abandon()


def _write(under_way: deque[tuple[Step, Future[Answered]]], writer: _Writer, ahead: _Ahead) -> None:
    step, future = under_way[0]
    answered = future.result()
    under_way.popleft()
    ahead.free(step)
    writer.add(step, answered)


def steps_of(plan: Plan, done: Mapping[int, Part], beginning: Beginning) -> Iterator[Step]:
    """The chunks that are not answered yet, each with its part. A part has rows of one file."""
    number = first = 0
    limit = plan.job.limit
    for file, opened in enumerate(plan.inputs):
        start, ended = 0, False
        while not ended and (limit is None or first < limit) and (opened.rows is None or start < opened.rows):
            part = done.get(number)
            if part is not None and part.file == file:  # a file that says no row count may have ended with a full part
                start, first, number = start + part.rows, first + part.rows, number + 1
                ended = part.rows < plan.part_rows
                continue
            ended, filled = True, 0
            for chunk in beginning.chunks(file, start, None if limit is None else limit - first):
                yield Step(chunk, number, file, start - filled, first, first - start)
                start, first, filled = start + chunk.rows, first + chunk.rows, filled + chunk.rows
                if filled == plan.part_rows:
                    number, filled = number + 1, 0
                    if number in done:
                        ended = False
                        break
            number += filled > 0


def _numbered(chunks: Iterator[Chunk], first: int) -> Iterator[tuple[Chunk, int]]:
    for chunk in chunks:
        yield chunk, first
        first += chunk.rows


class _Predictors:
    """A predictor for each file: the columns of two files may stand otherwise."""

    def __init__(self, plan: Plan, session: Session, batch_rows: int) -> None:
        self._plan, self._session, self._batch_rows = plan, session, batch_rows
        self._made: dict[int, Predictor] = {}
        self._lock = threading.Lock()

    def answer(self, step: Step) -> Answered:
        with self._lock:
            if step.file not in self._made:
                self._made = {step.file: self._plan.predictor(self._session, step.file, self._batch_rows), **self._made}
            predictor = self._made[step.file]
        return predictor.answer(step.chunk, step.first, step.before)


class _Writer:
    """Writes answers in order, a part after the other."""

    def __init__(self, plan: Plan, record: Record, tell: Tell, before: int) -> None:
        self._plan, self._record, self._tell = plan, record, tell
        self._rows = self._before = before
        self._begun = time.monotonic()
        self._open: OpenPart | None = None
        self._ending: Future[None] | None = None
        self._ender = ThreadPoolExecutor(1, "mlpack-batch-ender")

    def add(self, step: Step, answered: Answered) -> None:
        if self._open is not None and self._open.number != step.number:
            self.finish()
        if self._open is None:
            self._open = OpenPart(self._plan, step.number, step.file, step.start, step.first)
        self._open.add(answered)
        self._rows += answered.rows
        if self._open.rows == self._plan.part_rows:
            self.finish()
        self._tell(Progress(self._rows, self._plan.total, self._rows - self._before, time.monotonic() - self._begun))

    def finish(self) -> None:
        """End the part. To have it on the disk takes a while, in which the next is written; no more than one waits."""
        if self._open is not None:
            self.settle()
            self._ending = self._ender.submit(self._end, self._open)
            self._open = None

    def settle(self) -> None:
        """Wait until the part that is ending is noted. Raises what that raises."""
        if self._ending is not None:
            ending, self._ending = self._ending, None
            ending.result()

    def abandon(self) -> None:
        """Leave nothing half: a part that is ending ends."""
        self._ender.shutdown()
        if self._open is not None:
            self._open.abandon()

    def _end(self, part: OpenPart) -> None:
        self._record(part.finish())
        _release_memory()


class _Ahead:
    """Reads in a thread of its own, no more than ``most`` bytes ahead of what is written.

    It is asked for the next step, and gives None in between where something was answered: to write that makes room, without
    which no step may come.
    """

    def __init__(self, steps: Iterator[Step], most: int) -> None:
        self._steps = steps
        self._most = most
        self._queue: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._held = 0
        self._room = threading.Condition()
        self._stopped = False
        self._thread = threading.Thread(target=self._read, name="mlpack-batch-reader", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._room:
            self._stopped = True
            self._room.notify_all()
        self._thread.join()

    def __iter__(self) -> Iterator[Step | None]:
        while True:
            got = self._queue.get()
            if got is _END:
                return
            if isinstance(got, BaseException):
                raise got
            yield got

    def wake(self, _: object) -> None:
        """Give whoever waits for a step None."""
        self._queue.put(None)

    def free(self, step: Step) -> None:
        """Make room for what comes after ``step``."""
        with self._room:
            self._held -= step.chunk.size
            self._room.notify_all()

    def _read(self) -> None:
        try:
            for step in self._steps:
                size = step.chunk.size
                with self._room:
                    while self._held and self._held + size > self._most and not self._stopped:
                        self._room.wait(_WAIT)
                    if self._stopped:
                        return
                    self._held += size
                self._queue.put(step)
            self._queue.put(_END)
        except BaseException as error:  # noqa: BLE001 - is raised where the steps are asked for
            self._queue.put(error)


def _release_memory() -> None:
    import pyarrow as pa

    pa.default_memory_pool().release_unused()
