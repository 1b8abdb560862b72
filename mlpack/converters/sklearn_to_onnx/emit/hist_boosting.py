"""HistGradientBoosting: float64 thresholds, missing values on either side, sets of categories."""

from __future__ import annotations

from typing import Any

import numpy as np

from mlpack.converters.sklearn_to_onnx.arithmetic import argmax, as_vector, is_above, sigmoid, two_columns
from mlpack.converters.sklearn_to_onnx.emission import (
    Classes,
    Table,
    Values,
    emit_transform,
    numbers,
    predicts,
    unsupported,
)
from mlpack.graph.tree_ensemble import Tree, write_trees
from mlpack.graph.writer import GraphWriter

_BITS = 32


@predicts("HistGradientBoostingClassifier")
def emit_hist_classifier(graph: GraphWriter, model: Any, table: Table) -> Classes:
    """The raw score through sigmoid or softmax."""
    raw = _raw_scores(graph, model, table)
    if len(model.classes_) > 2:
        return Classes(model.classes_, argmax(graph, raw), graph.node("Softmax", raw, axis=1), raw)
    vector = as_vector(graph, raw)
    return Classes(model.classes_, is_above(graph, vector, 0.0), two_columns(graph, sigmoid(graph, vector)), vector)


@predicts("HistGradientBoostingRegressor")
def emit_hist_regressor(graph: GraphWriter, model: Any, table: Table) -> Values:
    """The raw score through the inverse of the loss's link."""
    vector = as_vector(graph, _raw_scores(graph, model, table))
    link = type(model._loss.link).__name__
    if link == "IdentityLink":
        return Values(vector)
    if link == "LogLink":
        return Values(graph.node("Exp", vector))
    raise unsupported(model, f"its link {link} has no ONNX form here")


def hist_tree(predictor: Any) -> Tree:
    """A ``TreePredictor`` as arrays. Its nodes hold what is needed; a categorical node names a set of 256 bits."""
    nodes = predictor.nodes
    members = {
        int(node): _members(predictor.raw_left_cat_bitsets[nodes["bitset_idx"][node]])
        for node in np.flatnonzero((nodes["is_categorical"] == 1) & (nodes["is_leaf"] == 0))
    }
    return Tree(
        feature=np.where(nodes["is_leaf"] == 1, -1, nodes["feature_idx"].astype(np.int64)),
        threshold=nodes["num_threshold"],
        left=nodes["left"].astype(np.int64),
        right=nodes["right"].astype(np.int64),
        missing_left=nodes["missing_go_to_left"].astype(np.bool_),
        value=nodes["value"],
        members=members,
    )


def _raw_scores(graph: GraphWriter, model: Any, table: Table) -> str:
    preprocessor = getattr(model, "_preprocessor", None)
    if preprocessor is not None:  # categories to their numbers, an unknown one to NaN, categorical columns first
        table = emit_transform(graph, preprocessor, table)
    trees = [(hist_tree(one), target) for stage in model._predictors for target, one in enumerate(stage)]
    scores = int(model.n_trees_per_iteration_)
    total = write_trees(
        graph, numbers(table.matrix(graph), table.width).matrix(graph), [tree for tree, _ in trees],
        [target for _, target in trees], n_targets=scores,
    )  # fmt: skip
    start = np.asarray(model._baseline_prediction, dtype=np.float64).reshape(1, -1)
    return graph.node("Add", total, graph.constant(start))


def _members(bits: Any) -> tuple[float, ...]:
    return tuple(
        float(_BITS * word + bit) for word in range(len(bits)) for bit in range(_BITS) if int(bits[word]) >> bit & 1
    )
