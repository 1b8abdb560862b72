from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_selection import SelectKBest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import KBinsDiscretizer, MinMaxScaler, OneHotEncoder, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from mlpack.frameworks.sklearn import FRAMEWORK

ROWS, TARGET = load_breast_cancer(return_X_y=True)


def hints_of(model):
    signature = FRAMEWORK.signature(model)
    return FRAMEWORK.hints(model, signature)


def xgboost_classifier():
    import xgboost

    return xgboost.XGBClassifier(n_estimators=3, n_jobs=1)


def lightgbm_classifier():
    import lightgbm

    return lightgbm.LGBMClassifier(n_estimators=3, n_jobs=1, verbose=-1)


TREES = [
    DecisionTreeClassifier(random_state=0),
    RandomForestClassifier(3, random_state=0),
    GradientBoostingClassifier(n_estimators=3),
    HistGradientBoostingClassifier(max_iter=3),
    AdaBoostClassifier(n_estimators=3),
    BaggingClassifier(n_estimators=3, max_features=0.5, random_state=0),
    IsolationForest(n_estimators=3, random_state=0),
    OneVsRestClassifier(DecisionTreeClassifier(random_state=0)),
    VotingClassifier(
        [("tree", make_pipeline(StandardScaler(), DecisionTreeClassifier())), ("line", LogisticRegression())]
    ),
    StackingClassifier([("forest", RandomForestClassifier(3))]),
    xgboost_classifier(),
    lightgbm_classifier(),
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("tree", TREES, ids=lambda tree: type(tree).__name__)
@pytest.mark.parametrize("scaled", [False, True], ids=["raw", "scaled"])
def test_thresholds_are_where_the_answer_changes(tree, scaled):
    """Some threshold moves the scores of the model itself: they are in the units of the raw input."""
    model = make_pipeline(*([StandardScaler(), SimpleImputer()] if scaled else []), tree).fit(ROWS, TARGET)
    signature = FRAMEWORK.signature(model)
    hints = FRAMEWORK.hints(model, signature).columns["input"]
    assert sum(hint.thresholds is not None for hint in hints) >= 3
    session = FRAMEWORK.session(model, signature)
    name = signature.outputs[-1].name
    moved = 0
    for position, hint in enumerate(hints):
        for threshold in [] if hint.thresholds is None else hint.thresholds[:20]:
            assert ROWS[:, position].min() <= threshold <= ROWS[:, position].max()
            sides = [ROWS[:50].copy(), ROWS[:50].copy()]
            sides[0][:, position] = threshold - 1e-6 * abs(threshold)
            sides[1][:, position] = threshold + 1e-6 * abs(threshold)
            under, over = (session.run({"input": side})[name] for side in sides)
            moved += bool(np.any(under != over))
    assert moved >= 1


def test_a_scaled_threshold_is_found_to_the_last_bit():
    scaler, tree = StandardScaler(), DecisionTreeClassifier(max_depth=1)
    model = make_pipeline(scaler, tree).fit(ROWS, TARGET)
    position, threshold = int(tree.tree_.feature[0]), tree.tree_.threshold[0]
    (boundary,) = hints_of(model).columns["input"][position].thresholds

    def goes_left(value: float) -> bool:
        scaled = (value - scaler.mean_[position]) / scaler.scale_[position]
        return bool(np.float32(scaled) <= threshold)

    assert goes_left(boundary)
    assert not goes_left(np.nextafter(boundary, np.inf))


def test_thresholds_find_their_column_through_selection_and_branches():
    frame = pd.DataFrame(ROWS[:, :4], columns=list("abcd"))
    columns = ColumnTransformer([("late", StandardScaler(), ["d", "b"]), ("early", "passthrough", ["a"])])
    tree = DecisionTreeClassifier(max_depth=3, random_state=0)
    hints = hints_of(make_pipeline(columns, tree).fit(frame, TARGET)).columns["input"]
    used = {["d", "b", "a"][at] for at in tree.tree_.feature if at >= 0}
    signature_names = ["a", "b", "d"]
    assert {name for name, hint in zip(signature_names, hints, strict=True) if hint.thresholds is not None} == used

    chosen = SelectKBest(k=3)
    hints = hints_of(make_pipeline(chosen, tree).fit(ROWS, TARGET)).columns["input"]
    split = {int(np.flatnonzero(chosen.get_support())[at]) for at in tree.tree_.feature if at >= 0}
    assert {at for at, hint in enumerate(hints) if hint.thresholds is not None} == split


def test_edges_bounds_centres_and_categories():
    bins = KBinsDiscretizer(4, encode="ordinal").fit(ROWS)
    first = hints_of(make_pipeline(bins, LogisticRegression(max_iter=5000)).fit(ROWS, TARGET)).columns["input"][0]
    assert np.allclose(first.thresholds, bins.bin_edges_[0][1:-1])

    ranged = hints_of(make_pipeline(MinMaxScaler(), LogisticRegression()).fit(ROWS, TARGET)).columns["input"][2]
    assert (ranged.low, ranged.high) == (ROWS[:, 2].min(), ROWS[:, 2].max())

    centred = hints_of(make_pipeline(StandardScaler(), LogisticRegression()).fit(ROWS, TARGET)).columns["input"][1]
    assert centred.center == pytest.approx(ROWS[:, 1].mean())
    assert centred.spread == pytest.approx(ROWS[:, 1].std())

    frame = pd.DataFrame({"port": ["S", "C", "S", "Q"] * 5, "cabin": [1, 2, 3, 1] * 5})
    model = make_pipeline(ColumnTransformer([("c", OneHotEncoder(), ["port", "cabin"])]), LogisticRegression())
    hints = hints_of(model.fit(frame, [0, 1] * 10))
    assert hints.columns["port"][0].categories == ("C", "Q", "S")
    assert hints.columns["cabin"][0].integral


def test_support_vectors_are_given_back_in_raw_units():
    model = make_pipeline(StandardScaler(), SVC()).fit(ROWS, TARGET)
    stored = hints_of(model).rows["input"]
    assert 0 < len(stored) <= 64
    distances = np.abs(stored[:, None, :] - ROWS[None]).max(axis=2).min(axis=1)
    assert distances.max() < 1e-9


def test_thresholds_are_capped():
    model = RandomForestClassifier(200, random_state=0).fit(ROWS, TARGET)
    assert max(hint.thresholds.size for hint in hints_of(model).columns["input"] if hint.thresholds is not None) <= 512
