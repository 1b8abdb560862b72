"""Nearest neighbours, by brute force over the stored rows, and what is decided by distance to centres."""

from __future__ import annotations

from typing import Any

import numpy as np

from mlpack.converters.sklearn_to_onnx.arithmetic import argmax, column_at, squared_distances
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
from mlpack.converters.sklearn_to_onnx.emit.linear import outlier
from mlpack.graph.writer import GraphWriter

_EUCLIDEAN, _MANHATTAN, _CHEBYSHEV = "euclidean", "manhattan", "chebyshev"


@predicts("KNeighborsClassifier")
def emit_neighbours_classifier(graph: GraphWriter, model: Any, table: Table) -> Prediction:
    """The classes of the nearest rows, weighed."""
    distances, positions = _nearest(graph, model, table, model.n_neighbors)
    weights = _weights(graph, model, distances)
    if not model.outputs_2d_:
        return _votes(graph, model.classes_, model._y, positions, weights)
    columns = zip(model.classes_, model._y.T, strict=True)
    return MultiClasses(tuple(_votes(graph, labels, column, positions, weights) for labels, column in columns))


@predicts("KNeighborsRegressor")
def emit_neighbours_regressor(graph: GraphWriter, model: Any, table: Table) -> Values:
    """The mean of the nearest rows' targets, weighed."""
    distances, positions = _nearest(graph, model, table, model.n_neighbors)
    targets = np.asarray(model._y, dtype=np.float64)
    found = graph.node("Gather", graph.constant(targets.reshape(len(targets), -1)), positions, axis=0)
    if model.weights == "uniform":
        total = graph.reduce("ReduceSum", found, 1)
        mean = graph.node("Div", total, graph.constant(float(model.n_neighbors)))
    else:
        weights = _weights(graph, model, distances)
        weighed = graph.reduce("ReduceSum", graph.node("Mul", found, graph.reshape(weights, (0, 0, 1))), 1)
        mean = graph.node("Div", weighed, graph.reduce("ReduceSum", weights, 1, keepdims=True))
    return Values(graph.reshape(mean, (-1,))) if targets.ndim == 1 else Values(mean, targets.shape[1])


@predicts("RadiusNeighborsClassifier")
def emit_radius_classifier(graph: GraphWriter, model: Any, table: Table) -> Prediction:
    """The classes of all rows within the radius; the outlier label where there are none."""
    if model.outputs_2d_:
        raise unsupported(model, "it has several outputs")
    weights = _radius_weights(graph, model, table)
    hot = np.eye(len(model.classes_))[np.asarray(model._y).ravel()]
    votes = graph.node("MatMul", weights, graph.constant(hot))
    total = graph.reduce("ReduceSum", votes, 1, keepdims=True)
    alone = graph.node("Equal", total, graph.constant(0.0))
    labels = np.asarray(model.classes_)
    default = np.zeros((1, len(labels)))
    outlier_label = None if model.outlier_label_ is None else np.asarray(model.outlier_label_).ravel()[0]
    known = np.flatnonzero(labels == outlier_label)
    default[0, known] = 1.0
    filled = graph.node("Where", alone, graph.constant(1.0), total)
    probabilities = graph.node("Where", alone, graph.constant(default), graph.node("Div", votes, filled))
    index = argmax(graph, probabilities)
    if outlier_label is not None and not known.size:
        labels = np.append(labels, outlier_label)
        stranger = graph.constant([len(labels) - 1], np.int64)
        index = graph.node("Where", graph.reshape(alone, (-1,)), stranger, index)
    return Classes(labels, index, probabilities)


@predicts("RadiusNeighborsRegressor")
def emit_radius_regressor(graph: GraphWriter, model: Any, table: Table) -> Values:
    """The mean target of all rows within the radius; NaN where there are none."""
    weights = _radius_weights(graph, model, table)
    targets = np.asarray(model._y, dtype=np.float64)
    total = graph.node("MatMul", weights, graph.constant(targets.reshape(len(targets), -1)))
    mean = graph.node("Div", total, graph.reduce("ReduceSum", weights, 1, keepdims=True))
    return Values(graph.reshape(mean, (-1,))) if targets.ndim == 1 else Values(mean, targets.shape[1])


