"""Trees: a node names its children and its feature by numbers. Children come behind their parent: none leads in a circle."""

from __future__ import annotations

from typing import Any

import numpy as np

from mlpack.scan.plainly import shown

BALLS = tuple(
    f"sklearn.neighbors._{module}.{kind}{bits}"
    for module, kind in (("kd_tree", "KDTree"), ("ball_tree", "BallTree"))
    for bits in ("", "32", "64")
)
HALVES = ("scipy.spatial._ckdtree.cKDTree", "scipy.spatial._kdtree.KDTree")
BOOSTED = tuple(
    f"sklearn.ensemble._hist_gradient_boosting.gradient_boosting.HistGradientBoosting{kind}"
    for kind in ("Classifier", "Regressor")
)
DECISIONS = tuple(
    f"sklearn.tree._classes.{tree}Tree{kind}" for tree in ("Decision", "Extra") for kind in ("Classifier", "Regressor")
)
STAGED = tuple(f"sklearn.ensemble._gb.GradientBoosting{kind}" for kind in ("Classifier", "Regressor"))
_HALF = np.dtype(
    [(name, np.intp) for name in ("dim", "count", "split", "start", "end", "one", "two", "less", "greater")]
)
"""``ckdtreenode`` in scipy/spatial/ckdtree/src/ckdtree_decl.h. The pointers are set anew from the last two."""


def nodes(state: Any) -> str:
    """The state of a tree of scikit-learn, which is copied as it is set."""
    held, count = state["nodes"], state["node_count"]
    if type(state) is not dict or not isinstance(held, np.ndarray) or count != len(held):
        return "a tree with other nodes than it says"
    inner = held["left_child"] != -1
    return _astray(held, inner, "left_child", "right_child") or _depth(held, inner, state["max_depth"])


def _depth(held: Any, inner: Any, told: Any) -> str:
    """A path through the tree is given the room that its depth tells."""
    level, depth = np.zeros(1, np.intp), 0
    while len(level := level[inner[level]]):
        level = np.concatenate([held["left_child"][level], held["right_child"][level]])
        if len(level) > len(held):  # a node may have two parents, and its children would be counted for each
            level = np.unique(level)
        depth += 1
    return "" if type(told) is int and told >= depth else f"a tree of depth {depth:,} that is said to be {shown(told)}"


def features(tree: Any) -> str:
    """No node of a tree of scikit-learn asks for a feature that its rows do not have."""
    asked = tree.feature[tree.children_left != -1]
    return _outside(asked, tree.n_features, "feature")


def predictor(tree: Any) -> str:
    """A tree of histogram boosting."""
    held, sets = tree.nodes, tree.raw_left_cat_bitsets
    inner = held["is_leaf"] == 0
    chosen = held["bitset_idx"][inner & (held["is_categorical"] != 0)]
    if (
        not len(held)
        or sets.shape != tree.binned_left_cat_bitsets.shape
        or sets.shape[1:] != (8,)
        or sets.dtype != np.uint32
    ):
        return "a tree without nodes or categories"
    return _astray(held, inner, "left", "right") or _outside(chosen, len(sets), "set of categories")


def boosting(model: Any) -> str:
    """Histogram boosting: its trees ask for features that its rows have."""
    for tree in [tree for stage in vars(model).get("_predictors", ()) for tree in stage]:
        inner = tree.nodes["is_leaf"] == 0
        wrong = _outside(tree.nodes["feature_idx"][inner], model.n_features_in_, "feature")
        if wrong:
            return wrong
    return ""


def decisions(model: Any) -> str:
    """A decision tree: its rows have as many features as those of the tree in it."""
    tree = vars(model).get("tree_")
    return "" if tree is None else _width(tree, model.n_features_in_)


def stages(model: Any) -> str:
    """Gradient boosting: a tree for each output in each stage, of the features that its rows have."""
    held = vars(model).get("estimators_")
    if held is None:
        return ""
    classes = getattr(model, "n_classes_", 1)
    outputs = classes if classes > 2 else 1  # two classes share one
    if held.ndim != 2 or held.shape[1] != outputs or vars(model).get("n_trees_per_iteration_", outputs) != outputs:
        return f"stages of other trees than one for each of {outputs:,} outputs"
    return next((wrong for tree in held.ravel() if (wrong := _width(tree.tree_, model.n_features_in_))), "")


def _width(tree: Any, features: int) -> str:
    return "" if tree.n_features == features else f"a tree of {tree.n_features:,} features in a model of {features:,}"


def neighbours(tree: Any) -> str:
    """A KDTree or BallTree of scikit-learn: places of rows, and nodes that are spans of them."""
    rows, places, held, bounds, _, _, count, *_, metric, weights = tree.__getstate__()
    total, width = rows.shape
    if len(held) != count or bounds.shape[1:] != (count, width) or len(places) != total:
        return "a tree of neighbours with other nodes than it says"
    if weights is not None and len(weights) != total:
        return "a tree of neighbours with weights of other rows"
    metric._validate_data(rows)  # noqa: SLF001 - the constructor asks it, and setting a state does not
    leads = np.arange(count)[held["is_leaf"] == 0]
    spans = np.all((held["idx_start"] >= 0) & (held["idx_start"] <= held["idx_end"]) & (held["idx_end"] <= total))
    if not spans or (len(leads) and 2 * leads.max() + 2 >= count):
        return "a tree of neighbours with a node that is not there"
    return _outside(places, total, "row")


def halves(state: Any) -> str:
    """The state of SciPy's KDTree, which is copied as it is set."""
    packed, rows, total, width, _, most, least, places, _, box = state
    held = np.frombuffer(packed.tobytes(), _HALF)
    if rows.shape != (total, width) or len(places) != total or any(len(side) != width for side in (most, least)):
        return "a tree of neighbours with other rows than it says"
    if box is not None and len(box) != 2 * width:
        return "a tree of neighbours in a box of another size"
    inner = held["dim"] != -1
    spans = np.all((held["start"] >= 0) & (held["start"] <= held["end"]) & (held["end"] <= total))
    if not len(held) or not spans:
        return "a tree of neighbours with rows that are not there"
    asked = _outside(held["dim"][inner], width, "feature") or _outside(places, total, "row")
    return asked or _astray(held, inner, "less", "greater")


def _astray(held: Any, inner: Any, left: str, right: str) -> str:
    """Whether a node has a child that is not there, or that lies before it."""
    own = np.arange(len(held))[inner]
    for side in (held[left][inner].astype(np.int64), held[right][inner].astype(np.int64)):
        if np.any(side <= own) or np.any(side >= len(held)):
            return f"a tree with a child that is none of its {len(held):,} nodes"
    return ""


def _outside(asked: Any, size: int, what: str) -> str:
    if len(asked) and (asked.min() < 0 or asked.max() >= size):
        return f"a {what} that is none of {size:,}"
    return ""
