"""TreeEnsembleClassifier, TreeEnsembleRegressor and TreeEnsemble."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mlpack.converters.onnx_to_torchscript.emit.ml import class_labels, post_transform
from mlpack.converters.onnx_to_torchscript.program import Expression
from mlpack.converters.onnx_to_torchscript.registry import ML, operator
from mlpack.converters.onnx_to_torchscript.trees import LEAF, MEMBER, MODES, Ensemble, children, leaf_table
from mlpack.converters.onnx_to_torchscript.values import literal

if TYPE_CHECKING:
    from mlpack.converters.onnx_to_torchscript.call import Call

AGGREGATES = ("SUM", "AVERAGE", "MIN", "MAX")


def _floats(call: Call, name: str) -> np.ndarray | None:
    """Floats from `name`, or their wider form from `name_as_tensor` (operator set 3)."""
    wide = call.tensor(f"{name}_as_tensor")
    if wide is not None:
        return wide.ravel()
    return np.asarray(call.reals(name), np.float32) if call.has_attribute(name) else None


def _required(call: Call, name: str) -> np.ndarray:
    values = _floats(call, name)
    if values is None:
        call.refuse(f"attribute {name!r} is missing")
    return values


def _ensemble(call: Call, role: str, targets: int) -> Ensemble:
    """The ensemble of operator sets 1 and 3; role is class or target."""
    call.ignore("nodes_hitrates", "nodes_hitrates_as_tensor")
    names = call.texts("nodes_modes")
    unknown = set(names) - set(MODES) | ({"BRANCH_MEMBER"} & set(names))
    if unknown:
        call.refuse(f"the node mode {min(unknown)!r} is not implemented")
    modes = np.array([MODES.index(name) for name in names], np.int64)
    trees, nodes = call.integers("nodes_treeids"), call.integers("nodes_nodeids")
    features = np.array(call.integers("nodes_featureids"), np.int64)
    is_leaf = modes == LEAF
    missing = np.array(call.integers("nodes_missing_value_tracks_true") or (0,) * len(nodes), bool)
    place = {key: position for position, key in enumerate(zip(trees, nodes, strict=True))}
    leaves = zip(call.integers(f"{role}_treeids"), call.integers(f"{role}_nodeids"), strict=True)
    rows, weights, present = leaf_table(
        np.array([place[key] for key in leaves], np.int64),
        np.array(call.integers(f"{role}_ids"), np.int64),
        _required(call, f"{role}_weights"),
        len(nodes),
        targets,
    )
    _, roots = np.unique(trees, return_index=True)
    return Ensemble(
        roots=np.sort(roots).astype(np.int64),
        features=np.where(is_leaf, 0, features),
        thresholds=_required(call, "nodes_values"),
        modes=modes,
        yes=children(trees, nodes, call.integers("nodes_truenodeids"), is_leaf),
        no=children(trees, nodes, call.integers("nodes_falsenodeids"), is_leaf),
        nan_is_yes=missing & ~is_leaf,
        member_rows=np.zeros(len(nodes), np.int64),
        members=np.zeros((1, 1), np.float32),
        leaf_rows=rows,
        weights=weights,
        present=present,
    )


def _scores(call: Call, ensemble: Ensemble, how: str) -> str:
    """Source that walks the trees and aggregates their leaves."""
    always = bool(ensemble.always_present().all())
    if how != "SUM" and not always:
        call.refuse(f"aggregate {how} over leaves that do not mention every target is not implemented")
    x = call.input(0)

    def keep(name: str) -> str:
        return call.buffer(name, getattr(ensemble, name))

    walk = ", ".join(keep(name) for name in ("roots", "features", "thresholds", "modes"))
    branch = ", ".join(keep(name) for name in ("yes", "no", "nan_is_yes", "member_rows", "members"))
    leaf = ", ".join(keep(name) for name in ("leaf_rows", "weights", "present"))
    used = literal(ensemble.used_modes)
    return f"ops_ml_trees.scores({x}, {walk}, {used}, {branch}, {leaf}, {always}, {ensemble.depth}, {how!r})"


def _base(call: Call) -> np.ndarray | None:
    base = _floats(call, "base_values")
    return None if base is None or base.size == 0 else base


@operator("TreeEnsembleRegressor", domain=ML)
def regressor(call: Call) -> str:
    """Targets, float32."""
    targets, aggregate = call.integer("n_targets", 1), call.text("aggregate_function", "SUM")
    if aggregate not in AGGREGATES:
        call.refuse(f"aggregate_function={aggregate!r} is not implemented")
    transform, base = post_transform(call), _base(call)
    if targets == 1 and transform not in ("NONE", "PROBIT"):
        call.refuse(f"ONNX Runtime ignores post_transform={transform!r} of a single target, against the standard")
    if base is not None and base.size != targets:
        call.refuse("base_values are neither absent nor one per target")
    ensemble = _ensemble(call, "target", targets)
    average, how = aggregate == "AVERAGE", "SUM" if aggregate == "AVERAGE" else aggregate
    found = _scores(call, ensemble, how)
    base_text = "None" if base is None else call.buffer("base_values", base)
    trees = len(ensemble.roots)
    return f"ops_ml_trees.regression({found}, {trees}, {average}, {base_text}, {transform!r}, torch.float32)"


@operator("TreeEnsembleClassifier", domain=ML)
def classifier(call: Call) -> Expression:
    """Labels and scores, float32."""
    labels = class_labels(call)
    transform, base = post_transform(call), _base(call)
    if labels.size < 2:
        call.refuse("fewer than two classes are not implemented")
    ensemble = _ensemble(call, "class", labels.size)
    found, kept = _scores(call, ensemble, "SUM"), call.buffer("labels", labels)
    if labels.size == 2:
        return _binary(call, ensemble, found, kept, transform, base)
    if base is not None and base.size != labels.size:
        call.refuse("base_values are neither absent nor one per class")
    base_text = "None" if base is None else call.buffer("base_values", base)
    return Expression(f"ops_ml_trees.multiclass({found}, {base_text}, {kept}, {transform!r})", ("Tensor", "Tensor"))


def _binary(
    call: Call, ensemble: Ensemble, found: str, labels: str, transform: str, base: np.ndarray | None
) -> Expression:
    """Two classes, of which the leaves score one: the rules are ONNX Runtime's (tree_ensemble_aggregator.h)."""
    scored = np.flatnonzero(ensemble.present.any(axis=0))
    if len(scored) != 1 or not ensemble.always_present()[scored[0]]:
        call.refuse("two classes that are both scored: ONNX Runtime's answer is not the standard's")
    if transform == "PROBIT":
        call.refuse("post_transform='PROBIT' of two classes leaves a score undefined in ONNX Runtime")
    positive = bool((ensemble.weights >= 0).all())
    threshold = 0.5 if positive else 0.0
    if scored[0] == 0:
        if base is not None and base.size != 1:
            call.refuse("two base_values for leaves that score one class have no agreed meaning")
        base_text = "None" if base is None else call.buffer("base_values", base)
        text = f"ops_ml_trees.binary({found}, {base_text}, {labels}, {threshold}, {positive}, {transform!r})"
        return Expression(text, ("Tensor", "Tensor"))
    if base is not None:
        call.refuse("base_values for leaves that score the second class have no agreed meaning")
    return Expression(f"ops_ml_trees.second({found}, {labels}, {threshold}, {transform!r})", ("Tensor", "Tensor"))


