"""Every estimator of scikit-learn that can predict, fitted on small real data."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from mlpack.frameworks.sklearn import FRAMEWORK

_ABSTRACT_ARGUMENTS = {"metric": "precomputed", "kernel": "precomputed", "affinity": "precomputed"}


@dataclass(frozen=True)
class Case:
    """One fitted estimator, the rows it was fitted on, and what kind it is."""

    name: str
    model: Any
    rows: np.ndarray
    kind: str
    positive: bool
    signature: Any


def fitted_estimators() -> Iterator[Case]:
    """One case for each predicting estimator, in alphabetical order, classifiers with two classes and with three."""
    from sklearn.utils import all_estimators

    for name, kind in all_estimators():
        if hasattr(kind, "predict"):
            yield from _cases(name, kind)


def _cases(name: str, kind: Any) -> Iterator[Case]:
    from sklearn.base import is_classifier, is_regressor
    from sklearn.utils import get_tags
    from sklearn.utils._test_common.instance_generator import _construct_instances

    done: set[str] = set()
    for estimator in _construct_instances(kind):
        parameters = estimator.get_params(deep=False)
        if any(parameters.get(key) == value for key, value in _ABSTRACT_ARGUMENTS.items()):
            continue
        tags = get_tags(estimator)
        what = "classifier" if is_classifier(estimator) else "regressor" if is_regressor(estimator) else "other"
        for classes in (2, 3) if what == "classifier" else (0,):
            if classes == 3 and tags.classifier_tags is not None and not tags.classifier_tags.multi_class:
                continue
            label = f"{name}/{what[0]}{classes or ''}"
            rows, target = _data(name, what, classes, tags)
            if label in done or rows is None:
                continue
            done.add(label)
            model = _fit(estimator, rows, target)
            positive = tags.input_tags.positive_only
            yield Case(label, model, rows, what, positive, FRAMEWORK.signature(model))


def _data(name: str, what: str, classes: int, tags: Any) -> tuple[Any, Any]:
    from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris

    if what == "classifier" and classes == 3:
        rows, target = load_iris(return_X_y=True)
    elif what == "classifier":
        rows, target = load_breast_cancer(return_X_y=True)
        rows, target = rows[:200, [0, 1, 4, 5, 6, 7, 8, 9]], target[:200]
        rows = rows / rows.std(axis=0)
    else:
        rows, target = load_diabetes(return_X_y=True)
        rows, target = rows[:200] * 20 + 3, target[:200] / 10
        if tags.input_tags.positive_only:
            rows = np.abs(rows)
    if name == "BernoulliNB":  # it asks of each number whether it is above zero
        rows = rows - rows.mean(axis=0)
    if name == "CategoricalNB":
        rows = np.round(rows) % 5
    if name == "ClassifierChain":
        target = np.column_stack([target > 0, rows[:, 0] > rows[:, 0].mean()]).astype(int)
    if name == "MultiOutputClassifier":
        target = np.column_stack([target, target > 0])
    if name.startswith("MultiTask") or name in {"CCA", "PLSCanonical", "MultiOutputRegressor", "RegressorChain"}:
        target = np.column_stack([target, target**2 + rows[:, 0]])
    return (rows[:, :1] if name == "IsotonicRegression" else rows), target


def _fit(estimator: Any, rows: np.ndarray, target: np.ndarray) -> Any:
    from sklearn.base import clone

    estimator = clone(estimator)
    parameters = estimator.get_params()
    if "random_state" in parameters:
        estimator.set_params(random_state=0)
    if "outlier_label" in parameters:
        estimator.set_params(radius=1.5, outlier_label="most_frequent")
    elif "radius" in parameters:
        estimator.set_params(radius=3.0)
    if parameters.get("strategy") == "stratified":  # answers drawn at random cannot be reproduced
        estimator.set_params(strategy="prior")
    if type(estimator).__name__ in {"GaussianMixture", "BayesianGaussianMixture"}:
        estimator.set_params(n_components=3)
    if "novelty" in parameters:
        estimator.set_params(novelty=True)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return estimator.fit(rows, target)


@pytest.fixture(scope="session")
def estimator_cases() -> list[Case]:
    """All cases, fitted."""
    return list(fitted_estimators())
