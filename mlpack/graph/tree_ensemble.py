"""Binary trees as arrays, and the one ONNX node that evaluates them: ``TreeEnsemble`` of ai.onnx.ml 5, in float32 or float64.

https://onnx.ai/onnx/operators/onnx_aionnxml_TreeEnsemble.html
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mlpack.graph.writer import ML_OPSET, GraphWriter, OlderOpsetError

Comparison = Literal["<=", "<"]
_MODES: dict[Comparison, int] = {"<=": 0, "<": 1}
_MEMBER = 6
_SUM = 1


@dataclass(frozen=True)
class Tree:
    """One tree; all arrays have one entry a node and node 0 is the root.

    ``feature`` is negative for a leaf. A row goes ``left`` where its value compares with ``threshold`` or is one of
    ``members[node]``; a NaN goes left where ``missing_left`` says so. ``value`` is what a leaf adds to the result.
    Members are whole numbers, and so have to be the values of the columns they are looked for in: ONNX Runtime cuts
    off what stands behind the point for small sets, and does not for large ones.
    """

    feature: NDArray[np.int64]
    threshold: NDArray[np.float64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    missing_left: NDArray[np.bool_]
    value: NDArray[np.float64]
    members: Mapping[int, tuple[float, ...]] = field(default_factory=dict)

    @property
    def leaves(self) -> NDArray[np.int64]:
        """The nodes that are leaves, in the order of their numbers."""
        return np.flatnonzero(self.feature < 0)


def write_trees(
    graph: GraphWriter,
    rows: str,
    trees: Sequence[Tree],
    targets: Sequence[int],
    *,
    n_targets: int,
    dtype: str = "float64",
    comparison: Comparison = "<=",
) -> str:
    """Sum what the leaves say that each row ends in: ``[batch, n_targets]`` in ``dtype``.

    ``targets[i]`` is the column that tree ``i`` adds to. ``rows`` is a ``[batch, features]`` tensor of ``dtype``;
    thresholds have to be representable in it already. Raises OlderOpsetError.
    """
    if graph.ml_opset < ML_OPSET:
        raise OlderOpsetError
    from onnx import numpy_helper

    parts = _Parts(_MODES[comparison])
    for tree, target in zip(trees, targets, strict=True):
        parts.add(tree, target)
    attributes = parts.attributes(np.dtype(dtype))
    tensors = {
        name: numpy_helper.from_array(value, name) if isinstance(value, np.ndarray) else value
        for name, value in attributes.items()
    }
    return graph.node(
        "TreeEnsemble", rows, domain="ai.onnx.ml", n_targets=n_targets, aggregate_function=_SUM, post_transform=0,
        **tensors,
    )  # fmt: skip


class _Parts:
    """Gathers trees into the flat lists of the operator, which numbers inner nodes and leaves apart."""

    def __init__(self, mode: int) -> None:
        self._mode = mode
        self._roots: list[int] = []
        self._nodes: list[tuple[NDArray[Any], ...]] = []
        self._leaf_targets: list[NDArray[np.int64]] = []
        self._leaf_values: list[NDArray[np.float64]] = []
        self._members: list[float] = []
        self._node_count = 0
        self._leaf_count = 0

    def add(self, tree: Tree, target: int) -> None:
        inner = np.flatnonzero(tree.feature >= 0)
        leaves = tree.leaves
        self._roots.append(self._node_count)
        self._leaf_targets.append(np.full(len(leaves), target, dtype=np.int64))
        self._leaf_values.append(tree.value[leaves])
        if inner.size:
            self._nodes.append(self._inner_nodes(tree, inner, leaves))
        else:  # a tree of one leaf: a node with that leaf on both sides, since a root has to be a node
            zero, leaf = np.zeros(1, np.int64), np.array([self._leaf_count])
            one = np.ones(1, np.int64)
            self._nodes.append((zero, np.zeros(1), np.full(1, self._mode, np.uint8), leaf, one, leaf, one, zero))
        self._node_count += max(1, inner.size)
        self._leaf_count += leaves.size

    def _inner_nodes(self, tree: Tree, inner: NDArray[np.int64], leaves: NDArray[np.int64]) -> tuple[NDArray[Any], ...]:
        number = np.empty(len(tree.feature), dtype=np.int64)
        number[inner] = self._node_count + np.arange(inner.size)
        number[leaves] = self._leaf_count + np.arange(leaves.size)
        modes = np.full(inner.size, self._mode, dtype=np.uint8)
        for position, node in enumerate(inner.tolist()):
            if node in tree.members:
                modes[position] = _MEMBER
                self._members += [*tree.members[node], float("nan")]
        left, right = tree.left[inner], tree.right[inner]
        return (
            tree.feature[inner], tree.threshold[inner], modes,
            number[left], (tree.feature[left] < 0).astype(np.int64),
            number[right], (tree.feature[right] < 0).astype(np.int64),
            tree.missing_left[inner].astype(np.int64),
        )  # fmt: skip

    def attributes(self, dtype: np.dtype[Any]) -> dict[str, Any]:
        feature, threshold, mode, true, true_leaf, false, false_leaf, missing = (
            np.concatenate([part[index] for part in self._nodes]) for index in range(8)
        )
        attributes: dict[str, Any] = {
            "tree_roots": self._roots,
            "nodes_featureids": feature.tolist(),
            "nodes_splits": threshold.astype(dtype),
            "nodes_modes": mode,
            "nodes_truenodeids": true.tolist(),
            "nodes_trueleafs": true_leaf.tolist(),
            "nodes_falsenodeids": false.tolist(),
            "nodes_falseleafs": false_leaf.tolist(),
            "leaf_targetids": np.concatenate(self._leaf_targets).tolist(),
            "leaf_weights": np.concatenate(self._leaf_values).astype(dtype),
        }
        if missing.any():
            attributes["nodes_missing_value_tracks_true"] = missing.tolist()
        if self._members:
            attributes["membership_values"] = np.array(self._members, dtype=dtype)
        return attributes
