"""Feature selection, polynomials, projections and the other transforms that are a matrix product."""

from __future__ import annotations

from typing import Any

import numpy as np

from mlpack.converters.sklearn_to_onnx.arithmetic import affine
from mlpack.converters.sklearn_to_onnx.emission import Table, numbers, transforms, unsupported
from mlpack.converters.sklearn_to_onnx.kernel import kernel_matrix
from mlpack.graph.writer import GraphWriter


@transforms(
    "SelectKBest", "SelectPercentile", "SelectFpr", "SelectFdr", "SelectFwe", "GenericUnivariateSelect",
    "VarianceThreshold", "SelectFromModel", "RFE", "RFECV", "SequentialFeatureSelector",
)  # fmt: skip
def emit_selection(graph: GraphWriter, model: Any, table: Table) -> Table:
    """The columns that were kept."""
    return table.select(graph, np.flatnonzero(model.get_support()).tolist())


@transforms("PCA", "IncrementalPCA")
def emit_principal_components(graph: GraphWriter, model: Any, table: Table) -> Table:
    """Centred and rotated, to unit variance where it whitens."""
    centred = graph.node("Sub", table.matrix(graph), graph.constant(model.mean_, np.float64))
    rotated = affine(graph, centred, model.components_.T, 0.0)
    if model.whiten:
        scale = np.sqrt(model.explained_variance_)
        smallest = np.finfo(scale.dtype).eps
        rotated = graph.node("Div", rotated, graph.constant(np.where(scale < smallest, smallest, scale), np.float64))
    return numbers(rotated, model.components_.shape[0])


@transforms("TruncatedSVD")
def emit_singular_vectors(graph: GraphWriter, model: Any, table: Table) -> Table:
    """Rotated, not centred."""
    return numbers(affine(graph, table.matrix(graph), model.components_.T, 0.0), model.components_.shape[0])


@transforms("FastICA")
def emit_independent_components(graph: GraphWriter, model: Any, table: Table) -> Table:
    """Centred where it whitens, and unmixed."""
    rows = table.matrix(graph)
    if model.whiten:
        rows = graph.node("Sub", rows, graph.constant(model.mean_))
    return numbers(affine(graph, rows, model.components_.T, 0.0), model.components_.shape[0])


@transforms("FactorAnalysis")
def emit_factors(graph: GraphWriter, model: Any, table: Table) -> Table:
    """The posterior mean of the factors, Bishop (2006), section 12.2.4."""
    weights = model.components_ / model.noise_variance_
    covariance = np.linalg.inv(np.eye(len(model.components_)) + weights @ model.components_.T)
    centred = graph.node("Sub", table.matrix(graph), graph.constant(model.mean_))
    return numbers(affine(graph, affine(graph, centred, weights.T, 0.0), covariance, 0.0), len(covariance))


@transforms("GaussianRandomProjection", "SparseRandomProjection")
def emit_random_projection(graph: GraphWriter, model: Any, table: Table) -> Table:
    """Times a matrix that was drawn once."""
    components = model.components_
    components = components.toarray() if hasattr(components, "toarray") else components
    return numbers(affine(graph, table.matrix(graph), components.T, 0.0), components.shape[0])


@transforms("PolynomialFeatures")
def emit_polynomials(graph: GraphWriter, model: Any, table: Table) -> Table:
    """Products of columns: factor by factor, a missing factor being a column of ones."""
    powers = np.asarray(model.powers_)
    degree = max(1, int(powers.sum(axis=1).max()))
    factors = np.full((len(powers), degree), table.width, dtype=np.int64)
    for number, row in enumerate(powers):
        chosen = np.repeat(np.arange(table.width), row)
        factors[number, : len(chosen)] = chosen
    rows = table.matrix(graph)
    count = graph.node("Shape", rows, start=0, end=1)
    shape = graph.node("Concat", count, graph.constant([1], np.int64), axis=0)
    ones = graph.node("Expand", graph.constant([[1.0]]), shape)
    padded = graph.node("Concat", rows, ones, axis=1)
    product = graph.node("Gather", padded, graph.constant(factors[:, 0]), axis=1)
    for number in range(1, degree):
        factor = graph.node("Gather", padded, graph.constant(factors[:, number].copy()), axis=1)
        product = graph.node("Mul", product, factor)
    return numbers(product, len(powers))


@transforms("FeatureAgglomeration")
def emit_agglomeration(graph: GraphWriter, model: Any, table: Table) -> Table:
    """The mean of the features in each cluster."""
    if model.pooling_func is not np.mean:
        raise unsupported(model, "its pooling function is not the mean")
    clusters = np.unique(model.labels_)
    members = (np.asarray(model.labels_)[:, None] == clusters).astype(np.float64)
    return numbers(affine(graph, table.matrix(graph), members / members.sum(axis=0), 0.0), len(clusters))


@transforms("RBFSampler")
def emit_kernel_sampler(graph: GraphWriter, model: Any, table: Table) -> Table:
    """Random Fourier features."""
    angle = affine(graph, table.matrix(graph), model.random_weights_, model.random_offset_)
    scale = graph.constant((2.0 / model.n_components) ** 0.5)
    return numbers(graph.node("Mul", graph.node("Cos", angle), scale), model.random_weights_.shape[1])


@transforms("Nystroem")
def emit_nystroem(graph: GraphWriter, model: Any, table: Table) -> Table:
    """Kernels with a sample of the training rows, normalised."""
    gamma = 1.0 / table.width if model.gamma is None else model.gamma
    kernels = kernel_matrix(
        graph, model, table.matrix(graph), model.components_, model.kernel, gamma=gamma,
        degree=3 if model.degree is None else model.degree, coef0=1.0 if model.coef0 is None else model.coef0,
    )  # fmt: skip
    return numbers(affine(graph, kernels, model.normalization_.T, 0.0), model.normalization_.shape[0])


@transforms("KernelPCA")
def emit_kernel_components(graph: GraphWriter, model: Any, table: Table) -> Table:
    """Kernels with the training rows, centred in feature space, on the eigenvectors."""
    gamma = getattr(model, "gamma_", None) or (1.0 / table.width if model.gamma is None else model.gamma)
    kernels = kernel_matrix(
        graph, model, table.matrix(graph), model.X_fit_, model.kernel, gamma=gamma, degree=model.degree,
        coef0=model.coef0,
    )  # fmt: skip
    centerer = model._centerer
    mean = graph.reduce("ReduceSum", kernels, 1, keepdims=True)
    mean = graph.node("Div", mean, graph.constant(float(centerer.K_fit_rows_.shape[0])))
    centred = graph.node("Sub", graph.node("Sub", kernels, graph.constant(centerer.K_fit_rows_)), mean)
    centred = graph.node("Add", centred, graph.constant(float(centerer.K_fit_all_)))
    nonzero = np.flatnonzero(model.eigenvalues_)
    scaled = np.zeros_like(model.eigenvectors_)
    scaled[:, nonzero] = model.eigenvectors_[:, nonzero] / np.sqrt(model.eigenvalues_[nonzero])
    return numbers(affine(graph, centred, scaled, 0.0), scaled.shape[1])
