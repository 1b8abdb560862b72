"""Small formulas that several estimators share, in float64."""

from __future__ import annotations

from typing import Any

import numpy as np

from mlpack.graph.writer import GraphWriter


def affine(graph: GraphWriter, rows: str, weights: Any, bias: Any) -> str:
    """``rows @ weights + bias``: ``[batch, outputs]`` for weights ``[features, outputs]``."""
    product = graph.node("MatMul", rows, graph.constant(np.ascontiguousarray(weights, dtype=np.float64)))
    if not np.any(bias):
        return product
    return graph.node("Add", product, graph.constant(np.asarray(bias, dtype=np.float64)))


def column_at(graph: GraphWriter, rows: str, position: int) -> str:
    """One column of a matrix, as a vector ``[batch]``."""
    return graph.node("Gather", rows, graph.constant(position, np.int64), axis=1)


def as_column(graph: GraphWriter, vector: str) -> str:
    """``[batch]`` as ``[batch, 1]``."""
    return graph.reshape(vector, (-1, 1))


def as_vector(graph: GraphWriter, column: str) -> str:
    """``[batch, 1]`` as ``[batch]``."""
    return graph.reshape(column, (-1,))


def argmax(graph: GraphWriter, scores: str) -> str:
    """The position of the largest column, the first among equals, as NumPy has it."""
    return graph.node("ArgMax", scores, axis=1, keepdims=0)


def is_above(graph: GraphWriter, vector: str, bound: float) -> str:
    """1 where ``vector > bound``, else 0, int64."""
    return graph.cast(graph.node("Greater", vector, graph.constant(bound)), "int64")


def sigmoid(graph: GraphWriter, value: str) -> str:
    """``1 / (1 + exp(-x))``. ONNX Runtime's own Sigmoid is zero from about -37 on, where a ratio of two still matters."""
    one = graph.constant(1.0)
    return graph.node("Div", one, graph.node("Add", one, graph.node("Exp", graph.node("Neg", value))))


def two_columns(graph: GraphWriter, second: str) -> str:
    """``[1 - p, p]`` for a vector or column ``p``."""
    column = as_column(graph, second)
    return graph.node("Concat", graph.node("Sub", graph.constant(1.0), column), column, axis=1)


def divided_by_sum(graph: GraphWriter, rows: str) -> str:
    """Each row divided by its sum; a row of zeros becomes uniform."""
    total = graph.reduce("ReduceSum", rows, 1, keepdims=True)
    is_zero = graph.node("Equal", total, graph.constant(0.0))
    filled = graph.node("Where", is_zero, graph.constant(1.0), rows)
    return graph.node("Div", filled, graph.reduce("ReduceSum", filled, 1, keepdims=True))


def log_sum_exp(graph: GraphWriter, rows: str) -> str:
    """``log(sum(exp(rows)))`` of each row, shifted by its largest: ``[batch, 1]``."""
    largest = graph.reduce("ReduceMax", rows, 1, keepdims=True)
    total = graph.reduce("ReduceSum", graph.node("Exp", graph.node("Sub", rows, largest)), 1, keepdims=True)
    return graph.node("Add", graph.node("Log", total), largest)


def softmax_of_logs(graph: GraphWriter, logs: str) -> str:
    """``exp(logs - log_sum_exp(logs))``: joint log likelihoods to probabilities."""
    return graph.node("Exp", graph.node("Sub", logs, log_sum_exp(graph, logs)))


def squared_distances(graph: GraphWriter, rows: str, points: Any) -> str:
    """Squared Euclidean distances ``[batch, points]``, feature by feature: exact where a row equals a point.

    Summed in the order of the features, in memory for one matrix of the result.
    """
    matrix = np.asarray(points, dtype=np.float64)
    total = ""
    for position in range(matrix.shape[1]):
        column = graph.node("Gather", rows, graph.constant([position], np.int64), axis=1)
        difference = graph.node("Sub", column, graph.constant(matrix[:, position].reshape(1, -1)))
        square = graph.node("Mul", difference, difference)
        total = graph.node("Add", total, square) if total else square
    return total