@predicts("LocalOutlierFactor")
def emit_local_outlier_factor(graph: GraphWriter, model: Any, table: Table) -> Classes:
    """The density around the neighbours over the density here, https://doi.org/10.1145/335191.335388."""
    distances, positions = _nearest(graph, model, table, model.n_neighbors_)
    reach = graph.constant(model._distances_fit_X_[:, model.n_neighbors_ - 1])
    reachable = graph.node("Max", distances, graph.node("Gather", reach, positions, axis=0))
    count = graph.constant(float(model.n_neighbors_))
    mean = graph.node("Div", graph.reduce("ReduceSum", reachable, 1, keepdims=True), count)
    density = graph.node("Div", graph.constant(1.0), graph.node("Add", mean, graph.constant(1e-10)))
    around = graph.node("Gather", graph.constant(model._lrd), positions, axis=0)
    ratio = graph.reduce("ReduceSum", graph.node("Div", around, density), 1)
    score = graph.node("Neg", graph.node("Div", ratio, count))
    return outlier(graph, graph.node("Sub", score, graph.constant(float(model.offset_))))


@predicts("NearestCentroid")
def emit_nearest_centroid(graph: GraphWriter, model: Any, table: Table) -> Classes:
    """The class of the nearest centre; priors shift the score."""
    rows, centres = table.matrix(graph), np.asarray(model.centroids_, dtype=np.float64)
    spread = np.where(model.within_class_std_dev_ != 0, model.within_class_std_dev_, 1.0)
    scaled = graph.node("Div", rows, graph.constant(spread))
    distances = _distances(graph, model, scaled, centres / spread, model.metric)
    prior = graph.constant(2.0 * np.log(model.class_prior_))
    scores = graph.node("Sub", prior, graph.node("Mul", distances, distances))
    index = argmax(graph, scores)
    if np.isclose(model.class_prior_, 1 / len(model.classes_)).all():  # then predict looks at the raw distances alone
        index = graph.node("ArgMin", _distances(graph, model, rows, centres, model.metric), axis=1, keepdims=0)
    decision = scores
    if len(model.classes_) == 2:
        decision = graph.node("Sub", column_at(graph, scores, 1), column_at(graph, scores, 0))
    shifted = graph.node("Softmax", scores, axis=1)
    return Classes(model.classes_, index, shifted, decision)


@predicts("KMeans", "MiniBatchKMeans", "AffinityPropagation", "MeanShift", "Birch")
def emit_nearest_centre(graph: GraphWriter, model: Any, table: Table) -> Classes:
    """The number of the nearest centre; a Birch tree's subclusters are grouped again."""
    centres = model.subcluster_centers_ if type(model).__name__ == "Birch" else model.cluster_centers_
    if not len(centres):
        raise unsupported(model, "it found no centres")
    labels = model.subcluster_labels_ if type(model).__name__ == "Birch" else np.arange(len(centres))
    nearest = graph.node("ArgMin", squared_distances(graph, table.matrix(graph), centres), axis=1, keepdims=0)
    return Classes(np.asarray(labels), nearest)


@predicts("BisectingKMeans")
def emit_bisecting(graph: GraphWriter, model: Any, table: Table) -> Classes:
    """Down a binary tree of centres, to the nearer one each time."""
    rows = table.matrix(graph)
    shift = getattr(model, "_X_mean", 0.0)

    def descend(node: Any) -> str:
        if node.left is None:
            return graph.constant([node.label], np.int64)
        pair = np.vstack((node.left.center, node.right.center)) + shift
        nearer = graph.node("ArgMin", squared_distances(graph, rows, pair), axis=1, keepdims=0)
        is_left = graph.node("Equal", nearer, graph.constant([0], np.int64))
        return graph.node("Where", is_left, descend(node.left), descend(node.right))

    return Classes(np.arange(model.n_clusters), descend(model._bisecting_tree))


@transforms("KMeans", "MiniBatchKMeans", "BisectingKMeans", "Birch")
def emit_centre_distances(graph: GraphWriter, model: Any, table: Table) -> Table:
    """The Euclidean distance to each centre."""
    centres = model.subcluster_centers_ if type(model).__name__ == "Birch" else model.cluster_centers_
    distances = graph.node("Sqrt", squared_distances(graph, table.matrix(graph), centres))
    return numbers(distances, len(centres))


