"""XGBoost: estimators with the scikit-learn API and native boosters."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np

from mlpack.core.errors import NoRouteError
from mlpack.core.framework import ColumnHint, InputHints, Visit
from mlpack.runtime.estimator import EstimatorSession, rows_reader
from mlpack.runtime.estimator_outputs import class_labels, output_specs, tensor_dtype
from mlpack.runtime.session import Feed, Session
from mlpack.runtime.signature import Scalar, Signature, TensorSpec

_INPUT = "input"
_MOST_THRESHOLDS = 512
_TRUTH = "i"
"""XGBoost's feature type for an indicator: a column that was bool in the data frame of the training."""


class XGBoost:
    """The framework ``xgboost``."""

    name = "xgboost"
    title = "XGBoost"
    packages: tuple[str, ...] = ("xgboost",)
    library = "xgboost"
    distribution = "xgboost-cpu"
    extra = "boost"

    def recognises(self, model: Any) -> bool:
        """Whether ``model`` is a Booster or an estimator of XGBoost."""
        return any(kind.__module__.partition(".")[0] == "xgboost" for kind in type(model).__mro__)

    def signature(self, model: Any, sample: Feed | None = None) -> Signature:  # noqa: ARG002 - it knows which were bool
        """One float32 matrix in, or an input a column where a data frame had categories or truth values; what the model
        answers out.

        Raises NoRouteError when it is not fitted.
        """
        inputs = _inputs(_booster(model))
        feed = {spec.name: _two_rows(spec, inputs.categories.get(spec.name, ())) for spec in inputs.inputs}
        outputs = output_specs(model, rows_reader(model, inputs)(feed))
        return Signature(inputs.inputs, outputs, inputs.columns, inputs.categories, class_labels(model, outputs))

    def session(self, model: Any, signature: Signature) -> Session:
        """Open ``model`` as it is."""
        return EstimatorSession(model, signature)

    def hints(self, model: Any, signature: Signature) -> InputHints:
        """The thresholds of every split, by column; the categories of those that are split by category."""
        width = int(_booster(model).num_features())
        thresholds: list[set[float]] = [set() for _ in range(width)]
        categories: list[set[int]] = [set() for _ in range(width)]
        for tree in _trees(_booster(model)):
            kinds = tree.get("split_type") or [0] * len(tree["left_children"])
            for child, feature, value, kind in zip(
                tree["left_children"], tree["split_indices"], tree["split_conditions"], kinds, strict=True
            ):
                if child >= 0 and not kind:
                    thresholds[feature].add(float(np.float32(value)))
            for node, start, size in zip(
                tree.get("categories_nodes", ()), tree.get("categories_segments", ()), tree.get("categories_sizes", ()),
                strict=True,
            ):  # fmt: skip
                categories[tree["split_indices"][node]].update(tree["categories"][start : start + size])
        columns = tuple(
            ColumnHint(thresholds=_spread(found), categories=tuple(sorted(known)), integral=bool(known))
            for found, known in zip(thresholds, categories, strict=True)
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
        """The margin, then the outputs: a sum of trees has no layers."""
        booster, rows = _booster(model), rows_reader(model, signature)(feed)
        import xgboost

        types = None if signature.categories else booster.feature_types
        matrix = xgboost.DMatrix(
            rows, feature_names=booster.feature_names, feature_types=types, enable_categorical=True
        )
        visit("margin", np.asarray(booster.predict(matrix, output_margin=True)))
        with self.session(model, signature) as session:
            for name, values in session.run(feed).items():
                visit(name, values)

    def in_double(self, model: Any, signature: Signature) -> Session | None:  # noqa: ARG002
        """None: XGBoost computes in float32 only."""
        return None


FRAMEWORK = XGBoost()


def _booster(model: Any) -> Any:
    """The native booster of ``model``. Raises NoRouteError when it is not fitted."""
    if not hasattr(model, "get_booster"):
        return model
    if not model.__sklearn_is_fitted__():
        raise NoRouteError(f"this {type(model).__name__} is not fitted", hint="call fit before saving it")
    return model.get_booster()


def _inputs(booster: Any) -> Signature:
    width = int(booster.num_features())
    names = tuple(booster.feature_names or (f"f{index}" for index in range(width)))
    categories = _named_categories(booster, names)
    kinds = zip(names, booster.feature_types or (), strict=False)
    dtypes = {name: "bool" for name, kind in kinds if kind == _TRUTH}
    dtypes |= {name: tensor_dtype(np.asarray(known)) for name, known in categories.items()}
    if not dtypes:
        return Signature((TensorSpec(_INPUT, "float32", ("batch", width)),), columns={_INPUT: names})
    inputs = tuple(TensorSpec(name, dtypes.get(name, "float32"), ("batch", 1)) for name in names)
    return Signature(inputs, categories=categories)


def _named_categories(booster: Any, names: tuple[str, ...]) -> dict[str, tuple[Scalar, ...]]:
    """The categories of the columns that were categorical in the data frame of the training, by column.

    XGBoost 3.1 and later keep them: numbers as they are, strings as signed bytes of UTF-8 with the ends of each.
    """
    held = json.loads(booster.save_raw("json"))["learner"]["gradient_booster"]
    encodings = held.get("gbtree", held).get("model", {}).get("cats", {}).get("enc", [])
    found: dict[str, tuple[Scalar, ...]] = {}
    for name, encoding in zip(names, encodings, strict=False):
        values, ends = encoding["values"], encoding.get("offsets")
        if not values:
            continue
        if ends is None:
            found[name] = tuple(values)
            continue
        text = bytes(value % 256 for value in values)
        found[name] = tuple(text[start:end].decode() for start, end in pairwise(ends))
    return found


def _two_rows(spec: TensorSpec, known: tuple[Scalar, ...]) -> Any:
    if known:
        return np.array([[known[0]], [known[-1]]], dtype=object if spec.dtype == "string" else spec.dtype)
    return np.ones((2, int(spec.shape[1])), dtype=np.float32)


def _trees(booster: Any) -> list[dict[str, Any]]:
    held = json.loads(booster.save_raw("json"))["learner"]["gradient_booster"]
    held = held.get("gbtree", held)
    trees: list[dict[str, Any]] = held["model"].get("trees", [])
    return trees


def _spread(found: set[float]) -> Any:
    """At most 512 thresholds, from the lowest to the highest."""
    values = np.array(sorted(found))
    if values.size > _MOST_THRESHOLDS:
        values = values[np.linspace(0, values.size - 1, _MOST_THRESHOLDS).astype(int)]
    return values if values.size else None
