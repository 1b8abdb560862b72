"""Linear models: regressors, generalised linear models and linear classifiers."""

from __future__ import annotations

from typing import Any

import numpy as np

from mlpack.converters.sklearn_to_onnx.arithmetic import (
    affine,
    argmax,
    as_vector,
    column_at,
    divided_by_sum,
    is_above,
    sigmoid,
    two_columns,
)
from mlpack.converters.sklearn_to_onnx.emission import (
    Classes,
    MultiClasses,
    Prediction,
    Table,
    Values,
    predicts,
    unsupported,
)
from mlpack.graph.writer import GraphWriter
from mlpack.runtime.estimator import dense


@predicts(
    "LinearRegression", "Ridge", "RidgeCV", "ElasticNet", "ElasticNetCV", "Lasso", "LassoCV", "Lars", "LarsCV",
    "LassoLars", "LassoLarsCV", "LassoLarsIC", "MultiTaskElasticNet", "MultiTaskElasticNetCV", "MultiTaskLasso",
    "MultiTaskLassoCV", "OrthogonalMatchingPursuit", "OrthogonalMatchingPursuitCV", "BayesianRidge", "ARDRegression",
    "HuberRegressor", "TheilSenRegressor", "SGDRegressor", "PassiveAggressiveRegressor", "QuantileRegressor",
    "LinearSVR",
)  # fmt: skip
def emit_linear_regressor(graph: GraphWriter, model: Any, table: Table) -> Values:
    """``x @ coef + intercept``."""
    coefficients = np.asarray(dense(model.coef_), dtype=np.float64)
    # One target keeps the shape that y had: a coefficient row of its own gives a column.
    flat = coefficients.ndim == 1 or type(model).__name__ == "LinearSVR"
    weights = coefficients.reshape(-1, table.width).T
    result = affine(graph, table.matrix(graph), weights, model.intercept_)
    return Values(as_vector(graph, result)) if flat else Values(result, weights.shape[1])


@predicts("PoissonRegressor", "GammaRegressor", "TweedieRegressor")
def emit_generalised_linear(graph: GraphWriter, model: Any, table: Table) -> Values:
    """The inverse of the link of ``x @ coef + intercept``: the identity or the exponential."""
    raw = as_vector(graph, affine(graph, table.matrix(graph), model.coef_.reshape(-1, 1), model.intercept_))
    link = type(model._base_loss.link).__name__
    if link == "IdentityLink":
        return Values(raw)
    if link == "LogLink":
        return Values(graph.node("Exp", raw))
    raise unsupported(model, f"its link {link} has no ONNX form here")


@predicts("LogisticRegression", "LogisticRegressionCV")
def emit_logistic_regression(graph: GraphWriter, model: Any, table: Table) -> Classes:
    """Sigmoid for two classes, softmax for more; one-against-rest where a version of scikit-learn still does so."""
    scores = _scores(graph, model, table)
    if len(model.classes_) <= 2:
        vector = as_vector(graph, scores)
        return _binary(graph, model, vector, sigmoid(graph, vector))
    one_against_rest = getattr(model, "multi_class", None) in {"ovr", "warn"} or (
        getattr(model, "multi_class", None) in {"auto", "deprecated"} and model.solver == "liblinear"
    )
    shares = (
        divided_by_sum(graph, sigmoid(graph, scores)) if one_against_rest else graph.node("Softmax", scores, axis=1)
    )
    return Classes(model.classes_, argmax(graph, scores), shares, scores)


@predicts(
    "LinearSVC", "RidgeClassifier", "RidgeClassifierCV", "Perceptron", "PassiveAggressiveClassifier",
)  # fmt: skip
def emit_linear_classifier(graph: GraphWriter, model: Any, table: Table) -> Prediction:
    """The sign of the score for two classes, the largest score for more."""
    binarizer = getattr(model, "_label_binarizer", None)
    if binarizer is not None and binarizer.y_type_.startswith("multilabel"):
        return _multilabel(graph, model, table)
    scores = _scores(graph, model, table)
    if len(model.classes_) <= 2:
        vector = as_vector(graph, scores)
        return Classes(model.classes_, is_above(graph, vector, 0.0), None, vector)
    return Classes(model.classes_, argmax(graph, scores), None, scores)


@predicts("SGDClassifier")
def emit_sgd_classifier(graph: GraphWriter, model: Any, table: Table) -> Prediction:
    """A linear classifier; log loss and modified Huber loss have probabilities."""
    plain = emit_linear_classifier(graph, model, table)
    if not isinstance(plain, Classes) or plain.decision is None or model.loss not in {"log_loss", "modified_huber"}:
        return plain
    binary = len(model.classes_) <= 2
    if model.loss == "log_loss":
        positive = sigmoid(graph, plain.decision)
    else:
        clipped = graph.node("Clip", plain.decision, graph.constant(-1.0), graph.constant(1.0))
        positive = graph.node("Div", graph.node("Add", clipped, graph.constant(1.0)), graph.constant(2.0))
    probabilities = two_columns(graph, positive) if binary else divided_by_sum(graph, positive)
    return Classes(plain.labels, plain.index, probabilities, plain.decision)


@predicts("SGDOneClassSVM")
def emit_sgd_one_class(graph: GraphWriter, model: Any, table: Table) -> Classes:
    """An inlier where ``x @ coef - offset >= 0``."""
    rows = affine(graph, table.matrix(graph), model.coef_.reshape(1, -1).T, -np.asarray(model.offset_))
    return outlier(graph, as_vector(graph, rows))


def outlier(graph: GraphWriter, decision: str) -> Classes:
    """The answer of an outlier detector: 1 for an inlier where ``decision >= 0``, else -1."""
    inside = graph.cast(graph.node("GreaterOrEqual", decision, graph.constant(0.0)), "int64")
    return Classes(np.array([-1, 1]), inside, None, decision)


def _scores(graph: GraphWriter, model: Any, table: Table) -> str:
    coefficients = np.asarray(dense(model.coef_), dtype=np.float64).reshape(-1, table.width)
    return affine(graph, table.matrix(graph), coefficients.T, model.intercept_)


def _binary(graph: GraphWriter, model: Any, decision: str, positive: str) -> Classes:
    return Classes(model.classes_, is_above(graph, decision, 0.0), two_columns(graph, positive), decision)


def _multilabel(graph: GraphWriter, model: Any, table: Table) -> MultiClasses:
    """Each label for itself: it holds where its score is above zero."""
    scores = _scores(graph, model, table)
    columns = [column_at(graph, scores, position) for position in range(len(np.atleast_2d(model.coef_)))]
    return MultiClasses(tuple(Classes(np.array([0, 1]), is_above(graph, one, 0.0), None, one) for one in columns))
