"""Discriminant analysis, nearest centroids and mixtures of normal distributions."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpack.converters.sklearn_to_onnx.arithmetic import (
    affine,
    argmax,
    as_vector,
    column_at,
    is_above,
    sigmoid,
    softmax_of_logs,
    two_columns,
)
from mlpack.converters.sklearn_to_onnx.emission import Classes, Table, numbers, predicts, transforms, unsupported
from mlpack.converters.sklearn_to_onnx.emit.linear import outlier
from mlpack.graph.writer import GraphWriter


@predicts("LinearDiscriminantAnalysis")
def emit_linear_discriminant(graph: GraphWriter, model: Any, table: Table) -> Classes:
    """A linear score, through sigmoid or softmax."""
    scores = affine(graph, table.matrix(graph), model.coef_.T, model.intercept_)
    if len(model.classes_) > 2:
        return Classes(model.classes_, argmax(graph, scores), graph.node("Softmax", scores, axis=1), scores)
    vector = as_vector(graph, scores)
    probabilities = two_columns(graph, sigmoid(graph, vector))
    return Classes(model.classes_, is_above(graph, vector, 0.0), probabilities, vector)


@transforms("LinearDiscriminantAnalysis")
def emit_linear_discriminant_transform(graph: GraphWriter, model: Any, table: Table) -> Table:
    """Onto the axes that part the classes best."""
    if model.solver == "lsqr":
        raise unsupported(model, "with solver='lsqr' it has no transform")
    rows = table.matrix(graph)
    if model.solver == "svd":
        rows = graph.node("Sub", rows, graph.constant(model.xbar_))
    axes = model.scalings_[:, : model._max_components]
    return numbers(affine(graph, rows, axes, 0.0), axes.shape[1])


@predicts("QuadraticDiscriminantAnalysis")
def emit_quadratic_discriminant(graph: GraphWriter, model: Any, table: Table) -> Classes:
    """The log of the prior and of a normal density for each class."""
    rows = table.matrix(graph)
    columns = []
    for mean, rotation, scaling, prior in zip(
        model.means_, model.rotations_, model.scalings_, model.priors_, strict=True
    ):
        centred = graph.node("Sub", rows, graph.constant(mean))
        norm = _squared_norm(graph, affine(graph, centred, rotation * scaling**-0.5, 0.0))
        shifted = graph.node("Add", norm, graph.constant(float(np.sum(np.log(scaling)))))
        half = graph.node("Mul", graph.constant(-0.5), shifted)
        columns.append(graph.node("Add", half, graph.constant(float(np.log(prior)))))
    logs = graph.node("Concat", *columns, axis=1)
    decision = logs
    if len(model.classes_) == 2:
        decision = graph.node("Sub", column_at(graph, logs, 1), column_at(graph, logs, 0))
    return Classes(model.classes_, argmax(graph, logs), softmax_of_logs(graph, logs), decision)


@predicts("GaussianMixture", "BayesianGaussianMixture")
def emit_mixture(graph: GraphWriter, model: Any, table: Table) -> Classes:
    """The component of the largest weighted density, and each one's share."""
    rows = table.matrix(graph)
    columns = []
    for number in range(model.n_components):
        root = _precision_root(model, number)
        projected = graph.node("Sub", affine(graph, rows, root, 0.0), graph.constant(model.means_[number] @ root))
        columns.append(graph.node("Mul", graph.constant(-0.5), _squared_norm(graph, projected)))
    logs = graph.node("Add", graph.node("Concat", *columns, axis=1), graph.constant(_mixture_bias(model)))
    return Classes(np.arange(model.n_components), argmax(graph, logs), softmax_of_logs(graph, logs))


@predicts("EllipticEnvelope")
def emit_elliptic_envelope(graph: GraphWriter, model: Any, table: Table) -> Classes:
    """An outlier by its Mahalanobis distance."""
    centred = graph.node("Sub", table.matrix(graph), graph.constant(model.location_))
    product = graph.node("Mul", affine(graph, centred, model.get_precision(), 0.0), centred)
    distance = graph.reduce("ReduceSum", product, 1)
    return outlier(graph, graph.node("Sub", graph.node("Neg", distance), graph.constant(float(model.offset_))))


def _squared_norm(graph: GraphWriter, rows: str) -> str:
    return graph.reduce("ReduceSum", graph.node("Mul", rows, rows), 1, keepdims=True)


def _precision_root(model: Any, number: int) -> NDArray[np.float64]:
    """A matrix whose square is the component's precision."""
    held, width = np.asarray(model.precisions_cholesky_, dtype=np.float64), model.means_.shape[1]
    if model.covariance_type == "tied":
        return held
    own: NDArray[np.float64] = held[number]
    if model.covariance_type == "diag":
        return np.diag(own)
    return own if model.covariance_type == "full" else np.eye(width) * own


def _mixture_bias(model: Any) -> NDArray[np.float64]:
    """The weighted log density of each component at its own mean: the model itself is asked."""
    at_means = model._estimate_log_prob(np.asarray(model.means_, dtype=np.float64))
    return np.asarray(np.diag(at_means) + model._estimate_log_weights(), dtype=np.float64)
