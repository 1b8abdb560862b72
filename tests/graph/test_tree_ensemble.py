from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
from hypothesis import given, settings
from hypothesis import strategies as st

from mlpack.graph.tree_ensemble import Comparison, Tree, write_trees
from mlpack.graph.writer import GraphWriter
from mlpack.runtime.signature import TensorSpec

WIDTH = 3
GRID = [-1.0, 0.0, 0.1, 0.5, 1.0, 2.0]
MEMBERS = [0.0, 1.0, 2.0, 31.0, 32.0, 63.0, 64.0, 300.0, 70000.0]


def walk(tree: Tree, row: np.ndarray, comparison: Comparison) -> float:
    """The leaf that a row ends in, node by node: what the operator should do."""
    node = 0
    while tree.feature[node] >= 0:
        value = row[tree.feature[node]]
        if np.isnan(value):
            left = tree.missing_left[node]
        elif node in tree.members:
            left = value in tree.members[node]
        else:
            left = value <= tree.threshold[node] if comparison == "<=" else value < tree.threshold[node]
        node = int(tree.left[node] if left else tree.right[node])
    return float(tree.value[node])


@st.composite
def trees(draw: Any) -> Tree:
    """Any binary tree of up to four levels, leaf-only ones and sets of members included."""
    nodes: list[tuple[int, float, int, int, bool, float]] = []
    members: dict[int, tuple[float, ...]] = {}

    def grow(depth: int) -> int:
        at = len(nodes)
        nodes.append((-1, 0.0, -1, -1, False, float(draw(st.integers(-50, 50)))))
        if depth and draw(st.booleans()):
            feature, threshold = draw(st.integers(0, WIDTH - 1)), draw(st.sampled_from(GRID))
            if draw(st.integers(0, 3)) == 0:
                feature = WIDTH - 1  # of whole numbers
                members[at] = tuple(sorted(draw(st.sets(st.sampled_from(MEMBERS), min_size=1))))
            missing = draw(st.booleans())
            left, right = grow(depth - 1), grow(depth - 1)
            nodes[at] = (feature, threshold, left, right, missing, 0.0)
        return at

    grow(4)
    columns = list(zip(*nodes, strict=True))
    return Tree(
        np.array(columns[0]), np.array(columns[1]), np.array(columns[2]), np.array(columns[3]),
        np.array(columns[4], dtype=bool), np.array(columns[5]), members,
    )  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.lists(trees(), min_size=1, max_size=5), st.sampled_from(["<=", "<"]), st.sampled_from(["float64", "float32"]))
def test_the_operator_walks_as_the_trees_say(forest, comparison, dtype):
    graph = GraphWriter()
    rows = graph.input(TensorSpec("rows", dtype, ("batch", WIDTH)))
    targets = [number % 2 for number in range(len(forest))]
    total = write_trees(graph, rows, forest, targets, n_targets=2, dtype=dtype, comparison=comparison)
    graph.output(TensorSpec("total", dtype, ("batch", 2)), total)
    values = np.array([*GRID, np.nan, np.nextafter(0.1, 1), -np.inf, np.inf]).astype(dtype)
    whole = np.array([*MEMBERS, -1.0, -2.0, 3.0, 30.0, 33.0, 62.0, 65.0, 1e9, np.nan]).astype(dtype)
    tried = np.stack(np.meshgrid(values, values, whole), axis=-1).reshape(-1, WIDTH)[::5]
    narrow = [tree if dtype == "float64" else _narrowed(tree) for tree in forest]
    expected = np.zeros((len(tried), 2))
    for tree, target in zip(narrow, targets, strict=True):
        expected[:, target] += [walk(tree, row, comparison) for row in tried]
    session = onnxruntime.InferenceSession(graph.finish().SerializeToString())
    assert np.array_equal(session.run(None, {"rows": tried})[0], expected)


def _narrowed(tree: Tree) -> Tree:
    """The tree with thresholds and members as float32 holds them."""
    members = {node: tuple(float(np.float32(one)) for one in held) for node, held in tree.members.items()}
    threshold = tree.threshold.astype(np.float32).astype(np.float64)
    return Tree(tree.feature, threshold, tree.left, tree.right, tree.missing_left, tree.value, members)
