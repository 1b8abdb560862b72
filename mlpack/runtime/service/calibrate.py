"""Times a model when its service starts, and decides from that how requests reach it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from ..session import Array, Feed, Outputs
from ..signature import Signature
from .golden import Golden

_MOST = 256
"""The largest batch that is timed."""
_NEAR_BEST = 0.9
"""Of the batches with this share of the best rate the largest that takes `_BRIEF` or less is taken: under load the processor's
caches have lost the model between two batches, and each has to fetch it anew. Else the smallest: larger ones only let the
first of a batch wait longer.
"""
_BRIEF = 2e-3
"""Seconds."""
_CHEAP = 100e-6
_SAVED = 40e-6
"""A model is asked on the event loop where one row takes at most `_CHEAP`, and a batch saves less than `_SAVED` a row: to wait
for its thread takes some 15 µs a request, beside what it takes to hand an array there.
"""
_HANDED = 80e-6
"""To hand an array to the thread and its answer back takes 60 to 100 µs, which the requests of a batch share."""
_INLINE_BLOCK = 500e-6
"""The longest that a request may keep the event loop from all others."""
_BUDGET = 1.0
_ROUNDS = 7


@dataclass(frozen=True)
class Plan:
    """How requests reach the model.

    Those with up to ``inline_rows`` rows are answered on the event loop, 0 for none of them. Others go to a thread, at most
    ``best_batch`` rows together. ``seconds`` is what a batch of each size took.
    """

    inline_rows: int = 0
    best_batch: int = 1
    seconds: Mapping[int, float] = field(default_factory=dict)


def calibrate(run: Callable[[Feed], Outputs], golden: Golden, signature: Signature, *, batching: bool = True) -> Plan:
    """Time ``run`` with rows of ``golden`` in batches of 1, 2, 4, … rows, for about a second at most.

    A model is given batches only where every tensor has its batch axis first. Raises what ``run`` raises.
    """
    one = _rows_of(golden.inputs, signature, 1)
    if one is None or not _is_batched(signature):
        return Plan(seconds={1: _time(run, one or golden.inputs)})
    seconds: dict[int, float] = {}
    started = time.perf_counter()
    size = 1
    while size <= _MOST and time.perf_counter() - started < _BUDGET:
        feed = _rows_of(golden.inputs, signature, size)
        assert feed is not None
        seconds[size] = _time(run, feed)
        size *= 2
    best = best_batch(seconds)
    saved = seconds[1] - seconds[best] / best
    cheap = seconds[1] <= _CHEAP and (saved < _SAVED or not batching)
    return Plan(_inline_rows(seconds) if cheap else 0, best if batching else 1, seconds)


def _is_batched(signature: Signature) -> bool:
    return all(spec.batch_axis == 0 for spec in (*signature.inputs, *signature.outputs))


def _rows_of(inputs: Feed, signature: Signature, count: int) -> dict[str, Array] | None:
    """``count`` rows, the golden ones again and again; None where there is none, or no axis to have them on."""
    if not _is_batched(signature):
        return None
    rows = min(len(array) for array in inputs.values())
    if not rows:
        return None
    places = np.arange(count) % rows
    return {name: np.ascontiguousarray(array[places]) for name, array in inputs.items()}


def _time(run: Callable[[Feed], Outputs], feed: Feed) -> float:
    """The shortest of some runs, after one that does not count; fewer where one takes long. A busy machine only adds to it."""
    laps: list[float] = []
    run(feed)
    for _ in range(_ROUNDS):
        begun = time.perf_counter()
        run(feed)
        laps.append(time.perf_counter() - begun)
        if sum(laps) > _BUDGET / _ROUNDS:
            break
    return min(laps)


def best_batch(seconds: Mapping[int, float]) -> int:
    """The most rows that go to the model together, given the seconds that batches of some sizes took."""
    rates = {size: size / (spent + _HANDED) for size, spent in seconds.items()}
    wanted = _NEAR_BEST * max(rates.values())
    near = [size for size, rate in rates.items() if rate >= wanted]
    return max((size for size in near if seconds[size] <= _BRIEF), default=min(near))


def _inline_rows(seconds: Mapping[int, float]) -> int:
    return max((size for size, spent in seconds.items() if spent <= _INLINE_BLOCK), default=0)
