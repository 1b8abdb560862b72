"""How far apart two answers may be, and why: derived from what floating point and the reference itself allow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from mlpack.runtime.session import Array

ULPS = {"float16": 8, "bfloat16": 4, "float32": 128, "float64": 4096}
"""Rounding steps at the output's scale that a faithful evaluation in a dtype may differ by.

A sum of n terms in another order moves by up to n steps and by about sqrt(n) as a rule (Higham, Accuracy and Stability of
Numerical Algorithms, 2nd ed., section 4.2); 128 covers rows of some ten thousand terms. In float64 the room is wider
in steps and still under 1e-12 of the scale.
"""
NOISE_MARGIN = 4.0
"""How many times its own observed noise a reference may be missed by."""
CEILING = 1e-3
"""The largest share of the output's scale that a derived tolerance may reach, however noisy the reference is."""


@dataclass(frozen=True)
class Tolerance:
    """``|candidate - reference| <= atol + rtol * |reference|`` for one output; ``decided_by`` names the term that set it.

    ``scale`` is the 99th percentile of the reference's magnitudes on ordinary rows, in the output's own units.
    """

    atol: float
    rtol: float
    decided_by: str
    scale: float = 1.0
    terms: Mapping[str, float] | None = None

    def to_json(self) -> dict[str, Any]:
        """The tolerance as JSON-ready values."""
        return asdict(self)

    def at_scale(self, scale: float) -> Tolerance:
        """The same tolerance for rows of another magnitude: never tighter, wider in proportion.

        A user's absolute tolerance is meant for ordinary rows and widens as well.
        """
        if not scale > self.scale > 0:
            return self
        return Tolerance(self.atol * scale / self.scale, self.rtol, self.decided_by, scale, self.terms)


def derive(
    reference: Array, candidate_dtype: np.dtype[Any], noise: Mapping[str, float], rtol: float | None, atol: float | None
) -> Tolerance:
    """The tolerance of one output.

    ``reference`` holds its answers on ordinary rows; ``noise`` what the reference misses itself by, in the output's
    units, by source. ``rtol`` and ``atol`` are the user's word, which goes before everything derived.
    """
    if rtol is not None or atol is not None:
        return Tolerance(atol or 0.0, rtol or 0.0, "user", magnitude(reference))
    epsilon = max(_epsilon(reference.dtype), _epsilon(candidate_dtype))
    steps = ULPS[_coarser(reference.dtype, candidate_dtype)]
    scale = magnitude(reference)
    terms = {"dtype": steps * epsilon * scale}
    terms.update({source: NOISE_MARGIN * value for source, value in noise.items() if value > 0})
    decided_by = max(terms, key=lambda source: terms[source])
    derived = terms[decided_by]
    ceiling = max(CEILING * scale, terms["dtype"])
    if derived > ceiling:
        return Tolerance(ceiling, steps * epsilon, f"ceiling, {decided_by} alone would be {derived:.2g}", scale, terms)
    return Tolerance(derived, steps * epsilon, decided_by, scale, terms)


def magnitude(values: Array) -> float:
    """The 99th percentile of the finite magnitudes in ``values``; 0 where there are none."""
    with np.errstate(all="ignore"):
        magnitudes = np.abs(values.astype(np.float64)).ravel()
    finite = magnitudes[np.isfinite(magnitudes)]
    return float(np.quantile(finite, 0.99)) if finite.size else 0.0


def _epsilon(dtype: np.dtype[Any]) -> float:
    if dtype.kind != "f":
        return 2.0**-7 if dtype.name == "bfloat16" else 0.0
    return float(np.finfo(dtype).eps)


def _coarser(first: np.dtype[Any], second: np.dtype[Any]) -> str:
    coarser = first if _epsilon(first) >= _epsilon(second) else second
    return coarser.name if coarser.name in ULPS else "float32"
