"""Decision trees, forests, gradient boosting and isolation forests of scikit-learn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpack.converters.sklearn_to_onnx.arithmetic import argmax, as_vector, sigmoid, two_columns
from mlpack.converters.sklearn_to_onnx.emission import (
    Classes,
    MultiClasses,
    Prediction,
    Table,
    Values,
    emit_values,
    predicts,
    unsupported,
)
from mlpack.converters.sklearn_to_onnx.emit.linear import outlier
from mlpack.graph.tree_ensemble import Tree, write_trees
from mlpack.graph.votes import can_vote, write_votes
from mlpack.graph.writer import GraphWriter

_LEAF = -1


@predicts(
    "DecisionTreeClassifier", "ExtraTreeClassifier", "RandomForestClassifier", "ExtraTreesClassifier",
)  # fmt: skip
def emit_forest_classifier(graph: GraphWriter, model: Any, table: Table) -> Prediction:
    """The mean, over the trees, of the class fractions in the leaf."""
    trees = estimators_of(model)
    fractions = [tree.tree_.value for tree in trees]
    if model.n_outputs_ == 1:
        return _classes(graph, model.classes_, _mean_of_leaves(graph, table, trees, [one[:, 0] for one in fractions]))
    outputs = []
    for position, labels in enumerate(model.classes_):
        values = [one[:, position, : len(labels)] for one in fractions]
        outputs.append(_classes(graph, labels, _mean_of_leaves(graph, table, trees, values)))
    return MultiClasses(tuple(outputs))


@predicts(
    "DecisionTreeRegressor", "ExtraTreeRegressor", "RandomForestRegressor", "ExtraTreesRegressor",
)  # fmt: skip
def emit_forest_regressor(graph: GraphWriter, model: Any, table: Table) -> Values:
    """The mean, over the trees, of the value of the leaf."""
    trees = estimators_of(model)
    if model.n_outputs_ > 1:
        values = [tree.tree_.value[:, :, 0] for tree in trees]
        return Values(_mean_of_leaves(graph, table, trees, values), model.n_outputs_)
    parts = [tree_arrays(tree.tree_, tree.tree_.value[:, 0, 0]) for tree in trees]
    total = write_trees(graph, as_float32(graph, table), parts, [0] * len(parts), n_targets=1)
    mean = graph.node("Div", total, graph.constant(float(len(parts)))) if len(parts) > 1 else total
    return Values(as_vector(graph, mean))


@predicts("GradientBoostingClassifier")
def emit_gradient_boosting_classifier(graph: GraphWriter, model: Any, table: Table) -> Classes:
    """The raw score through sigmoid or softmax."""
    raw = _boosted(graph, model, table)
    if len(model.classes_) > 2:
        return Classes(model.classes_, argmax(graph, raw), graph.node("Softmax", raw, axis=1), raw)
    vector = as_vector(graph, raw)
    scaled = vector if model.loss != "exponential" else graph.node("Mul", vector, graph.constant(2.0))
    above = graph.cast(graph.node("GreaterOrEqual", vector, graph.constant(0.0)), "int64")
    return Classes(model.classes_, above, two_columns(graph, sigmoid(graph, scaled)), vector)


@predicts("GradientBoostingRegressor")
def emit_gradient_boosting_regressor(graph: GraphWriter, model: Any, table: Table) -> Values:
    """The start value and the sum of the trees."""
    return Values(as_vector(graph, _boosted(graph, model, table)))


@predicts("IsolationForest")
def emit_isolation_forest(graph: GraphWriter, model: Any, table: Table) -> Classes:
    """``-2 ** (-depth / (trees * mean path)) - offset``, https://doi.org/10.1109/ICDM.2008.17."""
    parts = []
    lengths = zip(model._average_path_length_per_tree, model._decision_path_lengths, strict=True)
    for (tree, features), (average, depth) in zip(
        zip(model.estimators_, model.estimators_features_, strict=True), lengths, strict=True
    ):
        parts.append(tree_arrays(tree.tree_, np.asarray(average) + np.asarray(depth) - 1.0, features))
    total = as_vector(graph, write_trees(graph, as_float32(graph, table), parts, [0] * len(parts), n_targets=1))
    scale = len(model.estimators_) * _average_path_length(model._max_samples)
    power = graph.node("Neg", graph.node("Div", total, graph.constant(scale)))
    score = graph.node("Neg", graph.node("Pow", graph.constant(2.0), power))
    return outlier(graph, graph.node("Sub", score, graph.constant(float(model.offset_))))


def estimators_of(model: Any) -> Sequence[Any]:
    """The trees of a forest; a tree is a forest of one."""
    return list(model.estimators_) if hasattr(model, "estimators_") else [model]


