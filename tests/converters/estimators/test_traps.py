"""Conversions of scikit-learn that look right on random rows and are not: each is caught, and healed."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.ensemble import (
    ExtraTreesClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler, MinMaxScaler, RobustScaler, StandardScaler
from sklearn.tree import DecisionTreeClassifier

EXACT = 1e-12


@pytest.mark.parametrize("scaler", [StandardScaler(), MinMaxScaler(), RobustScaler(), MaxAbsScaler()], ids=repr)
@pytest.mark.parametrize(
    "tree",
    [
        DecisionTreeClassifier(random_state=0),
        RandomForestClassifier(10, random_state=0),
        ExtraTreesClassifier(10, random_state=0),
        GradientBoostingClassifier(n_estimators=10, random_state=0),
        IsolationForest(n_estimators=10, random_state=0),
    ],
    ids=lambda tree: type(tree).__name__,
)
def test_a_scaler_before_trees_is_exact_on_every_threshold(converted, cancer_rows, scaler, tree):
    rows, target = cancer_rows
    exact = converted(make_pipeline(scaler, tree).fit(rows, target), "float64")
    cruel = exact.cruel_rows(rows)
    assert len(cruel) > len(rows) + 100
    assert exact.worst(cruel) < EXACT
    assert exact.worst(cruel.astype(np.float32)) < EXACT


def test_the_float32_variant_of_a_scaler_before_a_tree_is_caught_by_threshold_rows_alone(converted, cancer_rows):
    rows, target = cancer_rows
    model = make_pipeline(StandardScaler(), DecisionTreeClassifier(random_state=0)).fit(rows, target)
    plain = converted(model, "float32")
    assert plain.worst(rows) < 1e-6
    with pytest.raises(AssertionError):
        plain.worst(plain.cruel_rows(rows))


@pytest.mark.parametrize("kind", [RandomForestClassifier, RandomForestRegressor])
def test_missing_values_go_the_way_they_were_fitted(converted, cancer_with_gaps, kind):
    rows, target = cancer_with_gaps
    exact = converted(kind(10, random_state=0).fit(rows, target), "float64")
    assert exact.worst(exact.cruel_rows(rows, nan=True)) < EXACT


def test_the_float32_variant_loses_missing_values(converted, cancer_with_gaps):
    rows, target = cancer_with_gaps
    plain = converted(RandomForestRegressor(10, random_state=0).fit(rows, target), "float32")
    assert plain.worst(rows) > 0.1


@pytest.mark.parametrize("kind", [HistGradientBoostingClassifier, HistGradientBoostingRegressor])
def test_hist_gradient_boosting_compares_in_float64(converted, cancer_with_gaps, kind):
    rows, target = cancer_with_gaps
    exact = converted(kind(max_iter=10).fit(rows, target), "float64")
    cruel = exact.cruel_rows(rows, nan=True)
    assert exact.worst(cruel) < EXACT
    assert exact.worst(cruel.astype(np.float32)) < EXACT


def test_hist_gradient_boosting_in_float32_is_wrong_near_a_threshold(converted, cancer_rows):
    rows, target = cancer_rows
    plain = converted(HistGradientBoostingRegressor(max_iter=10).fit(rows, target), "float32")
    assert plain.worst(plain.cruel_rows(rows)) > 0.01


def test_hist_gradient_boosting_with_sets_of_categories(converted, diabetes_rows):
    rows, target = diabetes_rows
    rng = np.random.default_rng(0)
    rows = np.column_stack([rng.integers(0, 60, len(rows)), rows, rng.integers(0, 4, len(rows))])
    target = target + 40 * (rows[:, 0] % 3) + 25 * (rows[:, -1] == 2)
    model = HistGradientBoostingRegressor(max_iter=20, categorical_features=[0, 11]).fit(rows, target)
    strange = rows.copy()
    strange[::3, 0], strange[1::3, 0], strange[::5, 11] = 77, np.nan, np.nan
    assert converted(model).worst(np.concatenate([rows, strange])) < 1e-10


LABELS = {
    "bool": np.array([False, True]),
    "int8": np.array([-3, 7], dtype=np.int8),
    "uint8": np.array([0, 200], dtype=np.uint8),
    "int32": np.array([0, 1], dtype=np.int32),
    "int64": np.array([5, 2**40]),
    "float": np.array([1.0, 2.0]),
    "one letter": np.array(["a", "b"]),
    "objects": np.array(["malign", "benign"], dtype=object),
}


@pytest.mark.parametrize("labels", LABELS.values(), ids=LABELS)
@pytest.mark.parametrize("kind", [LogisticRegression, DecisionTreeClassifier])
def test_labels_keep_their_dtype_and_values(converted, cancer_rows, labels, kind):
    rows, target = cancer_rows
    model = make_pipeline(StandardScaler(), kind()).fit(rows, labels[target])
    for variant in ("float32", "float64"):
        one = converted(model, variant)
        expected, given = one.both(rows)
        assert given["label"].dtype == (object if labels.dtype.kind in "UO" else labels.dtype)
        assert expected["label"].tolist() == given["label"].tolist()
        assert set(given["label"].tolist()) == set(labels.tolist())
        assert one.signature.classes["label"] == tuple(np.unique(labels).tolist())


def test_float_labels_with_a_fraction_are_left_to_the_exact_variant(converted, iris_rows):
    rows, target = iris_rows
    model = DecisionTreeClassifier().fit(rows, target)
    model.classes_ = np.array([0.5, 1.5, 2.5])
    one = converted(model)
    assert list(one.variants) == ["float64"]
    assert set(one.both(rows)[1]["label"].tolist()) == {0.5, 1.5, 2.5}


def test_probabilities_far_from_a_tie_keep_their_ratio(converted, iris_rows):
    from sklearn.linear_model import SGDClassifier

    rows, target = iris_rows
    model = SGDClassifier(loss="log_loss", random_state=0).fit(rows * 100, target)
    assert converted(model, "float64").worst(rows * 100) < EXACT


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("classes", [2, 3])
def test_probabilities_of_a_support_vector_machine_take_the_steps_of_libsvm(converted, iris_rows, classes):
    from sklearn.svm import SVC

    rows, target = iris_rows
    model = make_pipeline(StandardScaler(), SVC(probability=True, random_state=0))
    model.fit(rows, target if classes == 3 else target == 1)
    assert converted(model, "float64").worst(rows + 0.01) < EXACT
