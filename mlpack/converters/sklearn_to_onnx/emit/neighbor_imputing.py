"""Imputation from the nearest rows, by the distance over the features that both rows have."""

from __future__ import annotations

from typing import Any

import numpy as np

from mlpack.converters.sklearn_to_onnx.emission import Block, Table, numbers, transforms, unsupported
from mlpack.converters.sklearn_to_onnx.emit.imputing import emit_missing_indicator
from mlpack.graph.writer import GraphWriter

_FAR = 1e300
"""Stands for a row with which no feature is shared: further than any other."""


@transforms("KNNImputer")
def emit_neighbour_imputer(graph: GraphWriter, model: Any, table: Table) -> Table:
    """Each missing value is the mean of that of the nearest stored rows that have it."""
    if (
        not (isinstance(model.missing_values, float) and np.isnan(model.missing_values))
        or model.metric != "nan_euclidean"
    ):
        raise unsupported(model, "its missing value is not NaN, or its metric is a Python function")
    if model.weights not in {"uniform", "distance"}:
        raise unsupported(model, "its weights are a Python function")
    rows, stored = table.matrix(graph), np.asarray(model._fit_X, dtype=np.float64)
    distances = _distances(graph, rows, stored)
    kept = np.flatnonzero(model._valid_mask) if not model.keep_empty_features else np.arange(table.width)
    columns = []
    for position in kept.tolist():
        column = graph.node("Gather", rows, graph.constant([position], np.int64), axis=1)
        donors = np.flatnonzero(~np.isnan(stored[:, position]))
        guess = _guess(graph, model, distances, donors, stored[donors, position])
        columns.append(graph.node("Where", graph.node("IsNaN", column), guess, column))
    blocks = [Block(graph.node("Concat", *columns, axis=1), len(columns))]
    if model.indicator_ is not None:
        blocks += emit_missing_indicator(graph, model.indicator_, numbers(rows, table.width)).blocks
    return Table(tuple(blocks))


def _distances(graph: GraphWriter, rows: str, stored: Any) -> str:
    """``[batch, stored]``: sums over the shared features, scaled up to all of them; far where there are none."""
    total = shared = graph.constant(np.zeros((1, len(stored))))
    for position in range(stored.shape[1]):
        there = ~np.isnan(stored[:, position]).reshape(1, -1)
        values = graph.constant(np.nan_to_num(stored[:, position]).reshape(1, -1))
        column = graph.node("Gather", rows, graph.constant([position], np.int64), axis=1)
        both = graph.node("And", graph.node("Not", graph.node("IsNaN", column)), graph.constant(there))
        difference = graph.node("Where", both, graph.node("Sub", column, values), graph.constant(0.0))
        total = graph.node("Add", total, graph.node("Mul", difference, difference))
        shared = graph.node("Add", shared, graph.cast(both, "float64"))
    alone = graph.node("Equal", shared, graph.constant(0.0))
    divisor = graph.node("Where", alone, graph.constant(1.0), shared)
    mean = graph.node("Mul", graph.node("Div", total, divisor), graph.constant(float(stored.shape[1])))
    return graph.node("Where", alone, graph.constant(_FAR), graph.node("Sqrt", mean))


def _guess(graph: GraphWriter, model: Any, distances: str, donors: Any, values: Any) -> str:
    """``[batch, 1]``: the mean over the nearest donors, over all of them for a row that shares nothing with any."""
    if not donors.size:
        return graph.constant([[0.0]])
    own = graph.node("Gather", distances, graph.constant(donors), axis=1)
    count = graph.constant([min(model.n_neighbors, donors.size)], np.int64)
    nearest, positions = graph.nodes("TopK", 2, own, count, axis=1, largest=0, sorted=1)
    known = graph.cast(graph.node("Less", nearest, graph.constant(_FAR)), "float64")
    weights = known
    if model.weights == "distance":
        same = graph.cast(graph.node("Equal", nearest, graph.constant(0.0)), "float64")
        met = graph.node("Greater", graph.reduce("ReduceMax", same, 1, keepdims=True), graph.constant(0.0))
        filled = graph.node("Where", graph.node("Equal", nearest, graph.constant(0.0)), graph.constant(1.0), nearest)
        inverse = graph.node("Mul", known, graph.node("Div", graph.constant(1.0), filled))
        weights = graph.node("Where", met, same, inverse)
    found = graph.node("Gather", graph.constant(values), positions, axis=0)
    total = graph.reduce("ReduceSum", weights, 1, keepdims=True)
    none = graph.node("Equal", total, graph.constant(0.0))
    sum_of = graph.reduce("ReduceSum", graph.node("Mul", found, weights), 1, keepdims=True)
    mean = graph.node("Div", sum_of, graph.node("Where", none, graph.constant(1.0), total))
    return graph.node("Where", none, graph.constant(float(np.mean(values))), mean)
