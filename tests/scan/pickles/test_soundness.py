"""Models whose parts do not fit each other: compiled code would read and write beside its arrays."""

from __future__ import annotations

import io
import pickle

import joblib
import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingClassifier, GradientBoostingRegressor, RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier, ExtraTreeRegressor
from sklearn.tree._tree import Tree

from mlpack.core.errors import UnsafeFileError
from mlpack.formats.joblib import FORMAT as JOBLIB
from mlpack.scan.pickles.gate import Gate
from mlpack.scan.pickles.loading import load_pickle
from mlpack.scan.source import Source

ROWS = np.random.default_rng(0).random((60, 2))
LABELS = np.arange(60) % 3
STRANGE = 1_000_000


def load(model):
    data = pickle.dumps(model)
    return load_pickle(Source(io.BytesIO(data), "test", end=len(data)), Gate())


def ask_for_far_features(tree):
    """Replace the tree in ``tree`` by one of a million features, of which it asks for the last."""
    state = tree.tree_.__getstate__()
    nodes = state["nodes"].copy()
    nodes["feature"][nodes["left_child"] != -1] = STRANGE - 1
    tree.tree_ = Tree(STRANGE, np.asarray(tree.tree_.n_classes), tree.tree_.n_outputs)
    tree.tree_.__setstate__({**state, "nodes": nodes})


@pytest.mark.parametrize(
    "model",
    [
        DecisionTreeClassifier(max_depth=2),
        ExtraTreeRegressor(max_depth=2),
        RandomForestClassifier(n_estimators=2, max_depth=2),
        GradientBoostingRegressor(n_estimators=2),
        GradientBoostingClassifier(n_estimators=2),
    ],
    ids=lambda model: type(model).__name__,
)
def test_a_tree_that_asks_for_features_which_its_rows_lack(model):
    model.fit(ROWS, LABELS)
    assert np.array_equal(load(model).predict(ROWS), model.predict(ROWS))
    for tree in np.ravel(getattr(model, "estimators_", model)):
        ask_for_far_features(tree)
    with pytest.raises(UnsafeFileError):
        load(model)


@pytest.mark.parametrize("labels", [LABELS % 2, LABELS])
def test_gradient_boosting_that_writes_more_outputs_than_it_has(labels):
    model = GradientBoostingClassifier(n_estimators=2).fit(ROWS, labels)
    assert np.array_equal(load(model).predict(ROWS), model.predict(ROWS))
    model.estimators_ = np.repeat(model.estimators_, 1000, axis=1)
    with pytest.raises(UnsafeFileError):
        load(model)


def test_what_lies_in_an_array_of_objects_is_held_to_the_same(tmp_path):
    """In joblib's files it is a pickle of its own."""
    tree = DecisionTreeClassifier(max_depth=2).fit(ROWS, LABELS)
    held, path = np.array([tree, None], dtype=object), tmp_path / "held.joblib"
    joblib.dump(held, path)
    assert np.array_equal(JOBLIB.load(path)[0].predict(ROWS), tree.predict(ROWS))
    ask_for_far_features(tree)
    joblib.dump(held, path)
    with pytest.raises(UnsafeFileError):
        JOBLIB.load(path)
