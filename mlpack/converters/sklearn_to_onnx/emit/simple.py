"""Estimators that are one formula: dummies, isotonic regression, partial least squares."""

from __future__ import annotations

from typing import Any

import numpy as np

from mlpack.converters.sklearn_to_onnx.arithmetic import affine, column_at
from mlpack.converters.sklearn_to_onnx.emission import (
    Classes,
    MultiClasses,
    Prediction,
    Table,
    Values,
    numbers,
    predicts,
    transforms,
    unsupported,
)
from mlpack.graph.writer import GraphWriter


@predicts("DummyRegressor")
def emit_dummy_regressor(graph: GraphWriter, model: Any, table: Table) -> Values:
    """The same for every row."""
    constant = np.asarray(model.constant_, dtype=np.float64).reshape(1, -1)
    result = graph.node("Add", _nothing(graph, table), graph.constant(constant))
    return Values(graph.reshape(result, (-1,))) if model.n_outputs_ == 1 else Values(result, model.n_outputs_)


@predicts("DummyClassifier")
def emit_dummy_classifier(graph: GraphWriter, model: Any, table: Table) -> Prediction:
    """The same for every row; a strategy that draws at random has no answer to reproduce."""
    if model._strategy in {"stratified", "uniform"}:
        raise unsupported(model, f"with strategy={model.strategy!r} its answers are drawn at random")
    if model.n_outputs_ == 1:
        return _dummy(graph, model, table, model.classes_, model.class_prior_, model.constant)
    parts = zip(model.classes_, model.class_prior_, range(model.n_outputs_), strict=True)
    return MultiClasses(
        tuple(
            _dummy(graph, model, table, labels, prior, None if model.constant is None else model.constant[number])
            for labels, prior, number in parts
        )
    )


@predicts("IsotonicRegression")
def emit_isotonic(graph: GraphWriter, model: Any, table: Table) -> Values:
    """A line through the fitted points."""
    return Values(_line(graph, model, table))


@transforms("IsotonicRegression")
def emit_isotonic_transform(graph: GraphWriter, model: Any, table: Table) -> Table:
    """As its predict."""
    return numbers(graph.reshape(_line(graph, model, table), (-1, 1)), 1)


@predicts("PLSRegression", "PLSCanonical", "CCA")
def emit_partial_least_squares(graph: GraphWriter, model: Any, table: Table) -> Values:
    """``(x - mean) @ coef + intercept``."""
    centred = graph.node("Sub", table.matrix(graph), graph.constant(model._x_mean))
    result = affine(graph, centred, model.coef_.T, model.intercept_)
    if model._predict_1d:
        return Values(graph.reshape(result, (-1,)))
    return Values(result, model.coef_.shape[0])


@transforms("PLSRegression", "PLSCanonical", "CCA", "PLSSVD")
def emit_partial_least_squares_transform(graph: GraphWriter, model: Any, table: Table) -> Table:
    """Centred and scaled, then rotated."""
    centred = graph.node("Sub", table.matrix(graph), graph.constant(model._x_mean))
    scaled = graph.node("Div", centred, graph.constant(model._x_std))
    rotations = getattr(model, "x_rotations_", None)
    rotations = model.x_weights_ if rotations is None else rotations
    return numbers(affine(graph, scaled, rotations, 0.0), rotations.shape[1])


def interpolated(graph: GraphWriter, model: Any, values: str) -> str:
    """The fitted line of an isotonic regression at ``values`` ``[batch]``, as ``scipy.interpolate.interp1d`` has it."""
    at = np.asarray(model.X_thresholds_, dtype=np.float64)
    height = np.asarray(model.y_thresholds_, dtype=np.float64)
    if len(at) == 1:
        return graph.node("Add", graph.node("Mul", values, graph.constant(0.0)), graph.constant(height[0]))
    if model.out_of_bounds == "clip":
        values = graph.node(
            "Clip", values, graph.constant(model.X_min_, np.float64), graph.constant(model.X_max_, np.float64)
        )
    # The number of inner points under a value is the number of its segment.
    column = graph.reshape(values, (-1, 1))
    under = graph.cast(graph.node("Greater", column, graph.constant(at[1:-1].reshape(1, -1))), "int64")
    segment = graph.reduce("ReduceSum", under, 1)
    low, start = (_pick(graph, held[:-1], segment) for held in (at, height))
    slope = _pick(graph, np.diff(height) / np.diff(at), segment)
    line = graph.node("Add", graph.node("Mul", slope, graph.node("Sub", values, low)), start)
    inside = graph.node(
        "And",
        graph.node("GreaterOrEqual", values, graph.constant(at[0])),
        graph.node("LessOrEqual", values, graph.constant(at[-1])),
    )
    return graph.node("Where", inside, line, graph.constant(np.nan))


def _line(graph: GraphWriter, model: Any, table: Table) -> str:
    return interpolated(graph, model, graph.reshape(table.matrix(graph), (-1,)))


def _pick(graph: GraphWriter, held: Any, segment: str) -> str:
    return graph.node("Gather", graph.constant(np.ascontiguousarray(held)), segment, axis=0)


def _nothing(graph: GraphWriter, table: Table) -> str:
    """A column of zeros, one a row, whatever the rows hold."""
    block = table.blocks[0]
    rows = graph.node("Shape", block.tensor, start=0, end=1)
    shape = graph.node("Concat", rows, graph.constant([1], np.int64), axis=0)
    return graph.node("Expand", graph.constant(np.zeros((1, 1))), shape)


def _dummy(graph: GraphWriter, model: Any, table: Table, labels: Any, prior: Any, constant: Any) -> Classes:
    if constant is not None and model._strategy == "constant":
        chosen = int(np.flatnonzero(np.asarray(labels) == np.ravel(constant)[0])[0])
    else:
        chosen = int(np.argmax(prior))
    probabilities = np.asarray(prior) if model._strategy == "prior" else np.eye(len(labels))[chosen]
    nothing = _nothing(graph, table)
    index = graph.node("Add", graph.cast(column_at(graph, nothing, 0), "int64"), graph.constant(chosen, np.int64))
    return Classes(np.asarray(labels), index, graph.node("Add", nothing, graph.constant(probabilities.reshape(1, -1))))
