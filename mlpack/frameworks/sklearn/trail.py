"""Where a column of a step comes from in the raw input, and the elementwise steps it took on its way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mlpack.frameworks.sklearn.columns import transformer_columns

Operation = Literal["sub", "div", "mul", "add"]
_FORWARD = {"sub": np.subtract, "div": np.divide, "mul": np.multiply, "add": np.add}
_INVERSE = {"sub": np.add, "div": np.multiply, "mul": np.divide, "add": np.subtract}
_HALVINGS = 64
_SCALERS = frozenset({"MaxAbsScaler", "MinMaxScaler", "RobustScaler", "StandardScaler"})


@dataclass(frozen=True)
class Trail:
    """Column ``source`` of the raw input, then ``operations`` with their constants, one after the other."""

    source: int
    operations: tuple[tuple[Operation, float], ...] = ()

    def then(self, operation: Operation, constant: float) -> Trail:
        """One step further."""
        return Trail(self.source, (*self.operations, (operation, float(constant))))

    def forward(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Raw values as the step sees them, rounded as scikit-learn rounds."""
        for operation, constant in self.operations:
            values = _FORWARD[operation](values, constant)
        return values

    def inverse(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Values of the step in the units of the raw input, but for rounding."""
        for operation, constant in reversed(self.operations):
            values = _INVERSE[operation](values, constant)
        return values

    def boundary(self, thresholds: NDArray[np.float64], *, single: bool) -> NDArray[np.float64]:
        """The raw values at which ``step value <= threshold`` changes, to the last bit.

        ``single`` says that the step rounds to float32 before it compares. Found by halving an interval around the
        inverse: every step on the way is monotone.
        """
        with np.errstate(all="ignore"):
            guess = self.inverse(thresholds)
            if not self.operations:
                return guess
            reach = np.abs(self.inverse(thresholds + np.abs(thresholds) * 1e-5 + 1e-30) - guess) + np.abs(guess) * 1e-9
            low, high = guess - reach, guess + reach
            rising = self.forward(high) >= self.forward(low)
            for _ in range(_HALVINGS):
                middle = low + (high - low) / 2
                seen = self.forward(middle)
                seen = seen.astype(np.float32).astype(np.float64) if single else seen
                left = (seen <= thresholds) == rising
                low, high = np.where(left, middle, low), np.where(left, high, middle)
            return np.where(np.isfinite(low), low, guess)


Trails = list[Trail | None]
"""One a column of a step; None where a column is no elementwise function of one raw column."""


def through(step: Any, trails: Trails) -> Trails:
    """The trails of the columns that ``step`` gives, for the columns ``trails`` that it takes."""
    kind = type(step).__name__
    if kind == "Pipeline":
        for _, inner in step.steps:
            trails = trails if inner is None or inner == "passthrough" else through(inner, trails)
        return trails
    if kind == "ColumnTransformer":
        return _through_branches(step, trails)
    if kind in _SCALERS:
        operations = _operations(kind, step)
        return [trail and _scaled(trail, operations, at) for at, trail in enumerate(trails)]
    if kind == "SimpleImputer":
        kept = [at for at, value in enumerate(step.statistics_) if step.keep_empty_features or not is_nan(value)]
        return [trails[at] for at in kept if at < len(trails)]
    if kind == "FunctionTransformer" and step.func is None:
        return trails
    if hasattr(step, "get_support") and hasattr(step, "transform"):
        return [trails[int(at)] for at in np.flatnonzero(step.get_support()) if at < len(trails)]
    return []


def _through_branches(step: Any, trails: Trails) -> Trails:
    width = max((part.stop or 0 for part in step.output_indices_.values()), default=0)
    found: Trails = [None] * width
    for name, branch, columns in step.transformers_:
        place = step.output_indices_.get(name)
        if place is None or (isinstance(branch, str) and branch == "drop"):
            continue
        part = [trails[at] if at < len(trails) else None for at in transformer_columns(step, name, columns)]
        given = part if isinstance(branch, str) else through(branch, part)
        if len(given) == place.stop - place.start:
            found[place] = given
    return found


def is_nan(value: Any) -> bool:
    """Whether a statistic is a NaN; those of strings never are."""
    return isinstance(value, float) and bool(np.isnan(value))


def _operations(kind: str, step: Any) -> list[tuple[Operation, Any]]:
    """What a scaler does, in order; None stands for what it was told to leave out."""
    if kind == "StandardScaler":
        return [("sub", step.mean_ if step.with_mean else None), ("div", step.scale_ if step.with_std else None)]
    if kind == "RobustScaler":
        center = step.center_ if step.with_centering else None
        return [("sub", center), ("div", step.scale_ if step.with_scaling else None)]
    if kind == "MinMaxScaler":
        return [("mul", step.scale_), ("add", step.min_)]
    return [("div", step.scale_)]


def _scaled(trail: Trail, operations: list[tuple[Operation, Any]], at: int) -> Trail:
    for operation, constants in operations:
        if constants is not None:
            trail = trail.then(operation, constants[at])
    return trail
