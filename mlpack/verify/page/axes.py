"""Scales of charts: from values to places, and which values are written along an axis."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

_LARGEST = float(np.finfo(np.float64).max) / 4
"""Where a scale ends: the distance between two larger values is no number."""
_RAISED = "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"
_SUPERSCRIPT = str.maketrans("-0123456789", _RAISED)


@dataclass(frozen=True)
class Scale:
    """Values between ``low`` and ``high`` laid out over ``size``; around ``bend``, if any, evenly, and by decades beyond it."""

    low: float
    high: float
    size: float
    bend: float = 0.0

    def at(self, value: float) -> float:
        """The place of ``value``."""
        low, high, here = self._bent(self.low), self._bent(self.high), self._bent(min(max(value, self.low), self.high))
        return self.size * ((here - low) / (high - low)) if high > low else self.size / 2

    def ticks(self) -> list[float]:
        """Values to write along it: three to seven round ones."""
        return self._decades() if self.bend else round_steps(self.low, self.high)

    def _bent(self, value: float) -> float:
        return math.asinh(value / self.bend) if self.bend else value

    def _decades(self) -> list[float]:
        top = max(abs(self.low), abs(self.high))
        first, last = math.ceil(math.log10(self.bend)) + 1, math.floor(math.log10(top))
        step = max(1, math.ceil((last - first + 1) / 3))
        powers = [10.0**power for power in range(last, first - 1, -step)]
        return [
            value for value in [*(-power for power in powers), 0.0, *reversed(powers)] if self.low <= value <= self.high
        ]


def scale_of(values: Sequence[float], size: float) -> Scale:
    """The scale that shows ``values``: even, or bent where a few of them are far larger than most."""
    magnitudes = np.abs(np.asarray(values, dtype=np.float64))
    low, high = max(min(values), -_LARGEST), min(max(values), _LARGEST)
    usual, top = float(np.quantile(magnitudes, 0.75)), float(magnitudes.max())
    bend = usual if 0 < usual < top / 50 else 0.0
    if bend:
        return Scale(
            low * 1.2 if low < 0 else low - bend / 10, high * 1.2 if high > 0 else high + bend / 10, size, bend
        )
    room = (high - low) * 0.04 or abs(high) * 0.1 or 1.0
    return Scale(low - room, high + room, size)


def round_steps(low: float, high: float, most: int = 5) -> list[float]:
    """Round values between two others, evenly apart by 1, 2 or 5 times a power of ten."""
    span = high - low
    if not span > 0 or not math.isfinite(span):
        return []
    power = 10.0 ** math.floor(math.log10(span / most))
    step = next(power * times for times in (1, 2, 5, 10, 20) if span / (power * times) <= most)
    first = math.ceil(low / step)
    return [step * (first + place) for place in range(math.floor(high / step) - first + 1)]


def power_of_ten(power: int) -> str:
    """A power of ten as it is written by hand."""
    return "1" if power == 0 else f"10{str(power).translate(_SUPERSCRIPT)}"


def labels_of(ticks: Sequence[float]) -> list[str]:
    """Ticks in as many digits as tell them apart."""
    apart = min((abs(one - other) for one, other in pairwise(ticks)), default=0.0)
    return [short(value, _digits(value, apart)) for value in ticks]


def width_of(label: str) -> float:
    """About how wide a label is; no chart measures its letters."""
    return sum(4.5 if character in _RAISED else 7.0 for character in label)


def short(value: float, digits: int = 4) -> str:
    """A value beside a tick."""
    if value and (abs(value) >= 1e5 or abs(value) < 1e-3) and digits < 6:
        mantissa, _, power = f"{value:.{digits - 1}e}".partition("e")
        shown = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
        front = {"1": "", "-1": "−"}.get(shown, f"{shown}×")
        return f"{front}{power_of_ten(int(power))}".replace("-", "−")
    return f"{value:.{digits}g}".replace("-", "−")


def _digits(value: float, apart: float) -> int:
    if not value or not apart:
        return 4
    return min(max(math.floor(math.log10(abs(value))) - math.floor(math.log10(apart)) + 1, 1), 17)
