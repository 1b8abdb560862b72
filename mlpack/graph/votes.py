"""The rows that the leaves of a forest stand for, summed by the tree operator itself: the same in whatever order it adds.

``TreeEnsembleRegressor`` of ai.onnx.ml 3 lets a leaf add to several targets, but adds in float32. So each value is cut into
parts of a few bits, which float32 adds without rounding; the sums of the parts are put together in float64. That takes half
the time of looking the leaves' rows up one by one. Leaves of one class are counted exactly; fractions are kept to 2 ** -52.

https://onnx.ai/onnx/operators/onnx_aionnxml_TreeEnsembleRegressor.html
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpack.graph.tree_ensemble import Tree
from mlpack.graph.writer import VOTES_ML_OPSET, GraphWriter

_MANTISSA = 24
"""Bits that float32 adds without rounding."""
_PRECISION = 52
"""Bits behind the point that are kept: those of float64 for a value from 1 to 2."""
_MOST_WEIGHTS = 2
"""On average for a leaf; one of a single class has one. With more of them little is gained, and with many time is lost."""


def can_vote(graph: GraphWriter, rows: Sequence[NDArray[np.float64]]) -> bool:
    """Whether `write_votes` can sum ``rows`` in ``graph``, and is the quicker way to."""
    if graph.ml_opset > VOTES_ML_OPSET:
        return False
    values = np.concatenate([one.reshape(-1) for one in rows])
    if not ((values >= 0) & (values <= 1)).all():
        return False
    weights = sum(np.count_nonzero(part) for part in _parts(values, len(rows)))
    return bool(weights <= _MOST_WEIGHTS * sum(len(one) for one in rows))


def write_votes(graph: GraphWriter, matrix: str, trees: Sequence[Tree], rows: Sequence[NDArray[np.float64]]) -> str:
    """Sum the rows of the leaves that each row of ``matrix`` ends in: ``[batch, width]``, float64.

    ``matrix`` is float32, ``[batch, features]``, and compared with ``<=``. ``rows[i]`` has the row of each leaf of
    ``trees[i]``, in the order of `Tree.leaves`: numbers from 0 to 1.
    """
    width = rows[0].shape[1]
    parts = _parts(np.concatenate(rows), len(trees))
    weights = np.concatenate(parts, axis=1)  # a target for each class of the first part, then for each of the next
    attributes = {name: np.concatenate(arrays).tolist() for name, arrays in _nodes(trees).items()}
    attributes |= _targets(trees, weights)
    sums = graph.node(
        "TreeEnsembleRegressor", matrix, domain="ai.onnx.ml", n_targets=weights.shape[1], aggregate_function="SUM",
        post_transform="NONE", **attributes,
    )  # fmt: skip
    total = graph.cast(sums, "float64")
    if len(parts) == 1:
        return total
    return graph.node("MatMul", total, graph.constant(np.tile(np.eye(width), (len(parts), 1))))


def _parts(values: NDArray[np.float64], trees: int) -> list[NDArray[np.float64]]:
    """``values`` as a sum of parts, of each of which ``trees`` can be added in float32; as many as are needed."""
    bits = _MANTISSA - (trees - 1).bit_length()
    parts: list[NDArray[np.float64]] = []
    rest = values
    for kept in range(bits, _PRECISION + bits, bits):
        scale = 2.0 ** min(kept, _PRECISION)
        cut = np.rint if kept >= _PRECISION else np.floor
        parts.append(cut(rest * scale) / scale)
        rest = rest - parts[-1]
        if not rest.any():
            break
    return parts


def _nodes(trees: Sequence[Tree]) -> dict[str, list[NDArray[Any]]]:
    """The attributes that have an entry a node."""
    found: dict[str, list[NDArray[Any]]] = {}
    for number, tree in enumerate(trees):
        is_leaf = tree.feature < 0
        columns = {
            "nodes_treeids": np.full(len(is_leaf), number),
            "nodes_nodeids": np.arange(len(is_leaf)),
            "nodes_modes": np.where(is_leaf, "LEAF", "BRANCH_LEQ"),
            "nodes_featureids": np.where(is_leaf, 0, tree.feature),
            "nodes_values": np.where(is_leaf, 0.0, below(tree.threshold)),
            "nodes_truenodeids": np.where(is_leaf, 0, tree.left),
            "nodes_falsenodeids": np.where(is_leaf, 0, tree.right),
            "nodes_missing_value_tracks_true": tree.missing_left.astype(np.int64),
        }
        for name, column in columns.items():
            found.setdefault(name, []).append(column)
    if not any(one.any() for one in found["nodes_missing_value_tracks_true"]):
        del found["nodes_missing_value_tracks_true"]
    return found


def _targets(trees: Sequence[Tree], weights: NDArray[np.float64]) -> dict[str, list[Any]]:
    """The attributes that have an entry a weight, of which every leaf has one at least."""
    said = weights != 0
    said[~said.any(axis=1), 0] = True
    leaf, target = np.nonzero(said)
    tree_of = np.repeat(np.arange(len(trees)), [tree.leaves.size for tree in trees])
    node_of = np.concatenate([tree.leaves for tree in trees])
    return {
        "target_treeids": tree_of[leaf].tolist(),
        "target_nodeids": node_of[leaf].tolist(),
        "target_ids": target.tolist(),
        "target_weights": weights[leaf, target].tolist(),
    }


def below(thresholds: NDArray[np.float64]) -> NDArray[np.float32]:
    """The largest float32 that is no more than each: a float32 is ``<=`` the one where it is ``<=`` the other."""
    with np.errstate(over="ignore"):
        rounded = thresholds.astype(np.float32)
    above = rounded.astype(np.float64) > thresholds
    rounded[above] = np.nextafter(rounded[above], np.float32(-np.inf))
    return rounded
