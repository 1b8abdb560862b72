"""LightGBM: estimators with the scikit-learn API and native boosters."""

from __future__ import annotations

from typing import Any

import numpy as np

from mlpack.core.errors import NoRouteError
from mlpack.core.framework import ColumnHint, InputHints, Visit
from mlpack.runtime.estimator import EstimatorSession, dense, rows_reader
from mlpack.runtime.estimator_outputs import class_labels, output_specs
from mlpack.runtime.session import Feed, Session
from mlpack.runtime.signature import Signature, TensorSpec

_INPUT = "input"
_MOST_THRESHOLDS = 512
_CATEGORICAL = 1


class LightGBM:
    """The framework ``lightgbm``."""

    name = "lightgbm"
    title = "LightGBM"
    packages: tuple[str, ...] = ("lightgbm",)
    library = "lightgbm"
    distribution = "lightgbm"
    extra = "boost"

    def recognises(self, model: Any) -> bool:
        """Whether ``model`` is a Booster or an estimator of LightGBM."""
        return any(kind.__module__.partition(".")[0] == "lightgbm" for kind in type(model).__mro__)

    def signature(self, model: Any, sample: Feed | None = None) -> Signature:  # noqa: ARG002
        """One float64 matrix in; what the model answers to two rows of ones out. Raises NoRouteError when not fitted."""
        booster = _booster(model)
        width = int(booster.num_feature())
        inputs = Signature(
            (TensorSpec(_INPUT, "float64", ("batch", width)),), columns={_INPUT: tuple(booster.feature_name())}
        )
        outputs = output_specs(model, rows_reader(model, inputs)({_INPUT: np.ones((2, width))}))
        return Signature(inputs.inputs, outputs, inputs.columns, {}, class_labels(model, outputs))

    def session(self, model: Any, signature: Signature) -> Session:
        """Open ``model`` as it is."""
        return EstimatorSession(model, signature)

    def hints(self, model: Any, signature: Signature) -> InputHints:
        """The thresholds of every split, by column; a column split by category is integral."""
        width = int(signature.inputs[0].shape[1])
        thresholds: list[set[float]] = [set() for _ in range(width)]
        integral: set[int] = set()
        for features, values, decisions in _splits(_booster(model).model_to_string()):
            for feature, value, decision in zip(features, values, decisions, strict=True):
                if int(decision) & _CATEGORICAL:
                    integral.add(int(feature))
                else:
                    thresholds[int(feature)].add(float(value))
        columns = tuple(
            ColumnHint(thresholds=_spread(found), integral=position in integral)
            for position, found in enumerate(thresholds)
        )
        return InputHints({signature.inputs[0].name: columns})

    def stages(self, model: Any, signature: Signature, feed: Feed, visit: Visit) -> None:
        """The raw score, then the outputs: a sum of trees has no layers."""
        rows = rows_reader(model, signature)(feed)
        visit("raw_score", dense(_booster(model).predict(rows, raw_score=True)))
        with self.session(model, signature) as session:
            for name, values in session.run(feed).items():
                visit(name, values)

    def in_double(self, model: Any, signature: Signature) -> Session | None:  # noqa: ARG002
        """None: LightGBM computes in float64 already."""
        return None


FRAMEWORK = LightGBM()


def _booster(model: Any) -> Any:
    """The native booster of ``model``. Raises NoRouteError when it is not fitted."""
    if not hasattr(model, "get_params"):
        return model
    if not model.__sklearn_is_fitted__():
        raise NoRouteError(f"this {type(model).__name__} is not fitted", hint="call fit before saving it")
    return model.booster_


def _splits(text: str) -> list[tuple[list[str], list[str], list[str]]]:
    """Features, thresholds and decision types of the splits of each tree, from the model's text."""
    found = []
    for section in text.split("\nTree=")[1:]:
        fields = dict(line.split("=", 1) for line in section.splitlines() if "=" in line)
        if int(fields["num_leaves"]) > 1:
            found.append(tuple(fields[name].split() for name in ("split_feature", "threshold", "decision_type")))
    return found  # type: ignore[return-value]


def _spread(found: set[float]) -> Any:
    """At most 512 thresholds, from the lowest to the highest; infinite bounds are no thresholds."""
    values = np.array(sorted(value for value in found if np.isfinite(value)))
    if values.size > _MOST_THRESHOLDS:
        values = values[np.linspace(0, values.size - 1, _MOST_THRESHOLDS).astype(int)]
    return values if values.size else None
