"""How far apart two answers are: values with absolute and relative errors and ULPs, labels with their near ties."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlpack.runtime.session import Array
from mlpack.runtime.signature import Scalar
from mlpack.verify.tolerance import Tolerance

Rows = NDArray[np.bool_]


@dataclass(frozen=True)
class Measured:
    """The distance of one output's answers on one feed.

    ``beyond`` marks the rows that are beyond the tolerance. ``undefined`` marks rows where the reference itself answers
    NaN or an infinity and the candidate answers something else. Errors are over finite pairs, in the output's units.
    """

    compared: int
    beyond: Rows
    undefined: Rows
    max_abs: float = 0.0
    mean_abs: float = 0.0
    p99_abs: float = 0.0
    max_rel: float = 0.0
    p99_rel: float = 0.0
    max_ulp: float = 0.0
    worst_row: int | None = None
    agreement: float | None = None
    row_errors: NDArray[np.float64] | None = None
    """The largest absolute error of each row, inf where only one side is finite."""

    def max_over(self, rows: Rows) -> float:
        """The largest absolute error over the rows marked."""
        return 0.0 if self.row_errors is None else _top(self.row_errors[rows])


def contract(reference: Array, candidate: Array) -> tuple[str, Array]:
    """Whether two answers have the same shape and dtype kind: a complaint, or empty, and the candidate's in the same shape.

    A trailing axis of one that only one side has is passed over: it holds the same values.
    """
    if candidate.shape != reference.shape:
        squeezed = _without_trailing_one(candidate, reference)
        if squeezed is None:
            return f"shape {list(candidate.shape)} where the reference has {list(reference.shape)}", candidate
        candidate = squeezed
    if kind_of(reference) != kind_of(candidate):
        return f"dtype {candidate.dtype} where the reference has {reference.dtype}", candidate
    return "", candidate


def kind_of(array: Array) -> str:
    """What sort of values: ``float``, ``int``, ``bool`` or ``string``."""
    kind = array.dtype.kind
    if kind in "OUS":
        return "string"
    if kind in "iu":
        return "int"
    return {"b": "bool", "c": "complex"}.get(kind, "float")


def compare_values(
    reference: Array, candidate: Array, tolerance: Tolerance, growth: NDArray[np.float64] | None = None
) -> Measured:
    """Compare numbers of one shape, any dtype, element by element in float64. NaN equals NaN, inf equals inf.

    A reference value beyond the range of the candidate's dtype equals the infinity that it rounds to. ``growth`` is that of
    `Tolerance.allowed`.
    """
    rows = len(reference) if reference.ndim else 1
    expected = reference.reshape(rows, -1) if reference.size else reference.reshape(rows, 0)
    given = candidate.reshape(expected.shape)
    apart = distances(expected, given, tolerance, growth)
    undefined = apart.off & ~np.isfinite(apart.expected)
    return _measured(apart.expected, apart.error, apart.off & ~undefined, undefined, _ulps(expected, given))


@dataclass(frozen=True)
class Distances:
    """Two answers in float64, element by element, [rows, values].

    ``error`` is inf where only one side is finite; ``off`` marks what is beyond ``allowed``.
    """

    expected: NDArray[np.float64]
    given: NDArray[np.float64]
    error: NDArray[np.float64]
    allowed: NDArray[np.float64]
    off: Rows


def distances(
    expected: Array, given: Array, tolerance: Tolerance, growth: NDArray[np.float64] | None = None
) -> Distances:
    """How far apart the elements of two arrays are, both [rows, values]. See `compare_values`."""
    with np.errstate(all="ignore"):
        if given.dtype.kind == "f" and given.dtype.itemsize < expected.dtype.itemsize:
            beyond_range = np.abs(expected.astype(np.float64)) > float(np.finfo(given.dtype).max)
            expected = np.where(beyond_range, np.copysign(np.inf, expected.astype(np.float64)), expected)
        wide_expected, wide_given = expected.astype(np.float64), given.astype(np.float64)
        same = (wide_expected == wide_given) | (np.isnan(wide_expected) & np.isnan(wide_given))
        error = np.where(same, 0.0, np.abs(wide_given - wide_expected))
        error = np.where(np.isnan(error), np.inf, error)
        allowed = tolerance.allowed(wide_expected, growth)
        off = ~same & ~(error <= allowed)
    return Distances(wide_expected, wide_given, error, allowed, off)


def compare_labels(reference: Array, candidate: Array) -> Measured:
    """Compare class labels or other exact values (strings, integers, booleans), element by element."""
    rows = len(reference) if reference.ndim else 1
    beyond: Rows = np.zeros(rows, dtype=bool)
    if reference.size:
        differs = reference.reshape(rows, -1) != candidate.reshape(rows, -1)
        beyond = np.asarray(np.asarray(differs, dtype=bool).any(axis=1))
    return Measured(
        compared=int(reference.size),
        beyond=beyond,
        undefined=np.zeros(rows, dtype=bool),
        worst_row=int(np.flatnonzero(beyond)[0]) if beyond.any() else None,
        agreement=float(1.0 - beyond.mean()) if rows else None,
    )


def near_ties(
    labels: Array, given: Array, scores: Array, classes: tuple[Scalar, ...], tolerance: Tolerance, differing: Rows
) -> Rows:
    """Which of the ``differing`` rows are near ties: the reference's own scores of the two labels are within the tolerance.

    ``scores`` are the reference's probabilities or decision values, [batch, classes], or [batch] with two classes.
    """
    ties = np.zeros(len(differing), dtype=bool)
    position = {str(label): at for at, label in enumerate(classes)}
    for row in np.flatnonzero(differing):
        first, second = position.get(str(labels[row])), position.get(str(given[row]))
        if first is None or second is None:
            continue
        if scores.ndim == 1:
            gap = abs(float(scores[row]))
        elif scores.shape[1] > max(first, second) and int(scores[row].argmax()) == first:
            gap = abs(float(scores[row, first]) - float(scores[row, second]))
        else:
            continue  # scores of something else than the classes, such as pairs of them, tell nothing
        ties[row] = gap <= 2 * (tolerance.widest + tolerance.rtol * float(np.abs(scores[row]).max()))
    return ties


def _measured(
    expected: NDArray[np.float64], error: NDArray[np.float64], off: Rows, undefined: Rows, ulps: NDArray[np.float64]
) -> Measured:
    finite = np.isfinite(error) & np.isfinite(expected)
    errors = error[finite]
    with np.errstate(all="ignore"):
        relative = errors / np.abs(expected[finite])
    relative = relative[np.isfinite(relative)]
    worst = np.where(off | undefined, error, -1.0) if (off | undefined).any() else error
    return Measured(
        compared=int(np.isfinite(expected).sum()),
        beyond=np.asarray(off.any(axis=1)),
        undefined=np.asarray(undefined.any(axis=1)),
        max_abs=_top(error[np.isfinite(expected)]),
        mean_abs=float(errors.mean()) if errors.size else 0.0,
        p99_abs=float(np.quantile(errors, 0.99)) if errors.size else 0.0,
        max_rel=_top(relative),
        p99_rel=float(np.quantile(relative, 0.99)) if relative.size else 0.0,
        max_ulp=_top(ulps[finite]) if ulps.size else 0.0,
        worst_row=int(worst.max(axis=1).argmax()) if worst.size else None,
        row_errors=np.where(np.isfinite(expected), error, 0.0).max(axis=1, initial=0.0),
    )


def _top(values: NDArray[np.float64]) -> float:
    return float(values.max()) if values.size else 0.0


def _ulps(expected: Array, given: Array) -> NDArray[np.float64]:
    """The distance in representable numbers of the coarser dtype; empty for what is no float32 or float64."""
    dtype = min(expected.dtype, given.dtype, key=lambda kind: kind.itemsize)
    if dtype not in (np.float32, np.float64):
        return np.empty(0)
    with np.errstate(all="ignore"):
        return np.abs(_ordered(expected.astype(dtype)) - _ordered(given.astype(dtype)))


def _ordered(values: Array) -> NDArray[np.float64]:
    """Floats as integers in the same order, so that neighbours differ by one."""
    integer = np.int32 if values.dtype.itemsize == 4 else np.int64
    bits: Array = np.ascontiguousarray(values).view(integer)
    return np.where(bits < 0, np.iinfo(integer).min - bits, bits).astype(np.float64)


def _without_trailing_one(candidate: Array, reference: Array) -> Array | None:
    if candidate.shape == (*reference.shape, 1) or (*candidate.shape, 1) == reference.shape:
        return candidate.reshape(reference.shape)
    return None
