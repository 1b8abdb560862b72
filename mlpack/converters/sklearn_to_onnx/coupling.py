"""Class probabilities from the decisions of pairs of classes, as libsvm iterates for them.

``multiclass_probability`` of svm.cpp: the second method of https://www.jmlr.org/papers/v5/wu04a.html (Wu, Lin, Weng). It stops
at a loose bound, so that its answer is some 0.001 from the limit: the very steps have to be taken.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from mlpack.converters.sklearn_to_onnx.arithmetic import affine, sigmoid
from mlpack.graph.writer import GraphWriter

_SMALLEST = 1e-7
_BOUND = 0.005
_MOST_TURNS = 100


def coupled_probabilities(graph: GraphWriter, pairwise: str, slopes: Any, shifts: Any, classes: int) -> str:
    """Probabilities ``[batch, classes]`` for decisions ``[batch, pairs]`` and the two numbers of each pair's sigmoid."""
    line = graph.node(
        "Add", graph.node("Mul", pairwise, graph.constant(np.asarray(slopes))), graph.constant(np.asarray(shifts))
    )
    first = sigmoid(graph, graph.node("Neg", line))
    first = graph.node("Clip", first, graph.constant(_SMALLEST), graph.constant(1 - _SMALLEST))
    costs = _costs(graph, first, classes)
    zeros = graph.node("Mul", graph.reduce("ReduceSum", costs, 1), graph.constant(0.0))
    start = graph.node("Add", zeros, graph.constant(1.0 / classes))
    return graph.loop(max(_MOST_TURNS, classes), start, partial(_turn, costs=costs, classes=classes))


def _costs(graph: GraphWriter, first: str, classes: int) -> str:
    """The matrix Q of each row, ``[batch, classes, classes]``."""
    to_first, to_second = (np.zeros((classes * (classes - 1) // 2, classes * classes)) for _ in range(2))
    pairs = [(one, other) for one in range(classes) for other in range(one + 1, classes)]
    for number, (one, other) in enumerate(pairs):
        to_first[number, one * classes + other] = 1.0
        to_second[number, other * classes + one] = 1.0
    second = graph.node("Sub", graph.constant(1.0), first)
    flat = graph.node("Add", affine(graph, first, to_first, 0.0), affine(graph, second, to_second, 0.0))
    wins = graph.reshape(flat, (-1, classes, classes))
    losses = graph.node("Transpose", wins, perm=[0, 2, 1])
    diagonal = graph.reduce("ReduceSum", graph.node("Mul", wins, wins), 1, keepdims=True)
    between = graph.node("Neg", graph.node("Mul", losses, wins))
    return graph.node("Add", between, graph.node("Mul", diagonal, graph.constant(np.eye(classes))))


def _turn(graph: GraphWriter, shares: str, *, costs: str, classes: int) -> tuple[str, str]:
    """One pass over the classes, for the rows that are not within the bound yet."""
    one, two = graph.constant(1.0), graph.constant(2.0)
    products = graph.reduce("ReduceSum", graph.node("Mul", costs, graph.reshape(shares, (0, 1, classes))), 2)
    total = graph.reduce("ReduceSum", graph.node("Mul", shares, products), 1, keepdims=True)
    error = graph.reduce("ReduceMax", graph.node("Abs", graph.node("Sub", products, total)), 1, keepdims=True)
    is_open = graph.node("GreaterOrEqual", error, graph.constant(_BOUND / classes))
    following = shares
    for at in range(classes):
        position = graph.constant(at, np.int64)
        row = graph.node("Gather", costs, position, axis=1)
        own = graph.node("Gather", row, graph.constant([at], np.int64), axis=1)
        product = graph.node("Gather", products, graph.constant([at], np.int64), axis=1)
        step = graph.node("Div", graph.node("Add", graph.node("Neg", product), total), own)
        size = graph.node("Add", one, step)
        moved = graph.node("Add", graph.node("Mul", step, own), graph.node("Mul", two, product))
        grown = graph.node("Add", total, graph.node("Mul", step, moved))
        total = graph.node("Div", graph.node("Div", grown, size), size)
        products = graph.node("Div", graph.node("Add", products, graph.node("Mul", step, row)), size)
        chosen = graph.constant(np.eye(classes)[at : at + 1])
        following = graph.node("Div", graph.node("Add", following, graph.node("Mul", step, chosen)), size)
    count = graph.reduce("ReduceSum", graph.cast(is_open, "int64"), 0)
    goes_on = graph.node("Greater", graph.node("Squeeze", count), graph.constant(0, np.int64))
    return goes_on, graph.node("Where", is_open, following, shares)
