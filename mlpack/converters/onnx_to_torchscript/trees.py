"""The flat form of a tree ensemble, from the attributes of its ONNX node."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from mlpack.converters.onnx_to_torchscript.errors import NoEquivalent

if TYPE_CHECKING:
    from collections.abc import Sequence

LEAF = 7
MEMBER = 6
MODES = ("BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ", "BRANCH_MEMBER", "LEAF")


@dataclass(frozen=True)
class Ensemble:
    """All nodes of all trees, one array per property; a leaf is its own child."""

    roots: np.ndarray  # int64 [trees]
    features: np.ndarray  # int64 [nodes]
    thresholds: np.ndarray  # float [nodes]
    modes: np.ndarray  # int64 [nodes], an index into MODES
    yes: np.ndarray  # int64 [nodes]
    no: np.ndarray  # int64 [nodes]
    nan_is_yes: np.ndarray  # bool [nodes]
    member_rows: np.ndarray  # int64 [nodes], a row of members
    members: np.ndarray  # float [sets, longest], padded with NaN
    leaf_rows: np.ndarray  # int64 [nodes], a row of weights
    weights: np.ndarray  # float [leaves, targets]
    present: np.ndarray  # bool [leaves, targets]: does the leaf say anything about the target

    @property
    def used_modes(self) -> list[int]:
        """The branch modes that occur."""
        return sorted({int(mode) for mode in self.modes} - {LEAF})

    @property
    def depth(self) -> int:
        """The longest walk from a root to a leaf; refuses nodes that form a circle."""
        level, steps = np.unique(self.roots), 0
        while True:
            level = level[self.modes[level] != LEAF]
            if level.size == 0:
                return steps
            level = np.unique(np.concatenate([self.yes[level], self.no[level]]))
            steps += 1
            if steps > len(self.modes):
                raise NoEquivalent("the nodes of a tree form a circle")

    def always_present(self) -> np.ndarray:
        """Targets of which every row hears from at least one tree: bool [targets]."""
        answer = np.zeros(self.weights.shape[1], bool)
        for root in self.roots:
            answer |= self.present[self.leaf_rows[self._leaves_below(int(root))]].all(axis=0)
            if answer.all():
                break
        return answer

    def _leaves_below(self, root: int) -> np.ndarray:
        level, found = np.array([root]), []
        while level.size:
            found.append(level[self.modes[level] == LEAF])
            level = level[self.modes[level] != LEAF]
            level = np.unique(np.concatenate([self.yes[level], self.no[level]]))
        return np.concatenate(found)


def children(
    tree_ids: Sequence[int], node_ids: Sequence[int], targets: Sequence[int], is_leaf: np.ndarray
) -> np.ndarray:
    """Positions of the nodes that `targets` name, within the same tree; leaves get their own."""
    place = {key: position for position, key in enumerate(zip(tree_ids, node_ids, strict=True))}
    if len(place) < len(is_leaf):
        raise NoEquivalent("two nodes of a tree have the same number")
    answer = np.arange(len(is_leaf))
    for position, (tree, target) in enumerate(zip(tree_ids, targets, strict=True)):
        if not is_leaf[position]:
            if (tree, target) not in place:
                raise NoEquivalent(f"tree {tree} has no node {target}")
            answer[position] = place[tree, target]
    return answer


def leaf_table(
    nodes: np.ndarray, targets: np.ndarray, values: np.ndarray, count: int, targets_count: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """leaf_rows, weights and present from (node, target, value) triples; repeated pairs add up."""
    leaves, rows = np.unique(nodes, return_inverse=True)
    leaf_rows = np.full(count, len(leaves), np.int64)  # nodes that say nothing share a last row of zeros
    leaf_rows[leaves] = np.arange(len(leaves))
    weights = np.zeros((len(leaves) + 1, targets_count), values.dtype)
    present = np.zeros(weights.shape, bool)
    np.add.at(weights, (rows, targets), values)
    present[rows, targets] = True
    return leaf_rows, weights, present
