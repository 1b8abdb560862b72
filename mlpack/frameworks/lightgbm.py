"""LightGBM: estimators with the scikit-learn API and native boosters."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np

from mlpack.core.errors import NoRouteError
from mlpack.core.framework import ColumnHint, InputHints, Visit
from mlpack.runtime.estimator import EstimatorSession, dense, rows_reader
from mlpack.runtime.estimator_outputs import class_labels, output_specs, tensor_dtype
from mlpack.runtime.session import Feed, Session
from mlpack.runtime.signature import Scalar, Signature, TensorSpec

_INPUT = "input"
_MOST_THRESHOLDS = 512
_CATEGORICAL = 1
_CATEGORICAL_COLUMNS = re.compile(r"\[categorical_feature: ([\d,]+)\]")


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

    def signature(self, model: Any, sample: Feed | None = None) -> Signature:
        """One float64 matrix in, or an input a column where a data frame named categories or ``sample`` has truth values; what
        the model answers out.

        Raises NoRouteError when it is not fitted.
        """
        booster = _booster(model)
        inputs = _inputs(booster, sample or {})
        feed = {spec.name: _two_rows(spec, inputs.categories.get(spec.name, ())) for spec in inputs.inputs}
        outputs = output_specs(model, rows_reader(model, inputs)(feed))
        return Signature(inputs.inputs, outputs, inputs.columns, inputs.categories, class_labels(model, outputs))

    def session(self, model: Any, signature: Signature) -> Session:
        """Open ``model`` as it is."""
        return EstimatorSession(model, signature)

    def hints(self, model: Any, signature: Signature) -> InputHints:
        """The thresholds of every split, by column; a column split by category is integral."""
        thresholds: list[set[float]] = [set() for _ in range(_booster(model).num_feature())]
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
        if len(signature.inputs) == 1 and not signature.categories:
            return InputHints({signature.inputs[0].name: columns})
        return InputHints(
            {
                spec.name: (replace(hint, categories=signature.categories.get(spec.name, ())),)
                for spec, hint in zip(signature.inputs, columns, strict=True)
            }
        )

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


def _inputs(booster: Any, sample: Feed) -> Signature:
    names = tuple(booster.feature_name())
    categories = _named_categories(booster, names)
    dtypes = {name: "bool" for name in names if name in sample and np.asarray(sample[name]).dtype == bool}
    dtypes |= {name: tensor_dtype(np.asarray(known)) for name, known in categories.items()}
    if not dtypes:
        return Signature((TensorSpec(_INPUT, "float64", ("batch", len(names))),), columns={_INPUT: names})
    inputs = tuple(TensorSpec(name, dtypes.get(name, "float64"), ("batch", 1)) for name in names)
    return Signature(inputs, categories=categories)


def _named_categories(booster: Any, names: tuple[str, ...]) -> dict[str, tuple[Scalar, ...]]:
    """The categories of the columns that were categorical in the data frame of the training, by column."""
    held = booster.pandas_categorical
    found = _CATEGORICAL_COLUMNS.search(booster.model_to_string(num_iteration=1)) if held else None
    if not found:
        return {}
    positions = [int(position) for position in found.group(1).split(",")]
    return {names[position]: tuple(known) for position, known in zip(positions, held, strict=True)}


def _two_rows(spec: TensorSpec, known: tuple[Scalar, ...]) -> Any:
    width = int(spec.shape[1])
    if known:
        return np.array([[known[0]], [known[-1]]], dtype=object if spec.dtype == "string" else spec.dtype)
    return np.ones((2, width))


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
