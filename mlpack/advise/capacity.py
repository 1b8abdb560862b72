"""From measurements and a price to figures: replicas, memory, costs, and where batch and real time cost the same."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from mlpack.advise.answers import Answers
from mlpack.advise.measurements import UTILISATION, WAYS, Measurements, Way

_DAY = 86_400
_HOUR = 3600
_MEMORY_SLACK = 1.5
_STEP = 64 << 20


@dataclass(frozen=True)
class Figures:
    """What the advice comes to. Money is in the currency of the price; what was not measured is None.

    ``replicas`` are all of them, ``spare`` of these to spare; ``memory`` is what to ask for, for each, in bytes.
    ``cost_per_million`` is that of predictions by the way they are asked for, with replicas as busy as they may be and a batch
    run that is always busy. ``break_even`` are the rows a day at which a nightly run costs as much as the replicas, which run
    always; ``answerable`` those that these replicas can answer.
    """

    peak_rate: float
    replicas: int
    spare: int
    memory: int | None = None
    cost_per_million: Mapping[str, float] = field(default_factory=dict)
    service_per_day: float | None = None
    batch_per_day: float | None = None
    batch_hours: float | None = None
    break_even: int | None = None
    answerable: int | None = None

    def to_json(self) -> dict[str, Any]:
        """The figures as JSON-ready values."""
        return asdict(self)


def figures_of(answers: Answers, measured: Measurements | None, way: Way | None, spare: int, bulk: int) -> Figures:
    """The figures for a service that is asked by ``way``, None for no service, with so many replicas to ``spare``.

    ``bulk`` are the rows of a nightly run.
    """
    if measured is None:
        return Figures(answers.peak_rate, 1 + spare if way else 0, spare)
    needed = needed_replicas(answers, measured, way) if way else 0
    replicas = needed + spare
    second = answers.price_per_hour / answers.processors / _HOUR
    batch_rate = measured.batch.rate_of_one * answers.processors
    batch_seconds = measured.batch.start + bulk / batch_rate
    service = replicas * _DAY * second
    capacity = measured.together[way or "/predict"].capacity
    return Figures(
        answers.peak_rate,
        replicas,
        spare,
        memory=math.ceil(measured.memory * _MEMORY_SLACK / _STEP) * _STEP,
        cost_per_million=_per_million(measured, second),
        service_per_day=service if way else None,
        batch_per_day=batch_seconds * second * answers.processors,
        batch_hours=batch_seconds / _HOUR,
        break_even=_break_even(replicas, answers.processors, measured.batch.start, batch_rate) if way else None,
        answerable=int(needed * capacity * UTILISATION * measured.rows * _DAY / answers.peak_factor) if way else None,
    )


def needed_replicas(answers: Answers, measured: Measurements, way: Way) -> int:
    """Replicas of one processor that are busy to `UTILISATION` at the peak, without one to spare."""
    rows = answers.peak_rate * answers.rows_per_request
    return max(1, math.ceil(rows / (measured.together[way].capacity * measured.rows * UTILISATION)))


def _per_million(measured: Measurements, second: float) -> dict[str, float]:
    """``second`` is the price of one processor for a second."""
    served: dict[str, float] = {
        way: 1e6 * second * measured.together[way].processor / measured.rows / UTILISATION for way in WAYS
    }
    return {**served, "batch": 1e6 * second / measured.batch.rate_of_one}


def _break_even(replicas: int, processors: int, start: float, batch_rate: float) -> int:
    """Rows of a run on all ``processors`` of a machine that costs as much as ``replicas`` of one processor for a day."""
    seconds = replicas * _DAY / processors
    return max(0, int((seconds - start) * batch_rate))