def as_float32(graph: GraphWriter, table: Table) -> str:
    """The columns rounded to float32, in float64: scikit-learn compares float32 values with float64 thresholds."""
    return graph.cast(graph.cast(table.matrix(graph), "float32"), "float64")


def tree_arrays(tree: Any, value: NDArray[Any], features: Any = None) -> Tree:
    """A ``sklearn.tree._tree.Tree`` with what its nodes are worth; ``features`` maps its columns to those of the input.

    Its missing-value tracks are kept: a tree fitted on NaN sends them to either side.
    """
    is_leaf = tree.children_left == _LEAF
    columns = tree.feature if features is None else np.asarray(features)[np.maximum(tree.feature, 0)]
    missing = getattr(tree, "missing_go_to_left", np.zeros(tree.node_count))
    return Tree(
        feature=np.where(is_leaf, _LEAF, columns),
        threshold=tree.threshold,
        left=tree.children_left,
        right=tree.children_right,
        missing_left=np.asarray(missing).astype(np.bool_) & ~is_leaf,
        value=np.asarray(value, dtype=np.float64),
    )


def _average_path_length(samples: int) -> float:
    if samples <= 1:
        return 0.0
    if samples == 2:
        return 1.0
    return float(2.0 * (np.log(samples - 1.0) + np.euler_gamma) - 2.0 * (samples - 1.0) / samples)


def _mean_of_leaves(graph: GraphWriter, table: Table, trees: Sequence[Any], values: Sequence[NDArray[Any]]) -> str:
    """``[batch, width]``: the mean of the rows of ``values`` that the trees' leaves stand for."""
    arrays = [tree_arrays(tree.tree_, np.zeros(tree.tree_.node_count)) for tree in trees]
    rows = [value[part.leaves] for part, value in zip(arrays, values, strict=True)]
    if can_vote(graph, rows):
        total = write_votes(graph, graph.cast(table.matrix(graph), "float32"), arrays, rows)
    else:
        total = _looked_up(graph, as_float32(graph, table), arrays, rows)
    return graph.node("Div", total, graph.constant(float(len(trees)))) if len(trees) > 1 else total


def _looked_up(graph: GraphWriter, matrix: str, trees: Sequence[Tree], rows: Sequence[NDArray[Any]]) -> str:
    """The sum of the leaves' rows. The trees give the number of the leaf, one column a tree, and the rows are looked up."""
    parts, count = [], 0
    for tree in trees:
        numbering = np.zeros(len(tree.feature))
        numbering[tree.leaves] = count + np.arange(tree.leaves.size)
        count += tree.leaves.size
        parts.append(replace(tree, value=numbering))
    leaf = write_trees(graph, matrix, parts, list(range(len(parts))), n_targets=len(parts))
    found = graph.node("Gather", graph.constant(np.concatenate(rows)), graph.cast(leaf, "int64"), axis=0)
    return graph.reduce("ReduceSum", found, 1)


def _classes(graph: GraphWriter, labels: Any, probabilities: str) -> Classes:
    return Classes(np.asarray(labels), argmax(graph, probabilities), probabilities)


def _boosted(graph: GraphWriter, model: Any, table: Table) -> str:
    """Raw scores ``[batch, scores]``: the start value, then each tree's leaf times the learning rate."""
    parts, targets = [], []
    for stage in model.estimators_:
        for target, tree in enumerate(stage):
            parts.append(tree_arrays(tree.tree_, tree.tree_.value[:, 0, 0] * model.learning_rate))
            targets.append(target)
    scores = model.estimators_.shape[1]
    total = write_trees(graph, as_float32(graph, table), parts, targets, n_targets=scores)
    return graph.node("Add", total, _start(graph, model, table, scores))


def _start(graph: GraphWriter, model: Any, table: Table, scores: int) -> str:
    """The raw score before the first tree, ``[1, scores]`` or ``[batch, scores]``."""
    if isinstance(model.init_, str):  # "zero"
        return graph.constant(np.zeros((1, scores)))
    if type(model.init_).__name__ not in {"DummyClassifier", "DummyRegressor"}:
        if not hasattr(model, "classes_"):
            return graph.reshape(emit_values(graph, model.init_, table).tensor, (-1, 1))
        raise unsupported(model, "it starts from another classifier (init=...)")
    # A dummy answers the same for every row: one row, of whatever, tells what it is.
    rows = np.zeros((1, model.n_features_in_), dtype=np.float32)
    return graph.constant(np.asarray(model._raw_predict_init(rows), dtype=np.float64))
