from __future__ import annotations

import math

import numpy as np
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sklearn.datasets import load_digits
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier

from mlpack.converters.sklearn_to_onnx.emit.trees import tree_arrays
from mlpack.graph.tree_ensemble import write_trees
from mlpack.graph.votes import below, can_vote, write_votes
from mlpack.graph.writer import VOTES_ML_OPSET, GraphWriter, OlderOpsetError
from mlpack.runtime.signature import TensorSpec

DIGITS, TARGET = load_digits(return_X_y=True)


def forest_arrays(model):
    trees = [tree_arrays(one.tree_, np.zeros(one.tree_.node_count)) for one in model.estimators_]
    rows = [one.tree_.value[tree.leaves, 0] for one, tree in zip(model.estimators_, trees, strict=True)]
    return trees, rows


def sums(trees, rows, matrix):
    graph = GraphWriter(ml_opset=VOTES_ML_OPSET)
    width = rows[0].shape[1]
    taken = graph.input(TensorSpec("rows", "float32", ("batch", matrix.shape[1])))
    graph.output(TensorSpec("sums", "float64", ("batch", width)), write_votes(graph, taken, trees, rows))
    session = onnxruntime.InferenceSession(graph.finish().SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"rows": matrix})[0]


def leaf_rows(model, matrix):
    """The row of each leaf, ``[tree, batch, class]``."""
    return np.array([one.tree_.predict(matrix).reshape(len(matrix), -1) for one in model.estimators_])


def test_votes_of_leaves_of_one_class_are_counted():
    rng = np.random.default_rng(0)
    model = RandomForestClassifier(30, random_state=0).fit(DIGITS, TARGET)
    matrix = (DIGITS[:200] + rng.normal(0, 1, (200, 64))).astype(np.float32)
    np.testing.assert_array_equal(sums(*forest_arrays(model), matrix), leaf_rows(model, matrix).sum(axis=0))


@pytest.mark.parametrize("count", [1, 3, 130])
def test_fractions_are_summed_as_in_float64(count):
    model = ExtraTreesClassifier(count, max_depth=5, random_state=0).fit(DIGITS, TARGET)
    matrix = DIGITS[:50].astype(np.float32)
    given_ = leaf_rows(model, matrix)
    expected = [[math.fsum(given_[:, row, label]) for label in range(10)] for row in range(50)]
    np.testing.assert_allclose(sums(*forest_arrays(model), matrix), expected, rtol=0, atol=count * 2.0**-52)


def test_a_missing_value_goes_where_the_tree_sends_it():
    rng = np.random.default_rng(1)
    holed = np.where(rng.random(DIGITS.shape) < 0.3, np.nan, DIGITS)
    model = RandomForestClassifier(10, random_state=0).fit(holed, TARGET)
    matrix = holed[:200].astype(np.float32)
    assert np.isnan(matrix).any()
    np.testing.assert_array_equal(sums(*forest_arrays(model), matrix), leaf_rows(model, matrix).sum(axis=0))


@given(
    arrays.arrays(np.float64, 20, elements=st.floats(allow_nan=False)),
    arrays.arrays(np.float32, 20, elements=st.floats(allow_nan=False, allow_infinity=False, width=32)),
)
def test_a_threshold_in_float32_parts_the_same_values(thresholds, values):
    np.testing.assert_array_equal(values <= below(thresholds), values.astype(np.float64) <= thresholds)
    near = below(thresholds)  # where it matters: at the threshold, and a step on either side
    with np.errstate(over="ignore"):
        steps = [np.nextafter(near, np.float32(way)) for way in (np.inf, -np.inf)]
    for value in (near, *steps):
        finite = np.isfinite(value)
        np.testing.assert_array_equal((value <= near)[finite], (value.astype(np.float64) <= thresholds)[finite])


def test_votes_are_for_what_they_are_quicker_for():
    pure, mixed = (
        forest_arrays(RandomForestClassifier(5, max_depth=depth, random_state=0).fit(DIGITS, TARGET))[1]
        for depth in (None, 3)
    )
    older = GraphWriter(ml_opset=VOTES_ML_OPSET)
    assert can_vote(older, pure)
    assert not can_vote(older, mixed)
    assert not can_vote(older, [2.0 * one for one in pure])
    assert not can_vote(GraphWriter(), pure)


def test_trees_in_float64_ask_for_the_newer_operators():
    graph = GraphWriter(ml_opset=VOTES_ML_OPSET)
    with pytest.raises(OlderOpsetError):
        write_trees(graph, "rows", [], [], n_targets=1)
