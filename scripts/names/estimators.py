"""Every estimator of scikit-learn, fitted as it stands."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import numpy as np

from names import data
from names.sample import Answers, Sample

_SEED = {"random_state": 0}
_TEXT = frozenset({"CountVectorizer", "TfidfVectorizer", "HashingVectorizer"})
_TWO_TARGETS = frozenset({"CCA", "PLSCanonical", "PLSSVD", "MultiOutputRegressor", "RegressorChain"})
_TWO_CLASSES = frozenset({"FixedThresholdClassifier", "TunedThresholdClassifierCV", "TargetEncoder"})
_OF_AN_ESTIMATOR = frozenset({"ClassifierChain", "MultiOutputClassifier", "MultiOutputRegressor", "RegressorChain"})
"""Between two releases their first argument had a default that does not work."""
_LABELS = frozenset({"LabelBinarizer", "LabelEncoder"})


def every_estimator() -> Iterator[Sample]:
    """One sample for each class that `sklearn.utils.all_estimators` knows."""
    from sklearn.experimental import enable_halving_search_cv, enable_iterative_imputer  # noqa: F401
    from sklearn.utils import all_estimators

    for name, kind in all_estimators():
        yield fitted(f"sklearn/{name}", kind(**arguments_of(kind)))


def fitted(name: str, model: Any, rows: Any = None, target: Any = None) -> Sample:
    """``model``, fitted on the given data or on what suits its kind."""
    if rows is None:
        rows, target = data_for(model)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        model.fit(rows) if target is None else model.fit(rows, target)
    return Sample(name, model, Answers(rows))


def arguments_of(kind: type) -> dict[str, Any]:
    """What the constructor cannot do without, and small numbers where the usual ones take long."""
    parameters = inspect.signature(kind.__init__).parameters
    own = _own_arguments().get(kind.__name__, {})
    needed = {
        name: _required(kind, name)
        for name, parameter in parameters.items()
        if name != "self" and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
        if parameter.default is parameter.empty or (name == "estimator" and kind.__name__ in _OF_AN_ESTIMATOR)
    }
    small = {name: value for name, value in {**_SEED, **_SMALL}.items() if name in parameters}
    return {**small, **{name: make() for name, make in needed.items() if name not in own}, **own}


_SMALL = {"n_estimators": 5, "n_init": 1, "n_jobs": 1}


def _required(kind: type, parameter: str) -> Callable[[], Any]:
    from sklearn.decomposition import PCA
    from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
    from sklearn.preprocessing import MinMaxScaler, StandardScaler
    from sklearn.tree import DecisionTreeClassifier

    regressor = "Regress" in kind.__name__
    model = Ridge if regressor else LogisticRegression
    pair = (Ridge, LinearRegression) if regressor else (LogisticRegression, DecisionTreeClassifier)
    return {
        "estimator": model,
        "base_estimator": model,
        "param_grid": lambda: {"C": [0.1, 1.0]},
        "param_distributions": lambda: {"C": [0.1, 1.0]},
        "estimators": lambda: [("first", pair[0]()), ("second", pair[1]())],
        "transformers": lambda: [("scaled", StandardScaler(), [0, 1]), ("left", "passthrough", [2])],
        "transformer_list": lambda: [("scaled", MinMaxScaler()), ("parts", PCA(2))],
        "steps": lambda: [("scaled", StandardScaler()), ("model", LogisticRegression())],
        "dictionary": lambda: np.eye(4),
    }[parameter]


def _own_arguments() -> dict[str, dict[str, Any]]:
    from sklearn.linear_model import LogisticRegression

    rows, target = data.iris()
    learner = "estimator" if _has("semi_supervised.SelfTrainingClassifier", "estimator") else "base_estimator"
    rounds = "max_iter" if _has("manifold.TSNE", "max_iter") else "n_iter"
    return {
        "FrozenEstimator": {"estimator": LogisticRegression().fit(rows, target)},
        "HalvingRandomSearchCV": {"n_candidates": 2},
        "LocalOutlierFactor": {"novelty": True},
        "RandomizedSearchCV": {"n_iter": 2},
        "RadiusNeighborsClassifier": {"radius": 5.0},
        "RadiusNeighborsRegressor": {"radius": 50.0},
        "SelfTrainingClassifier": {learner: LogisticRegression()},
        "TSNE": {"perplexity": 5.0, rounds: 250},
        "QuantileRegressor": {"solver": "highs"},
        "MiniBatchDictionaryLearning": {"n_components": 3, "max_iter": 5},
        "PatchExtractor": {"patch_size": (3, 3)},
        "HashingVectorizer": {"n_features": 32},
        "FeatureHasher": {"n_features": 32, "input_type": "string"},
        "SparseRandomProjection": {"n_components": 3},
        "GaussianRandomProjection": {"n_components": 3},
        "SelectKBest": {"k": 2},
        "MLPClassifier": {"max_iter": 5},
        "MLPRegressor": {"max_iter": 5},
        "BernoulliRBM": {"n_iter": 2, "n_components": 4},
    }


def _has(name: str, parameter: str) -> bool:
    """Whether a class of this generation takes ``parameter``."""
    module, _, kind = name.partition(".")
    return parameter in inspect.signature(getattr(import_module(f"sklearn.{module}"), kind).__init__).parameters


def data_for(model: Any) -> tuple[Any, Any]:
    """Rows and target for an estimator of this kind."""
    from sklearn.base import is_classifier, is_regressor

    name = type(model).__name__
    rows, target = data.iris()
    if name in _TEXT:
        return data.texts()
    if name == "DictVectorizer":
        return [{"length": row[0], "kind": str(row[1])} for row in rows[:20]], None
    if name == "FeatureHasher":
        return [text.split() for text in data.texts()[0]], None
    if name == "PatchExtractor":
        return data.images(), None
    if name in _LABELS:
        return np.array(["red", "green", "blue"])[target], None
    if name == "MultiLabelBinarizer":
        return [("red", "any") if label else ("none",) for label in target], None
    if name == "CategoricalNB":
        return np.round(rows), target
    if name in {"ClassifierChain", "MultiOutputClassifier"}:
        return rows, data.labels_of_two_kinds(rows, target)
    if name in _TWO_CLASSES:
        return data.cancer()
    if name == "KernelCenterer":
        return rows @ rows.T, None
    if is_classifier(model):
        return rows, target
    if is_regressor(model) or name in _TWO_TARGETS:
        return _numbers_for(name)
    return rows, target


def _numbers_for(name: str) -> tuple[Any, Any]:
    rows, target = data.diabetes()
    if name == "IsotonicRegression":
        return rows[:, 0], target
    if name.startswith("MultiTask") or name in _TWO_TARGETS:
        return rows, data.two_targets(target, rows)
    return (np.abs(rows), target) if name in {"GammaRegressor", "PoissonRegressor"} else (rows, target)
