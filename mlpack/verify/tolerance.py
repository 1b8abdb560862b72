"""How far apart two answers may be, and why: derived from what floating point and the reference itself allow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpack.runtime.session import Array

ULPS = {"float16": 8, "bfloat16": 4, "float32": 128, "float64": 4096}
"""Rounding steps at the output's scale that a faithful evaluation in a dtype may differ by.

A sum of n terms in another order moves by up to n steps and by about sqrt(n) as a rule (Higham, Accuracy and Stability of
Numerical Algorithms, 2nd ed., section 4.2); 128 covers rows of some ten thousand terms. In float64 the room is wider
in steps and still under 1e-12 of the scale.
"""
SHARED_STEPS = 16
"""Rounding steps at the scale of the largest column that a small column of a network's output may differ by: it is what is left
of sums as large as those of its neighbours.
"""
NOISE_MARGIN = 4.0
"""How many times its own observed noise a reference may be missed by."""
CEILING = 1e-3
"""The largest share of the output's scale that a derived tolerance may reach, however noisy the reference is."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Tolerance:
    """``|candidate - reference| <= atol + rtol * |reference|`` for one output; ``decided_by`` names the term that set it.

    ``atol`` and ``scale`` hold one value a column, or one for all. ``scale`` is the 99th percentile of the reference's
    magnitudes on ordinary rows, in the output's own units.
    """

    atol: Floats
    rtol: float
    decided_by: str
    scale: Floats
    terms: Mapping[str, float] = field(default_factory=dict)

    @property
    def widest(self) -> float:
        """The absolute tolerance of the largest column."""
        return float(self.atol.max(initial=0.0))

    def allowed(self, expected: Floats, growth: Floats | None = None) -> Floats:
        """The tolerance of each element of ``expected``, [rows, columns].

        ``growth`` says for each row how many times larger its inputs are than ordinary ones, 1 at least. A row whose inputs or
        answers are larger gets room in proportion, up to `CEILING`, and no other row with it.
        """
        atol = self.atol if self.atol.size in {1, expected.shape[1]} else self.atol.max(keepdims=True)
        if not expected.size:
            return np.zeros_like(expected)
        with np.errstate(all="ignore"):
            magnitudes = np.abs(expected)
            largest = np.where(np.isfinite(magnitudes), magnitudes, 0.0).max(axis=1, keepdims=True)
            scale = max(float(self.scale.max(initial=0.0)), float(np.finfo(np.float64).tiny))
            factor = np.maximum(1.0, largest / scale)
            if growth is not None and len(growth) == len(expected):
                factor = np.maximum(factor, growth.reshape(-1, 1))
            room = atol * factor
            if self.decided_by != "user":
                room = np.minimum(room, np.maximum(atol, CEILING * np.maximum(scale, largest)))
            allowed = room + self.rtol * magnitudes
        return np.where(np.isfinite(allowed), allowed, 0.0)

    def to_json(self) -> dict[str, Any]:
        """The tolerance as JSON-ready values: those of the largest column, and of the smallest where they differ."""
        document = {
            "atol": self.widest,
            "rtol": self.rtol,
            "decided_by": self.decided_by,
            "scale": float(self.scale.max(initial=0.0)),
            "terms": dict(self.terms),
        }
        if self.atol.size > 1:
            document["smallest_atol"] = float(self.atol.min())
        return document

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Tolerance:
        """What `to_json` gave, the tolerance of the largest column for all of them."""
        scale = np.full(1, float(document["scale"]))
        return cls(np.full(1, float(document["atol"])), float(document["rtol"]), str(document["decided_by"]), scale)


def exactly() -> Tolerance:
    """No difference at all."""
    return Tolerance(np.zeros(1), 0.0, "exact", np.ones(1))


def derive(
    reference: Array,
    candidate_dtype: np.dtype[Any],
    noise: Mapping[str, float],
    wish: tuple[float | None, float | None] = (None, None),
    *,
    by_column: bool = False,
    shared: bool = True,
) -> Tolerance:
    """The tolerance of one output.

    ``reference`` holds its answers on ordinary rows; ``noise`` what the reference misses itself by, in the output's
    units, by source. ``wish`` is the user's rtol and atol, which go before everything derived. ``by_column`` gives each column
    of [rows, columns] the tolerance of its own scale; ``shared`` says that its columns come out of the same sums.
    """
    scale = _scales(reference, by_column=by_column)
    if wish != (None, None):
        return Tolerance(np.full(1, wish[1] or 0.0), wish[0] or 0.0, "user", scale)
    epsilon = max(_epsilon(reference.dtype), _epsilon(candidate_dtype))
    rtol = ULPS[_coarser(reference.dtype, candidate_dtype)] * epsilon
    rounding = rtol * scale
    if shared:
        rounding = np.maximum(rounding, min(SHARED_STEPS * epsilon, rtol) * scale.max(initial=0.0))
    terms = {"dtype": float(rounding.max(initial=0.0))}
    terms.update({source: NOISE_MARGIN * value for source, value in noise.items() if value > 0})
    decided_by = max(terms, key=lambda source: terms[source])
    ceiling = np.maximum(CEILING * scale, rounding)
    atol = np.minimum(np.maximum(rounding, terms[decided_by] if decided_by != "dtype" else 0.0), ceiling)
    if terms[decided_by] > float(ceiling.max(initial=0.0)):
        decided_by = f"ceiling, {decided_by} alone would be {terms[decided_by]:.2g}"
    return Tolerance(atol, rtol, decided_by, scale, terms)


def _scales(values: Array, *, by_column: bool) -> Floats:
    """The 99th percentile of the finite magnitudes, of each column or of all; 0 where there are none."""
    columns = [values[:, place] for place in range(values.shape[1])] if by_column and values.ndim == 2 else [values]
    found = []
    for column in columns:
        with np.errstate(all="ignore"):
            magnitudes = np.abs(column.astype(np.float64)).ravel()
        finite = magnitudes[np.isfinite(magnitudes)]
        found.append(float(np.quantile(finite, 0.99)) if finite.size else 0.0)
    return np.array(found)


def _epsilon(dtype: np.dtype[Any]) -> float:
    if dtype.kind != "f":
        return 2.0**-7 if dtype.name == "bfloat16" else 0.0
    return float(np.finfo(dtype).eps)


def _coarser(first: np.dtype[Any], second: np.dtype[Any]) -> str:
    coarser = first if _epsilon(first) >= _epsilon(second) else second
    return coarser.name if coarser.name in ULPS else "float32"
