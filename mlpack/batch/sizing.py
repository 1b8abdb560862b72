"""How many rows a model is given at once, and how many make a part: timed with the first rows of the input.

A part is about ten seconds of work: what is lost of a run that is ended. What is quick gets large parts, which are cheaper.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mlpack.batch.coercion import Coercer
from mlpack.batch.models import OpenModel
from mlpack.batch.plan import Beginning, Plan
from mlpack.batch.sources.chunk import Chunk
from mlpack.core.errors import DataError
from mlpack.runtime.session import Session

SIZES = (4096, 1024, 256, 16_384)
"""In the order in which they are tried."""
_BETTER = 1.1
"""How much quicker another size has to be than one that was tried before: less is chance."""
_BUDGET = 0.15
"""Seconds: a size that would take more of them than are left is not tried."""
_ROUNDS = 3
_PART_SECONDS = 10.0
_FEWEST, _MOST = 1 << 10, 1 << 24
"""Rows of a part."""


@dataclass(frozen=True)
class Sizes:
    """The rows that a model is given at once, and those of a part."""

    batch_rows: int
    part_rows: int


def sizes_for(plan: Plan, model: OpenModel, workers: int, beginning: Beginning) -> Sizes:
    """The sizes for ``plan`` where ``workers`` threads answer rows; what is not given is timed with the first rows."""
    job = plan.job
    if job.batch_rows is not None and job.part_rows is not None:
        return Sizes(job.batch_rows, job.part_rows)
    rates: dict[int, float] = {}
    first = beginning.first()
    if first is not None:
        place, chunk = first
        sizes = SIZES if job.batch_rows is None else (job.batch_rows,)
        rates = _rates(sizes, model.session, plan.coercer(place), chunk)
    if not rates:
        return Sizes(job.batch_rows or SIZES[0], job.part_rows or _FEWEST)
    best, *others = rates
    for size in others:
        if rates[size] > _BETTER * rates[best]:
            best = size
    return Sizes(best, job.part_rows or part_rows_for(rates[best] * workers * _PART_SECONDS))


def part_rows_for(rows: float) -> int:
    """A power of two that is no more than ``rows``, within reason."""
    return min(_MOST, max(_FEWEST, 1 << (max(1, int(rows)).bit_length() - 1)))


def _rates(sizes: Sequence[int], session: Session, coercer: Coercer, chunk: Chunk) -> dict[int, float]:
    """Rows a second with batches of each size; the coercion of a batch counts. Empty where the model raises."""
    rates: dict[int, float] = {}
    until = time.perf_counter() + _BUDGET
    for size in sizes:
        if rates and (size > chunk.rows or time.perf_counter() + _ROUNDS * size / max(rates.values()) > until):
            continue
        part = chunk.slice(0, min(size, chunk.rows))
        seconds = _time(lambda part=part: _ask(session, coercer, part))  # type: ignore[misc]
        if seconds is None:
            break
        rates[size] = part.rows / seconds
    return rates


def _ask(session: Session, coercer: Coercer, part: Chunk) -> Any:
    feed = coercer.feed(part).feed
    return None if feed is None else session.run(feed)


def _time(call: Callable[[], Any]) -> float | None:
    """The shortest of some runs; None where the model raises, which the run itself tells of."""
    laps = []
    for _ in range(_ROUNDS):
        begun = time.perf_counter()
        try:
            call()
        except DataError:
            raise
        except Exception:  # noqa: BLE001 - whatever a model raises
            return None
        laps.append(time.perf_counter() - begun)
    return min(laps)
