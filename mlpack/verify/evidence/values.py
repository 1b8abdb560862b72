"""Histograms and samples of the errors of outputs of numbers, taken block by block: nothing large is copied whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpack.runtime.session import Array
from mlpack.verify.compare import Distances, Rows, distances
from mlpack.verify.evidence.kept import EXCUSED, HELD, WITHIN, Point, ValuePicture
from mlpack.verify.tolerance import Tolerance

BLOCK = 1 << 18
"""Elements looked at in one go."""
LOWEST, HIGHEST = -650, 620
"""Half-decades of float64, and a little more."""
DRAWN, WORST = 1300, 200
"""Points of a scatter: drawn evenly over all answers, and the worst of all."""


@dataclass(frozen=True)
class Answers:
    """The answers of one output to one probe, of one shape on both sides; ``held`` marks the rows that count."""

    expected: Array
    given: Array
    held: Rows
    growth: NDArray[np.float64] | None = None

    def blocks(self) -> Iterator[Answers]:
        """The same in blocks of rows, [rows, values]."""
        rows = len(self.held)
        if not self.expected.size:
            return
        expected, given = self.expected.reshape(rows, -1), self.given.reshape(rows, -1)
        growth = self.growth if self.growth is not None and len(self.growth) == rows else None
        step = max(1, BLOCK // expected.shape[1])
        for start in range(0, rows, step):
            part = slice(start, start + step)
            yield Answers(expected[part], given[part], self.held[part], None if growth is None else growth[part])


def picture_of_values(name: str, answers: Sequence[Answers], tolerance: Tolerance, *, extreme: bool) -> ValuePicture:
    """What the errors of one output look like over several probes. The same answers give the same picture."""
    counts = np.zeros((3, HIGHEST - LOWEST), dtype=np.int64)
    one_sided = np.zeros(3, dtype=np.int64)
    compared = exact = undefined = passed = 0
    narrow, wide = np.inf, 0.0
    wanted = _strata(sum(one.expected.size for one in answers))
    points: dict[int, Point] = {}
    worst: list[tuple[float, int, Point]] = []
    for block in (block for one in answers for block in one.blocks()):
        apart = distances(block.expected, block.given, tolerance, block.growth)
        status = _status(apart, block.held)
        defined = np.isfinite(apart.expected)
        both = defined & np.isfinite(apart.error)
        moved = both & (apart.error > 0)
        compared += int(defined.sum())
        exact += int((both & ~moved).sum())
        undefined += int((apart.off & ~defined).sum())
        one_sided += np.bincount(status[defined & ~both], minlength=3)
        _count(counts, apart.error[moved], status[moved])
        if defined.any():
            narrow, wide = (
                min(narrow, float(apart.allowed[defined].min())),
                max(wide, float(apart.allowed[defined].max())),
            )
        drawn = wanted[np.searchsorted(wanted, passed) : np.searchsorted(wanted, passed + both.size)] - passed
        points |= _points(apart, status, drawn[both.ravel()[drawn]], passed)
        worst = _worst(worst, apart, status, moved, passed)
        passed += both.size
    points |= {place: point for _, place, point in worst}
    used = np.flatnonzero(counts.sum(axis=0))
    first, last = (int(used[0]), int(used[-1])) if used.size else (0, -1)
    return ValuePicture(
        name,
        extreme,
        compared,
        exact,
        _three(one_sided),
        first + LOWEST,
        tuple(_three(column) for column in counts[:, first : last + 1].T),
        (narrow, wide) if compared else (0.0, 0.0),
        tuple(points[place] for place in sorted(points)),
        undefined,
    )


def _status(apart: Distances, held: Rows) -> NDArray[np.int64]:
    return np.where(apart.off, np.where(held[:, None], HELD, EXCUSED), WITHIN)


def _count(counts: NDArray[np.int64], errors: NDArray[np.float64], status: NDArray[np.int64]) -> None:
    with np.errstate(divide="ignore"):
        halves = np.floor(2 * np.log10(errors)).astype(np.int64) - LOWEST
    size = counts.shape[1]
    flat = status * size + np.clip(halves, 0, size - 1)
    counts += np.bincount(flat, minlength=counts.size).reshape(counts.shape)


def _strata(total: int) -> NDArray[np.int64]:
    """Places to draw: one by chance in each of `DRAWN` equal parts, for even steps would meet one column of several only."""
    if total <= DRAWN:
        return np.arange(total)
    chance = np.random.default_rng(0).random(DRAWN)
    return ((np.arange(DRAWN) + chance) * (total / DRAWN)).astype(np.int64)


def _points(
    apart: Distances, status: NDArray[np.int64], places: NDArray[np.integer[Any]], passed: int
) -> dict[int, Point]:
    found = zip(
        apart.expected.ravel()[places].tolist(),
        apart.given.ravel()[places].tolist(),
        status.ravel()[places].tolist(),
        strict=True,
    )
    return {passed + int(place): point for place, point in zip(places, found, strict=True)}


def _worst(
    worst: list[tuple[float, int, Point]], apart: Distances, status: NDArray[np.int64], moved: Rows, passed: int
) -> list[tuple[float, int, Point]]:
    """The worst so far: the largest errors as shares of what is allowed, the earlier of equals."""
    places = np.flatnonzero(moved)
    with np.errstate(all="ignore"):
        shares = apart.error.ravel()[places] / np.maximum(apart.allowed.ravel()[places], np.finfo(np.float64).tiny)
    if len(places) > WORST:
        top = np.argpartition(-shares, WORST)[:WORST]
        places, shares = places[top], shares[top]
    points = _points(apart, status, places, passed)
    at = (places + passed).tolist()
    found = [(share, place, points[place]) for share, place in zip(shares.tolist(), at, strict=True)]
    return sorted([*worst, *found], key=lambda one: (-one[0], one[1]))[:WORST]


def _three(counts: NDArray[np.int64]) -> tuple[int, int, int]:
    return int(counts[WITHIN]), int(counts[HELD]), int(counts[EXCUSED])