@operator("TreeEnsemble", domain=ML)
def ensemble(call: Call) -> str:
    """Operator set 5: branches and leaves in arrays of their own."""
    aggregate = {0: "AVERAGE", 1: "SUM", 2: "MIN", 3: "MAX"}[call.integer("aggregate_function", 1)]
    transform = {0: "NONE", 1: "SOFTMAX", 2: "LOGISTIC", 3: "SOFTMAX_ZERO", 4: "PROBIT"}[call.integer("post_transform")]
    flat = _flat(call, call.integer("n_targets", 1))
    if flat.weights.shape[1] == 1 and transform not in ("NONE", "PROBIT"):
        call.refuse(f"ONNX Runtime ignores post_transform={transform!r} of a single target, against the standard")
    average, how = aggregate == "AVERAGE", "SUM" if aggregate == "AVERAGE" else aggregate
    dtype = f"torch.{flat.thresholds.dtype.name}"
    found = _scores(call, flat, how)
    return f"ops_ml_trees.regression({found}, {len(flat.roots)}, {average}, None, {transform!r}, {dtype})"


def _flat(call: Call, targets: int) -> Ensemble:
    """Branch nodes first, then the leaves."""
    call.ignore("nodes_hitrates")
    arrays = {name: call.tensor(name) for name in ("nodes_modes", "nodes_splits", "leaf_weights")}
    modes, splits, leaf_weights = arrays["nodes_modes"], arrays["nodes_splits"], arrays["leaf_weights"]
    if modes is None or splits is None or leaf_weights is None:
        call.refuse("nodes_modes, nodes_splits or leaf_weights are missing")
    branches, leaf_ids = len(modes), np.array(call.integers("leaf_targetids"), np.int64)
    count = branches + len(leaf_ids)
    own, tail = np.arange(count), np.zeros(len(leaf_ids), np.int64)

    def child(ids: str, leafs: str) -> np.ndarray:
        is_leaf = np.array(call.integers(leafs), bool)
        target = np.array(call.integers(ids), np.int64)
        return np.concatenate([np.where(is_leaf, target + branches, target), own[branches:]])

    missing = np.array(call.integers("nodes_missing_value_tracks_true") or (0,) * branches, bool)
    rows, weights, present = leaf_table(own[branches:], leaf_ids, leaf_weights.ravel(), count, targets)
    member_rows, members = _members(call, modes.astype(np.int64), splits.dtype)
    yes, no = child("nodes_truenodeids", "nodes_trueleafs"), child("nodes_falsenodeids", "nodes_falseleafs")
    roots = np.array(call.integers("tree_roots"), np.int64)
    return Ensemble(
        roots=roots,
        features=np.concatenate([np.array(call.integers("nodes_featureids"), np.int64), tail]),
        thresholds=np.concatenate([splits.ravel(), tail.astype(splits.dtype)]),
        modes=np.concatenate([modes.astype(np.int64), np.full(len(leaf_ids), LEAF)]),
        yes=yes,
        no=no,
        nan_is_yes=np.concatenate([missing, tail.astype(bool)]),
        member_rows=np.concatenate([member_rows, tail]),
        members=members,
        leaf_rows=rows,
        weights=weights,
        present=present,
    )


def _members(call: Call, modes: np.ndarray, dtype: np.dtype) -> tuple[np.ndarray, np.ndarray]:
    """The sets of the membership nodes, in node order; in the file they are one list with a NaN after each."""
    values = call.tensor("membership_values")
    rows = np.zeros(len(modes), np.int64)
    if values is None:
        return rows, np.zeros((1, 1), dtype)
    sets: list[list[float]] = [[]]
    for value in values.ravel():
        if np.isnan(value):
            sets.append([])
        else:
            sets[-1].append(float(value))
    rows[modes == MEMBER] = np.arange(int((modes == MEMBER).sum()))
    longest = max(len(group) for group in sets)
    table = np.full((len(sets), max(1, longest)), np.nan, dtype)
    for row, group in enumerate(sets):
        table[row, : len(group)] = group
    return rows, table