def _nearest(graph: GraphWriter, model: Any, table: Table, count: int) -> tuple[str, str]:
    """Distances and positions of the ``count`` nearest stored rows, ``[batch, count]`` each."""
    rows, size = table.matrix(graph), graph.constant([count], np.int64)
    if not _is_euclidean(model, model.effective_metric_):
        distances = _distances(graph, model, rows, _stored(model), model.effective_metric_)
        return graph.nodes("TopK", 2, distances, size, axis=1, largest=0, sorted=1)  # type: ignore[return-value]
    # As in scikit-learn's trees the squares are compared: their roots would make equal what is not.
    squares = squared_distances(graph, rows, _stored(model))
    nearest, positions = graph.nodes("TopK", 2, squares, size, axis=1, largest=0, sorted=1)
    return graph.node("Sqrt", nearest), positions


def _stored(model: Any) -> Any:
    rows = model._fit_X
    return rows.toarray() if hasattr(rows, "toarray") else rows


def _distances(graph: GraphWriter, model: Any, rows: str, points: Any, metric: Any) -> str:
    """Distances ``[batch, points]`` in a metric that ONNX can express."""
    power = getattr(model, "effective_metric_params_", {}).get("p", 2) if metric == "minkowski" else None
    if _is_euclidean(model, metric):
        return graph.node("Sqrt", squared_distances(graph, rows, points))
    if metric not in {_MANHATTAN, _CHEBYSHEV} and power != 1:
        raise unsupported(model, f"its metric {metric!r} has no ONNX form here")
    matrix, total = np.asarray(points, dtype=np.float64), ""
    for position in range(matrix.shape[1]):
        column = graph.node("Gather", rows, graph.constant([position], np.int64), axis=1)
        size = graph.node("Abs", graph.node("Sub", column, graph.constant(matrix[:, position].reshape(1, -1))))
        total = graph.node("Max" if metric == _CHEBYSHEV else "Add", total, size) if total else size
    return total


def _is_euclidean(model: Any, metric: Any) -> bool:
    power = getattr(model, "effective_metric_params_", {}).get("p", 2)
    return bool(metric == _EUCLIDEAN or (metric == "minkowski" and power == 2))


def _weights(graph: GraphWriter, model: Any, distances: str) -> str:
    """One, or one over the distance; a row that is a stored one counts alone."""
    if model.weights == "uniform":
        return graph.node("Add", graph.node("Mul", distances, graph.constant(0.0)), graph.constant(1.0))
    if model.weights != "distance":
        raise unsupported(model, "its weights are a Python function")
    equal = graph.node("Equal", distances, graph.constant(0.0))
    same = graph.cast(equal, "float64")
    met = graph.node("Greater", graph.reduce("ReduceMax", same, 1, keepdims=True), graph.constant(0.0))
    filled = graph.node("Where", equal, graph.constant(1.0), distances)
    return graph.node("Where", met, same, graph.node("Div", graph.constant(1.0), filled))


def _radius_weights(graph: GraphWriter, model: Any, table: Table) -> str:
    """The weight of each stored row, zero beyond the radius: ``[batch, stored]``."""
    distances = _distances(graph, model, table.matrix(graph), _stored(model), model.effective_metric_)
    within = graph.cast(graph.node("LessOrEqual", distances, graph.constant(float(model.radius))), "float64")
    if model.weights == "uniform":
        return within
    return graph.node("Mul", within, _weights(graph, model, distances))


def _votes(graph: GraphWriter, labels: Any, target: Any, positions: str, weights: str) -> Classes:
    hot = np.eye(len(labels))[np.asarray(target).ravel()]
    found = graph.node("Gather", graph.constant(hot), positions, axis=0)
    votes = graph.reduce("ReduceSum", graph.node("Mul", found, graph.reshape(weights, (0, 0, 1))), 1)
    total = graph.reduce("ReduceSum", votes, 1, keepdims=True)
    return Classes(np.asarray(labels), argmax(graph, votes), graph.node("Div", votes, total))
