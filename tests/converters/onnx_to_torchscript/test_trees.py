"""Tree ensembles made by hand: every node mode, missing values, aggregates, doubles; leaves agree bit for bit."""

import itertools

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper

from mlpack.converters.onnx_to_torchscript.errors import UnsupportedOperator
from mlpack.converters.onnx_to_torchscript.graph import to_torchscript

MODES = ("BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ")
FEATURES, DEPTH = 3, 4


def random_trees(seed, count, modes, missing):
    """Attributes of `count` full binary trees, their thresholds taken from few values so that rows can hit them."""
    generator = np.random.default_rng(seed)
    nodes = {
        name: [] for name in ("treeids", "nodeids", "featureids", "modes", "values", "truenodeids", "falsenodeids")
    }
    nodes["missing_value_tracks_true"] = []
    inner = 2**DEPTH - 1
    for tree, node in itertools.product(range(count), range(2 * inner + 1)):
        leaf = node >= inner
        nodes["treeids"].append(tree)
        nodes["nodeids"].append(node)
        nodes["featureids"].append(0 if leaf else int(generator.integers(FEATURES)))
        nodes["modes"].append("LEAF" if leaf else str(generator.choice(modes)))
        nodes["values"].append(0.0 if leaf else float(generator.integers(-3, 4)) / 10)
        nodes["truenodeids"].append(0 if leaf else 2 * node + 1)
        nodes["falsenodeids"].append(0 if leaf else 2 * node + 2)
        nodes["missing_value_tracks_true"].append(int(missing and not leaf and generator.integers(2)))
    return {f"nodes_{name}": values for name, values in nodes.items()}


def leaves(attributes, role, targets, seed, positive=False):
    """Every leaf says something random about each of the targets."""
    generator = np.random.default_rng(seed)
    found = [
        (tree, node, target)
        for tree, node, mode in zip(
            attributes["nodes_treeids"], attributes["nodes_nodeids"], attributes["nodes_modes"], strict=True
        )
        if mode == "LEAF"
        for target in targets
    ]
    weights = generator.random(len(found)) if positive else generator.standard_normal(len(found))
    trees, nodes, ids = zip(*found, strict=True)
    return {f"{role}_treeids": trees, f"{role}_nodeids": nodes, f"{role}_ids": ids, f"{role}_weights": weights.tolist()}


def model_of(op_type, attributes, outputs, version=3, element=TensorProto.FLOAT):
    node = helper.make_node(op_type, ["x"], [name for name, _ in outputs], domain="ai.onnx.ml", **attributes)
    graph = helper.make_graph(
        [node],
        "trees",
        [helper.make_tensor_value_info("x", element, [None, FEATURES])],
        [helper.make_tensor_value_info(name, kind, None) for name, kind in outputs],
    )
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", version)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9)


def rows(dtype=np.float32, missing=False):
    """All combinations of values at, just under and just over the thresholds, with NaN if wanted."""
    thresholds = (np.arange(-3, 4) / np.float32(10)).astype(np.float32).astype(dtype)
    values = {*thresholds, *np.nextafter(thresholds, dtype(-9)), *np.nextafter(thresholds, dtype(9)), dtype(2.5)}
    grid = np.array(list(itertools.product(sorted(values)[::3], sorted(values), sorted(values)[1::3])), dtype)
    if missing:
        grid[::2, 0], grid[1::3, 1], grid[2::5, 2] = np.nan, np.nan, np.nan
    return grid


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("modes", [*((mode,) for mode in MODES), MODES])
def test_every_mode_reaches_the_same_leaf(modes, missing, assert_agrees):
    attributes = random_trees(len(modes), 1, modes, missing)
    attributes |= leaves(attributes, "target", [0], 1) | {"n_targets": 1}
    model = model_of("TreeEnsembleRegressor", attributes, [("y", TensorProto.FLOAT)])
    assert_agrees(model, [{"x": rows(missing=missing)}], rtol=0, atol=0)


@pytest.mark.parametrize("base", [False, True])
@pytest.mark.parametrize("targets", [1, 3])
@pytest.mark.parametrize("aggregate", ["SUM", "AVERAGE", "MIN", "MAX"])
def test_aggregates_agree(aggregate, targets, base, assert_agrees):
    attributes = random_trees(7, 5, MODES[:1], True)
    attributes |= leaves(attributes, "target", range(targets), 3)
    attributes |= {"n_targets": targets, "aggregate_function": aggregate}
    attributes |= {"base_values": [0.5, -1.25, 3.0][:targets]} if base else {}
    model = model_of("TreeEnsembleRegressor", attributes, [("y", TensorProto.FLOAT)])
    assert_agrees(model, [{"x": rows(missing=True)[:count]} for count in (1, 2, 5, 400)], rtol=1e-6, atol=1e-6)


