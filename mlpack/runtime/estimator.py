"""The session for an object with the scikit-learn API, and for native XGBoost and LightGBM boosters."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .session import Array, ClosingSession, Feed, Outputs
from .signature import Signature, TensorSpec

LABEL = "label"
PROBABILITIES = "probabilities"
DECISION = "decision"
PREDICTION = "prediction"
TRANSFORMED = "transformed"

_LABEL_IS_ARGMAX = frozenset(
    {
        "BaggingClassifier",
        "CalibratedClassifierCV",
        "DecisionTreeClassifier",
        "ExtraTreeClassifier",
        "ExtraTreesClassifier",
        "RandomForestClassifier",
    }
)
"""Classifiers of scikit-learn whose `predict` is by definition the class of the largest `predict_proba`."""


_HOLDERS = frozenset({"_CalibratedClassifier"})
"""Classes of scikit-learn that hold estimators and are none themselves."""


class EstimatorSession(ClosingSession):
    """Predicts with a fitted estimator.

    A classifier gives ``label`` and ``probabilities`` (``probabilities_0``, ``probabilities_1``... where it has several
    outputs) or ``decision``; an outlier detector ``label`` and ``decision``; a clusterer ``label``; a regressor
    ``prediction``; what only transforms ``transformed``.
    """

    def __init__(self, model: Any, signature: Signature) -> None:
        self.signature = signature
        self._model = model
        self._rows = rows_reader(model, signature)
        self._wanted = {spec.name for spec in signature.outputs}
        # Rows come as plain arrays, in the order of the columns the model was fitted with: nothing to warn of.
        warnings.filterwarnings("ignore", message="X does not have valid feature names")
        warnings.filterwarnings("ignore", message="X has feature names, but")

    def run(self, feed: Feed) -> Outputs:
        """Predict. Raises what the estimator raises, KeyError for an input that is missing."""
        answered = answers(self._model, self._rows(feed), self._wanted)
        return {spec.name: _as_spec(answered[spec.name], spec) for spec in self.signature.outputs}


def answers(model: Any, rows: Any, wanted: frozenset[str] | set[str] | None = None) -> Outputs:
    """Every output of ``model`` for ``rows`` by name, as the model gives it; ``wanted`` saves computing the others."""
    final, rows = _at_final_step(model, rows)
    if is_booster(final):
        return {PREDICTION: _booster_answer(final, rows)}
    kind = kind_of(final)
    if kind == "transformer":
        return {TRANSFORMED: dense(final.transform(rows))}
    if kind == "regressor":
        return {PREDICTION: dense(final.predict(rows))}
    scores = _scores(final, rows, kind, wanted)
    if type(final).__name__ in _LABEL_IS_ARGMAX and set(scores) == {PROBABILITIES}:
        label = np.asarray(final.classes_)[np.argmax(scores[PROBABILITIES], axis=1)]
    else:
        label = dense(final.predict(rows))
    return {LABEL: label, **scores}


def kind_of(model: Any) -> str:
    """``classifier``, ``regressor``, ``clusterer``, ``outlier_detector`` or ``transformer``."""
    from sklearn.base import is_classifier, is_clusterer, is_outlier_detector

    if not hasattr(model, "predict"):
        return "transformer"
    if is_classifier(model):
        return "classifier"
    if is_outlier_detector(model):
        return "outlier_detector"
    # A mixture is a "density_estimator" to scikit-learn; its predict gives the component, as a clusterer's does.
    return "clusterer" if is_clusterer(model) or hasattr(model, "predict_proba") else "regressor"


def is_booster(model: Any) -> bool:
    """Whether ``model`` is a native Booster of XGBoost or LightGBM."""
    kind = type(model)
    return kind.__name__ == "Booster" and kind.__module__.partition(".")[0] in {"xgboost", "lightgbm"}


def dense(values: Any) -> Array:
    """A plain array of what an estimator returned: sparse matrices and frames are unfolded."""
    if hasattr(values, "toarray"):
        values = values.toarray()
    return np.asarray(values)


def rows_reader(model: Any, signature: Signature) -> Callable[[Feed], Any]:
    """The function that puts a feed together into what ``model`` takes.

    A text model takes a list of strings. A frame is built only for a model that picks columns by name; every other
    model takes a matrix, of objects where columns differ in kind.
    """
    inputs = signature.inputs
    if len(inputs) == 1 and inputs[0].shape == ("batch",):
        return lambda feed: [str(text) for text in feed[inputs[0].name].ravel()]
    names = [name for spec in inputs for name in signature.columns.get(spec.name, (spec.name,))]
    if signature.categories and type(model).__module__.partition(".")[0] in {"lightgbm", "xgboost"}:
        return lambda feed: _frame_of_categories(feed, signature)
    if picks_by_name(model):
        return lambda feed: _frame(feed, inputs, names)
    return lambda feed: _matrix(feed, inputs)


def picks_by_name(model: Any) -> bool:
    """Whether some step of ``model`` needs the names of columns, which only a frame has."""
    if not hasattr(model, "feature_names_in_"):
        return False
    return any(_is_picky(part) for part in parts_of(model))


def parts_of(model: Any) -> Sequence[Any]:
    """``model`` and every estimator inside it, in the order of its attributes."""
    found: list[Any] = []
    seen: set[int] = set()
    pending = [model]
    while pending:
        part = pending.pop(0)
        if id(part) in seen:
            continue
        seen.add(id(part))
        if hasattr(part, "get_params") and not isinstance(part, type):
            found.append(part)
            pending += list(vars(part).values())
        elif type(part).__name__ in _HOLDERS:
            pending += list(vars(part).values())
        elif isinstance(part, (list, tuple)) and len(part) <= 10_000:
            pending += list(part)
        elif isinstance(part, dict):
            pending += list(part.values())
        elif isinstance(part, np.ndarray) and part.dtype.kind == "O":
            pending += part.ravel().tolist()
    return found


def _is_picky(part: Any) -> bool:
    kind = type(part).__name__
    if kind == "ColumnTransformer":
        # An unfitted one is only the pattern that a fitted one elsewhere was cloned from.
        return any(_mentions_text(columns) for _, _, columns in getattr(part, "transformers_", ()))
    if kind == "FunctionTransformer":
        return part.func is not None and type(part.func).__name__ != "ufunc"
    return kind.startswith("HistGradientBoosting") and getattr(part, "is_categorical_", None) is not None


def _mentions_text(columns: Any) -> bool:
    if isinstance(columns, str):
        return True
    if isinstance(columns, slice):
        return isinstance(columns.start, str) or isinstance(columns.stop, str)
    return not callable(columns) and any(isinstance(column, str) for column in columns)


def _matrix(feed: Feed, inputs: tuple[TensorSpec, ...]) -> Array:
    if len(inputs) == 1:
        return _column_block(feed, inputs[0])
    blocks = [_column_block(feed, spec) for spec in inputs]
    if any(spec.dtype == "string" for spec in inputs):
        blocks = [block.astype(object) for block in blocks]
    return np.concatenate(blocks, axis=1)


def _frame(feed: Feed, inputs: tuple[TensorSpec, ...], names: list[str]) -> Any:
    import pandas as pd

    if len(inputs) == 1:
        return pd.DataFrame(_column_block(feed, inputs[0]), columns=names)
    return pd.DataFrame(
        {name: _column_block(feed, spec)[:, 0] for name, spec in zip(names, inputs, strict=True)}, columns=names
    )


def _frame_of_categories(feed: Feed, signature: Signature) -> Any:
    """A frame in the dtypes that the booster was trained on; a value that is no category of its column is missing."""
    import pandas as pd

    columns = {spec.name: _column_block(feed, spec)[:, 0] for spec in signature.inputs}
    for name, known in signature.categories.items():
        values = [value if value in known else None for value in columns[name].tolist()]
        columns[name] = pd.Categorical(values, categories=list(known))
    return pd.DataFrame(columns)


def _column_block(feed: Feed, spec: TensorSpec) -> Array:
    """One input as a matrix of the dtype it was declared with: a narrower one would be computed with as it is."""
    block = np.asarray(feed[spec.name])
    if block.ndim == 1:
        block = block.reshape(-1, 1)
    return block.astype(object if spec.dtype == "string" else spec.dtype, copy=False)


def _at_final_step(model: Any, rows: Any) -> tuple[Any, Any]:
    """A pipeline's last step and the rows that reach it, so that its `predict` and `predict_proba` share the way there."""
    while type(model).__name__ == "Pipeline" and type(model).__module__ == "sklearn.pipeline":
        final = model.steps[-1][1]
        if final is None or final == "passthrough":
            return model, rows
        if len(model.steps) > 1:
            rows = model[:-1].transform(rows)
        model = final
    return model, rows


