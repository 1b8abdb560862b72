"""How many rows a model is given at once: the number that is fastest here, timed with the first rows of the input."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from mlpack.batch.coercion import Coercer
from mlpack.batch.models import OpenModel
from mlpack.batch.plan import Plan
from mlpack.batch.sources.chunk import Chunk
from mlpack.core.errors import DataError
from mlpack.runtime.session import Session

SIZES = (4096, 1024, 16_384, 256)
"""In the order in which they are tried."""
_NEAR_BEST = 0.97
_BUDGET = 0.4
"""Seconds, after which no other size is tried."""
_ROUNDS = 3


def size_for(plan: Plan, model: OpenModel) -> int:
    """The rows that the model is given at once, timed with the first rows."""
    for place in range(len(plan.inputs)):
        chunk = next(plan.chunks(place, 0, max(SIZES)), None)
        if chunk is not None:
            return best_size(model.session, plan.coercer(place), chunk)
    return SIZES[0]


def best_size(session: Session, coercer: Coercer, chunk: Chunk) -> int:
    """The smallest of `SIZES` with about the best rate. ``chunk`` has the first rows; the coercion of a batch counts."""
    rates: dict[int, float] = {}
    begun = time.perf_counter()
    for size in SIZES:
        if rates and (size > chunk.rows or time.perf_counter() - begun > _BUDGET):
            continue
        part = chunk.slice(0, min(size, chunk.rows))
        seconds = _time(lambda part=part: _ask(session, coercer, part))  # type: ignore[misc]
        if seconds is None:
            break
        rates[size] = part.rows / seconds
    if not rates:
        return SIZES[0]
    wanted = _NEAR_BEST * max(rates.values())
    return min(size for size, rate in rates.items() if rate >= wanted)


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