def test_double_thresholds_are_compared_as_doubles(assert_agrees):
    attributes = random_trees(5, 3, MODES[:1], False)
    attributes |= leaves(attributes, "target", [0], 3) | {"n_targets": 1}
    for name in ("nodes_values", "target_weights"):
        doubles = np.array(attributes.pop(name), np.float64)
        attributes[f"{name}_as_tensor"] = numpy_helper.from_array(doubles, name)
    model = model_of("TreeEnsembleRegressor", attributes, [("y", TensorProto.FLOAT)], element=TensorProto.DOUBLE)
    thresholds = np.arange(-3, 4) / 10
    near = np.concatenate([thresholds, np.nextafter(thresholds, -9), np.nextafter(thresholds, 9)])
    grid = np.array(list(itertools.product(near[::2], near, near[1::2])))
    assert_agrees(model, [{"x": grid}], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("base", [None, [0.25, -0.5, 0.125]])
@pytest.mark.parametrize("transform", ["NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO"])
def test_three_classes_agree(transform, base, assert_agrees):
    attributes = random_trees(11, 6, MODES[:2], True)
    attributes |= leaves(attributes, "class", range(3), 3)
    attributes |= {"classlabels_int64s": [7, 3, 11], "post_transform": transform} | (
        {"base_values": base} if base else {}
    )
    model = model_of("TreeEnsembleClassifier", attributes, [("l", TensorProto.INT64), ("s", TensorProto.FLOAT)])
    assert_agrees(model, [{"x": rows(missing=True)[:count]} for count in (1, 2, 5, 400)])


def test_a_class_that_no_leaf_mentions_is_not_chosen(assert_agrees):
    attributes = random_trees(11, 2, MODES[:2], True)
    attributes |= leaves(attributes, "class", [0, 2], 3)
    attributes["class_weights"] = [-abs(weight) for weight in attributes["class_weights"]]
    attributes |= {"classlabels_int64s": [7, 3, 11]}
    model = model_of("TreeEnsembleClassifier", attributes, [("l", TensorProto.INT64), ("s", TensorProto.FLOAT)])
    assert_agrees(model, [{"x": rows(missing=True)}])


@pytest.mark.parametrize("base", [None, [0.25]])
@pytest.mark.parametrize("positive", [True, False])
@pytest.mark.parametrize("scored", [0, 1])
@pytest.mark.parametrize("transform", ["NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO"])
def test_two_classes_agree_or_are_refused(transform, scored, positive, base, assert_agrees):
    attributes = random_trees(13, 2, MODES[:1], True)
    attributes |= leaves(attributes, "class", [scored], 3, positive)
    attributes |= {"classlabels_int64s": [20, 10], "post_transform": transform} | (
        {"base_values": base} if base else {}
    )
    model = model_of("TreeEnsembleClassifier", attributes, [("l", TensorProto.INT64), ("s", TensorProto.FLOAT)])
    if base and scored == 1:
        with pytest.raises(UnsupportedOperator, match="no agreed meaning"):
            to_torchscript(model)
    else:
        assert_agrees(model, [{"x": rows(missing=True)[:count]} for count in (1, 2, 5, 400)])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"classlabels_strings": ["a", "b", "c"]}, "string labels"),
        ({"base_values": [0.1, 0.2]}, "base_values"),
        ({"classlabels_int64s": [0, 1]}, "two classes that are both scored"),
    ],
)
def test_what_cannot_be_exact_is_refused(change, reason):
    attributes = random_trees(11, 2, MODES[:1], False)
    attributes |= leaves(attributes, "class", [0, 1], 3)
    attributes |= {"classlabels_int64s": [0, 1, 2]} | change
    if "classlabels_strings" in change:
        del attributes["classlabels_int64s"]
    model = model_of("TreeEnsembleClassifier", attributes, [("l", TensorProto.INT64), ("s", TensorProto.FLOAT)])
    with pytest.raises(UnsupportedOperator, match=reason):
        to_torchscript(model)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("targets", [1, 2])
def test_operator_set_5_agrees(dtype, targets, assert_agrees):
    """Two trees: one with a membership node and a missing track, one with two comparisons."""

    def tensor(name, values, kind=dtype):
        return numpy_helper.from_array(np.array(values, kind), name)

    attributes = {
        "n_targets": targets, "aggregate_function": 1, "post_transform": 0, "tree_roots": [0, 2],
        "nodes_modes": tensor("modes", [0, 6, 3, 1], np.uint8),
        "nodes_splits": tensor("splits", [0.1, 0.0, -0.2, 0.3]),
        "nodes_featureids": [0, 1, 2, 0],
        "nodes_missing_value_tracks_true": [1, 0, 0, 1],
        "nodes_truenodeids": [1, 0, 3, 3], "nodes_trueleafs": [0, 1, 0, 1],
        "nodes_falsenodeids": [2, 1, 5, 4], "nodes_falseleafs": [1, 1, 1, 1],
        "leaf_targetids": [0, targets - 1, 0, 0, targets - 1, 0],
        "leaf_weights": tensor("weights", [1.5, -2.25, 3.0, 0.125, 7.0, -0.5]),
        "membership_values": tensor("members", [2.0, 5.0, np.nan]),
    }  # fmt: skip
    element = TensorProto.FLOAT if dtype is np.float32 else TensorProto.DOUBLE
    model = model_of("TreeEnsemble", attributes, [("y", element)], version=5, element=element)
    grid = np.array(list(itertools.product([0.1, -1, 0.3, 0.5, np.nan], [2, 3, 5, np.nan], [-0.2, -0.1])), dtype)
    assert_agrees(model, [{"x": grid}, {"x": grid[:1]}], rtol=1e-6, atol=1e-6)
