"""Support vector machines, kernel ridge, label propagation and Gaussian processes."""

from __future__ import annotations

from typing import Any

import numpy as np

from mlpack.converters.sklearn_to_onnx.arithmetic import (
    affine,
    argmax,
    as_column,
    as_vector,
    is_above,
)
from mlpack.converters.sklearn_to_onnx.coupling import coupled_probabilities
from mlpack.converters.sklearn_to_onnx.emission import Classes, Table, Values, predicts, unsupported
from mlpack.converters.sklearn_to_onnx.kernel import kernel_matrix
from mlpack.graph.writer import GraphWriter


@predicts("SVR", "NuSVR")
def emit_support_vector_regressor(graph: GraphWriter, model: Any, table: Table) -> Values:
    """A weighed sum of kernels with the support vectors."""
    return Values(as_vector(graph, _machine(graph, model, table)))


@predicts("OneClassSVM")
def emit_one_class(graph: GraphWriter, model: Any, table: Table) -> Classes:
    """The side of the surface around the training rows; on it counts as outside."""
    decision = as_vector(graph, _machine(graph, model, table))
    return Classes(np.array([-1, 1]), is_above(graph, decision, 0.0), None, decision)


@predicts("SVC", "NuSVC")
def emit_support_vector_classifier(graph: GraphWriter, model: Any, table: Table) -> Classes:
    """One machine a pair of classes; the class with the most wins."""
    if len(model.classes_) == 2:
        decision = as_vector(graph, _machine(graph, model, table))
        probabilities = _probabilities(graph, model, as_column(graph, graph.node("Neg", decision)))
        return Classes(model.classes_, is_above(graph, decision, 0.0), probabilities, decision)
    pairwise = _pairwise(graph, model, table)
    votes, scores = one_against_one(graph, graph.node("Neg", pairwise), len(model.classes_), strict=True)
    index = argmax(graph, scores if model.break_ties else votes)
    decision = scores if model.decision_function_shape == "ovr" else pairwise
    return Classes(model.classes_, index, _probabilities(graph, model, pairwise), decision)


@predicts("KernelRidge")
def emit_kernel_ridge(graph: GraphWriter, model: Any, table: Table) -> Values:
    """Kernels with the training rows times the dual coefficients."""
    matrix = kernel_matrix(
        graph, model, table.matrix(graph), model.X_fit_, model.kernel,
        gamma=1.0 / table.width if model.gamma is None else model.gamma, degree=model.degree, coef0=model.coef0,
    )  # fmt: skip
    flat = model.dual_coef_.ndim == 1
    result = affine(graph, matrix, model.dual_coef_.reshape(len(model.dual_coef_), -1), 0.0)
    return Values(as_vector(graph, result)) if flat else Values(result, model.dual_coef_.shape[1])


@predicts("LabelPropagation", "LabelSpreading")
def emit_label_propagation(graph: GraphWriter, model: Any, table: Table) -> Classes:
    """The label distributions of the training rows, weighed by kernel."""
    if model.kernel != "rbf":
        raise unsupported(model, f"its kernel {model.kernel!r} has no ONNX form here")
    weights = kernel_matrix(graph, model, table.matrix(graph), model.X_, "rbf", gamma=model.gamma)
    shares = affine(graph, weights, model.label_distributions_, 0.0)
    # A row so far away that every kernel is zero is divided by zero, here as there.
    probabilities = graph.node("Div", shares, graph.reduce("ReduceSum", shares, 1, keepdims=True))
    return Classes(model.classes_, argmax(graph, probabilities), probabilities)


def one_against_one(
    graph: GraphWriter, confidences: str, classes: int, *, strict: bool, predictions: str | None = None
) -> tuple[str, str]:
    """Votes, and votes with the confidence in them, ``[batch, classes]`` each, from ``[batch, pairs]``.

    As ``sklearn.utils.multiclass._ovr_decision_function``: a pair's second class wins where its confidence is above
    zero, or where ``predictions`` says so.
    """
    pairs = [(first, second) for first in range(classes) for second in range(first + 1, classes)]
    to_second, to_first, signs = (np.zeros((len(pairs), classes)) for _ in range(3))
    for number, (first, second) in enumerate(pairs):
        to_first[number, first] = to_second[number, second] = signs[number, second] = 1.0
        signs[number, first] = -1.0
    compare = "Greater" if strict else "GreaterOrEqual"
    won = predictions or graph.cast(graph.node(compare, confidences, graph.constant(0.0)), "float64")
    lost = graph.node("Sub", graph.constant(1.0), won)
    votes = graph.node("Add", affine(graph, won, to_second, 0.0), affine(graph, lost, to_first, 0.0))
    total = affine(graph, confidences, signs, 0.0)
    size = graph.node("Mul", graph.constant(3.0), graph.node("Add", graph.node("Abs", total), graph.constant(1.0)))
    return votes, graph.node("Add", votes, graph.node("Div", total, size))


def _kernels(graph: GraphWriter, model: Any, table: Table) -> str:
    vectors = model.support_vectors_
    return kernel_matrix(
        graph, model, table.matrix(graph), vectors.toarray() if hasattr(vectors, "toarray") else vectors,
        model.kernel, gamma=model._gamma, degree=model.degree, coef0=model.coef0,
    )  # fmt: skip


def _machine(graph: GraphWriter, model: Any, table: Table) -> str:
    """``sum(coef * kernel) + intercept`` of a machine with one surface."""
    coefficients = model.dual_coef_
    coefficients = coefficients.toarray() if hasattr(coefficients, "toarray") else coefficients
    return affine(graph, _kernels(graph, model, table), coefficients.T, model.intercept_)


def _pairwise(graph: GraphWriter, model: Any, table: Table) -> str:
    """The decision of each pair of classes: above zero for the first. Coefficients as libsvm keeps them."""
    coefficients = model.dual_coef_
    coefficients = coefficients.toarray() if hasattr(coefficients, "toarray") else np.asarray(coefficients)
    classes = len(model.classes_)
    bounds = np.concatenate([[0], np.cumsum(model.n_support_)])
    weights = np.zeros((coefficients.shape[1], classes * (classes - 1) // 2))
    number = 0
    for first in range(classes):
        for second in range(first + 1, classes):
            mine, theirs = slice(bounds[first], bounds[first + 1]), slice(bounds[second], bounds[second + 1])
            weights[mine, number] = coefficients[second - 1, mine]
            weights[theirs, number] = coefficients[first, theirs]
            number += 1
    return affine(graph, _kernels(graph, model, table), weights, model.intercept_)


def _probabilities(graph: GraphWriter, model: Any, pairwise: str) -> str | None:
    """Those of a machine that was fitted with ``probability=True``, from libsvm's own decisions ``[batch, pairs]``."""
    slopes, shifts = model._probA, model._probB
    if not np.size(slopes):
        return None
    return coupled_probabilities(graph, pairwise, slopes, shifts, len(model.classes_))
