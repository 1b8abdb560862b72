"""Ensembles of any estimators: bagging, boosting by weights, voting, stacking, calibration."""

from __future__ import annotations

from typing import Any

import numpy as np

from mlpack.converters.sklearn_to_onnx.arithmetic import (
    argmax,
    as_column,
    column_at,
    divided_by_sum,
    is_above,
    sigmoid,
    two_columns,
)
from mlpack.converters.sklearn_to_onnx.emission import (
    Block,
    Classes,
    MultiClasses,
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
from mlpack.converters.sklearn_to_onnx.emit.simple import interpolated
from mlpack.graph.writer import GraphWriter

_SMALLEST = 1e-12
"""What scikit-learn adds to a probability before it takes the logarithm."""


@predicts("BaggingClassifier")
def emit_bagging_classifier(graph: GraphWriter, model: Any, table: Table) -> Classes:
    """The mean of the probabilities, or of the votes where an estimator has none."""
    classes, parts = len(model.classes_), []
    for estimator, features in zip(model.estimators_, model.estimators_features_, strict=True):
        part = emit_classes(graph, estimator, table.select(graph, np.asarray(features).tolist()))
        # Inner estimators were fitted on the numbers of the classes, some of which a sample may lack.
        places = np.eye(classes)[np.asarray(part.labels).astype(int)]
        if part.probabilities is None:
            parts.append(graph.node("Gather", graph.constant(places), part.index, axis=0))
        elif len(places) == classes:
            parts.append(part.probabilities)
        else:
            parts.append(graph.node("MatMul", part.probabilities, graph.constant(places)))
    mean = graph.node("Div", _sum(graph, parts), graph.constant(float(len(parts))))
    return Classes(model.classes_, argmax(graph, mean), mean)


@predicts("BaggingRegressor")
def emit_bagging_regressor(graph: GraphWriter, model: Any, table: Table) -> Values:
    """The mean of the answers."""
    parts = [
        emit_values(graph, estimator, table.select(graph, np.asarray(features).tolist()))
        for estimator, features in zip(model.estimators_, model.estimators_features_, strict=True)
    ]
    total = _sum(graph, [part.tensor for part in parts])
    return Values(graph.node("Div", total, graph.constant(float(len(parts)))), parts[0].width)


@predicts("AdaBoostClassifier")
def emit_ada_boost_classifier(graph: GraphWriter, model: Any, table: Table) -> Classes:
    """SAMME, https://doi.org/10.4310/SII.2009.v2.n3.a8: each estimator votes with its weight."""
    classes = int(model.n_classes_)
    if classes == 1:
        raise unsupported(model, "it knows a single class")
    parts = []
    for estimator, weight in zip(model.estimators_, model.estimator_weights_, strict=False):
        part = emit_classes(graph, estimator, table)
        votes = np.where(
            np.asarray(part.labels)[:, None] == np.asarray(model.classes_), weight, -1 / (classes - 1) * weight
        )
        parts.append(graph.node("Gather", graph.constant(votes), part.index, axis=0))
    total = graph.node("Div", _sum(graph, parts), graph.constant(float(model.estimator_weights_.sum())))
    if classes > 2:
        scaled = graph.node("Div", total, graph.constant(float(classes - 1)))
        return Classes(model.classes_, argmax(graph, total), graph.node("Softmax", scaled, axis=1), total)
    decision = graph.node("Sub", column_at(graph, total, 1), column_at(graph, total, 0))
    column = as_column(graph, decision)
    pair = graph.node("Concat", graph.node("Neg", column), column, axis=1)
    halves = graph.node("Div", pair, graph.constant(2.0))
    return Classes(model.classes_, is_above(graph, decision, 0.0), graph.node("Softmax", halves, axis=1), decision)


@predicts("AdaBoostRegressor")
def emit_ada_boost_regressor(graph: GraphWriter, model: Any, table: Table) -> Values:
    """The weighted median of the answers."""
    columns = [as_column(graph, emit_values(graph, estimator, table).tensor) for estimator in model.estimators_]
    answers = graph.node("Concat", *columns, axis=1)
    count = graph.constant([len(columns)], np.int64)
    ordered, order = graph.nodes("TopK", 2, answers, count, axis=1, largest=0, sorted=1)
    weights = graph.node("Gather", graph.constant(model.estimator_weights_[: len(columns)]), order, axis=0)
    reached = graph.node("CumSum", weights, graph.constant(1, np.int64))
    whole = graph.node("Gather", reached, graph.constant([-1], np.int64), axis=1)
    above = graph.node("GreaterOrEqual", reached, graph.node("Mul", graph.constant(0.5), whole))
    first = graph.node("ArgMax", graph.cast(above, "int64"), axis=1, keepdims=1)
    return Values(graph.reshape(graph.node("GatherElements", ordered, first, axis=1), (-1,)))


@predicts("VotingClassifier")
def emit_voting_classifier(graph: GraphWriter, model: Any, table: Table) -> Classes:
    """The weighted mean of probabilities (soft), or the most votes (hard)."""
    if not hasattr(model.le_, "classes_"):
        raise unsupported(model, "it has several outputs")
    weights = model._weights_not_none or [1.0] * len(model.estimators_)
    votes = []
    for number, (estimator, weight) in enumerate(zip(model.estimators_, weights, strict=True)):
        with within(graph, "estimator", str(number), estimator):
            part = emit_classes(graph, estimator, table)
        if model.voting == "hard":
            hot = np.eye(len(model.classes_))[np.asarray(part.labels).astype(int)]
            score: str | None = graph.node("Gather", graph.constant(hot), part.index, axis=0)
        else:
            score = part.probabilities
        if score is None:
            raise unsupported(model, f"{type(estimator).__name__} has no probabilities")
        votes.append(graph.node("Mul", score, graph.constant(float(weight))))
    total = _sum(graph, votes)
    if model.voting == "hard":
        return Classes(model.classes_, argmax(graph, total))
    mean = graph.node("Div", total, graph.constant(float(np.sum(weights))))
    return Classes(model.classes_, argmax(graph, mean), mean)


@predicts("VotingRegressor")
def emit_voting_regressor(graph: GraphWriter, model: Any, table: Table) -> Values:
    """The weighted mean of the answers."""
    weights = model._weights_not_none or [1.0] * len(model.estimators_)
    parts = []
    for number, (estimator, weight) in enumerate(zip(model.estimators_, weights, strict=True)):
        with within(graph, "estimator", str(number), estimator):
            part = emit_values(graph, estimator, table)
        parts.append(graph.node("Mul", part.tensor, graph.constant(float(weight))))
    return Values(graph.node("Div", _sum(graph, parts), graph.constant(float(np.sum(weights)))))


@predicts("StackingClassifier", "StackingRegressor")
def emit_stacking(graph: GraphWriter, model: Any, table: Table) -> Prediction:
    """The final estimator on the answers of the others."""
    stacked = emit_stacking_transform(graph, model, table)
    final = emit_predict(graph, model.final_estimator_, stacked)
    if isinstance(final, Classes):
        labels = model.classes_[np.asarray(final.labels).astype(int)]
        return Classes(labels, final.index, final.probabilities, final.decision)
    return final


@transforms("StackingClassifier", "StackingRegressor")
def emit_stacking_transform(graph: GraphWriter, model: Any, table: Table) -> Table:
    """The answers of the estimators side by side, and the columns themselves where they pass."""
    blocks: list[Block] = []
    fitted = [estimator for estimator in model.estimators_ if not isinstance(estimator, str)]
    methods = [method for method in model.stack_method_ if method is not None]
    for number, (estimator, method) in enumerate(zip(fitted, methods, strict=True)):
        with within(graph, "estimator", str(number), estimator):
            blocks.append(_stack_block(graph, estimator, method, table))
    return Table((*blocks, *(table.blocks if model.passthrough else ())))


@predicts("CalibratedClassifierCV")
def emit_calibrated(graph: GraphWriter, model: Any, table: Table) -> Classes:
    """The mean, over the folds, of calibrated scores."""
    parts = [_calibrated(graph, one, table) for one in model.calibrated_classifiers_]
    mean = graph.node("Div", _sum(graph, parts), graph.constant(float(len(parts))))
    return Classes(model.classes_, argmax(graph, mean), mean)


def _calibrated(graph: GraphWriter, model: Any, table: Table) -> str:
    """One fold: the estimator's scores through a calibrator a class, normalised."""
    inner = emit_classes(graph, model.estimator, table)
    classes = len(model.classes)
    if len(inner.labels) != classes:
        raise unsupported(model, "a fold lacks a class")
    has_decision = hasattr(model.estimator, "decision_function") and inner.decision is not None
    if model.method == "temperature":
        return _tempered(graph, model, inner, has_decision=has_decision)
    if has_decision and inner.decision is not None:
        scores = [inner.decision] if classes == 2 else [column_at(graph, inner.decision, at) for at in range(classes)]
    elif inner.probabilities is not None:
        scores = [column_at(graph, inner.probabilities, at) for at in ((1,) if classes == 2 else range(classes))]
    else:
        raise unsupported(model, "its estimator has no score")
    calibrated = [_calibrate(graph, one, score) for one, score in zip(model.calibrators, scores, strict=True)]
    if classes == 2:
        return two_columns(graph, calibrated[0])
    columns = graph.node("Concat", *(as_column(graph, score) for score in calibrated), axis=1)
    return divided_by_sum(graph, columns)


def _calibrate(graph: GraphWriter, calibrator: Any, score: str) -> str:
    if hasattr(calibrator, "a_"):
        scaled = graph.node("Mul", score, graph.constant(float(calibrator.a_)))
        line = graph.node("Add", scaled, graph.constant(float(calibrator.b_)))
        return sigmoid(graph, graph.node("Neg", line))
    return interpolated(graph, calibrator, score)


def _tempered(graph: GraphWriter, model: Any, inner: Classes, *, has_decision: bool) -> str:
    """``softmax(beta * logits)``; probabilities become logits by their logarithm."""
    if has_decision and inner.decision is not None:
        logits = inner.decision
        if len(model.classes) == 2:
            column = as_column(graph, logits)
            logits = graph.node("Concat", graph.node("Neg", column), column, axis=1)
    elif inner.probabilities is not None:
        smallest = graph.constant(_SMALLEST)
        logits = graph.node("Log", graph.node("Add", inner.probabilities, smallest))
    else:
        raise unsupported(model, "its estimator has no score")
    scaled = graph.node("Mul", logits, graph.constant(float(model.calibrators[0].beta_)))
    return graph.node("Softmax", scaled, axis=1)


def _stack_block(graph: GraphWriter, estimator: Any, method: str, table: Table) -> Block:
    if method == "transform":
        transformed = emit_transform(graph, estimator, table)
        return Block(transformed.matrix(graph), transformed.width)
    part = emit_predict(graph, estimator, table)
    if isinstance(part, Values):
        return Block(graph.reshape(part.tensor, (-1, part.width or 1)), part.width or 1)
    if isinstance(part, MultiClasses):
        raise unsupported(estimator, "it has several outputs")
    classes = len(part.labels)
    if method == "predict_proba" and part.probabilities is not None:
        if classes == 2:
            return Block(as_column(graph, column_at(graph, part.probabilities, 1)), 1)
        return Block(part.probabilities, classes)
    if method == "decision_function" and part.decision is not None:
        return Block(part.decision, classes) if classes > 2 else Block(as_column(graph, part.decision), 1)
    labels = graph.node("Gather", graph.constant(np.asarray(part.labels).astype(np.float64)), part.index, axis=0)
    return Block(as_column(graph, labels), 1)


def _sum(graph: GraphWriter, parts: list[str]) -> str:
    total = parts[0]
    for part in parts[1:]:
        total = graph.node("Add", total, part)
    return total
