"""Estimators that hand their rows to one estimator inside: searches, thresholds, selection, wrappers of the target."""

from __future__ import annotations

from typing import Any

import numpy as np

from mlpack.converters.sklearn_to_onnx.arithmetic import column_at
from mlpack.converters.sklearn_to_onnx.emission import (
    Classes,
    Prediction,
    Table,
    Values,
    emit_classes,
    emit_predict,
    emit_transform,
    emit_values,
    predicts,
    transforms,
    unsupported,
    within,
)
from mlpack.graph.writer import GraphWriter

_INVERSE = {"exp": "Exp", "log": "Log", "sqrt": "Sqrt"}


@predicts("GridSearchCV", "RandomizedSearchCV", "HalvingGridSearchCV", "HalvingRandomSearchCV")
def emit_search(graph: GraphWriter, model: Any, table: Table) -> Prediction:
    """The best estimator."""
    return emit_predict(graph, model.best_estimator_, table)


@transforms("GridSearchCV", "RandomizedSearchCV", "HalvingGridSearchCV", "HalvingRandomSearchCV")
def emit_search_transform(graph: GraphWriter, model: Any, table: Table) -> Table:
    """The best estimator."""
    return emit_transform(graph, model.best_estimator_, table)


@predicts("RFE", "RFECV")
def emit_elimination(graph: GraphWriter, model: Any, table: Table) -> Prediction:
    """The estimator on the features that were kept."""
    return emit_predict(graph, model.estimator_, table.select(graph, np.flatnonzero(model.support_).tolist()))


@predicts("RANSACRegressor")
def emit_ransac(graph: GraphWriter, model: Any, table: Table) -> Prediction:
    """The estimator fitted on the inliers."""
    return emit_predict(graph, model.estimator_, table)


@predicts("SelfTrainingClassifier")
def emit_self_training(graph: GraphWriter, model: Any, table: Table) -> Prediction:
    """The estimator fitted on its own labels."""
    return emit_predict(graph, model.estimator_, table)


@predicts("FrozenEstimator")
def emit_frozen(graph: GraphWriter, model: Any, table: Table) -> Prediction:
    """The estimator inside."""
    return emit_predict(graph, model.estimator, table)


@transforms("FrozenEstimator")
def emit_frozen_transform(graph: GraphWriter, model: Any, table: Table) -> Table:
    """The estimator inside."""
    return emit_transform(graph, model.estimator, table)


@predicts("FixedThresholdClassifier", "TunedThresholdClassifierCV")
def emit_threshold(graph: GraphWriter, model: Any, table: Table) -> Classes:
    """The positive class where its score reaches the threshold."""
    inner = emit_classes(graph, getattr(model, "estimator_", model.estimator), table)
    labels = np.asarray(model.classes_)
    positive = _positive_label(model)
    position = int(np.flatnonzero(labels == positive)[0])
    method = model._get_response_method()
    by_probability = inner.probabilities is not None and ("predict_proba" in np.atleast_1d(method).tolist())
    if by_probability and inner.probabilities is not None:
        score, threshold = column_at(graph, inner.probabilities, position), 0.5
    elif inner.decision is not None:
        score, threshold = inner.decision, 0.0
        score = score if position == 1 else graph.node("Neg", score)
    else:
        raise unsupported(model, "its estimator has no score to compare with the threshold")
    held = getattr(model, "best_threshold_", getattr(model, "threshold", "auto"))
    reached = graph.node("GreaterOrEqual", score, graph.constant(threshold if held == "auto" else float(held)))
    index = graph.node("Where", reached, graph.constant(position, np.int64), graph.constant(1 - position, np.int64))
    return Classes(labels, index, inner.probabilities, inner.decision)


@predicts("TransformedTargetRegressor")
def emit_transformed_target(graph: GraphWriter, model: Any, table: Table) -> Values:
    """The regressor's answer through the inverse of what was done to the target."""
    with within(graph, "regressor", "regressor", model.regressor_):
        inner = emit_values(graph, model.regressor_, table)
    kind = type(model.transformer_).__name__
    if kind == "FunctionTransformer":
        return Values(_inverse_function(graph, model, inner.tensor), inner.width)
    column = graph.reshape(inner.tensor, (-1, inner.width or 1))
    restored = _inverse_scaling(graph, model, kind, column)
    return Values(graph.reshape(restored, (-1,)) if inner.width is None else restored, inner.width)


def _positive_label(model: Any) -> Any:
    tuned = hasattr(model, "_curve_scorer")
    label = model._curve_scorer._get_pos_label() if tuned else model.pos_label
    return model.classes_[1] if label is None else label


def _inverse_function(graph: GraphWriter, model: Any, value: str) -> str:
    function = model.transformer_.inverse_func
    name = getattr(function, "__name__", "")
    if function is None:
        return value
    if type(function).__module__ == "numpy" and name in _INVERSE:
        return graph.node(_INVERSE[name], value)
    if type(function).__module__ == "numpy" and name == "expm1":
        return graph.node("Sub", graph.node("Exp", value), graph.constant(1.0))
    if type(function).__module__ == "numpy" and name == "square":
        return graph.node("Mul", value, value)
    raise unsupported(model, f"its inverse function {name or function!r} is Python code")


def _inverse_scaling(graph: GraphWriter, model: Any, kind: str, column: str) -> str:
    scaler = model.transformer_
    if kind == "StandardScaler":
        scaled = graph.node("Mul", column, graph.constant(scaler.scale_)) if scaler.with_std else column
        return graph.node("Add", scaled, graph.constant(scaler.mean_)) if scaler.with_mean else scaled
    if kind == "RobustScaler":
        scaled = graph.node("Mul", column, graph.constant(scaler.scale_)) if scaler.with_scaling else column
        return graph.node("Add", scaled, graph.constant(scaler.center_)) if scaler.with_centering else scaled
    if kind == "MinMaxScaler":
        return graph.node("Div", graph.node("Sub", column, graph.constant(scaler.min_)), graph.constant(scaler.scale_))
    if kind == "MaxAbsScaler":
        return graph.node("Mul", column, graph.constant(scaler.scale_))
    raise unsupported(model, f"the inverse of {kind} has no ONNX form here")