def _scores(model: Any, rows: Any, kind: str, wanted: frozenset[str] | set[str] | None) -> Outputs:
    """Probabilities, else the decision function, else nothing."""
    if kind != "outlier_detector" and hasattr(model, "predict_proba"):
        if wanted is not None and not any(name.startswith(PROBABILITIES) for name in wanted):
            return {}
        return _named_probabilities(model.predict_proba(rows))
    if hasattr(model, "decision_function") and (wanted is None or DECISION in wanted):
        return {DECISION: dense(model.decision_function(rows))}
    return {}


def _named_probabilities(probabilities: Any) -> Outputs:
    """A list of matrices (one an output) becomes several outputs."""
    if isinstance(probabilities, list):
        return {f"{PROBABILITIES}_{index}": dense(matrix) for index, matrix in enumerate(probabilities)}
    return {PROBABILITIES: dense(probabilities)}


def _booster_answer(booster: Any, rows: Any) -> Array:
    if type(booster).__module__.startswith("lightgbm"):
        return dense(booster.predict(rows))
    import xgboost

    if hasattr(rows, "iloc"):
        return dense(booster.predict(xgboost.DMatrix(rows, enable_categorical=True)))
    # The types a booster was trained with are compared with the matrix's: they are given on, as the names are.
    return dense(
        booster.predict(xgboost.DMatrix(rows, feature_names=booster.feature_names, feature_types=booster.feature_types))
    )


def _as_spec(values: Array, spec: TensorSpec) -> Array:
    if spec.dtype == "string":
        return np.array([str(value) for value in values.ravel()], dtype=object).reshape(values.shape)
    return values.astype(spec.dtype, copy=False)
