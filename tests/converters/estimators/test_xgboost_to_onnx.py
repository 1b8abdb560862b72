"""XGBoost in ONNX: every objective and booster, missing values and categories, at every threshold."""

from __future__ import annotations

import numpy as np
import pytest
import xgboost as xgb

from mlpack.core.errors import UnsupportedOperatorError

SMALL = {"n_estimators": 10, "n_jobs": 1, "random_state": 0}
STEPS = 64 * np.finfo(np.float32).eps
"""XGBoost sums in float32, tree after tree; so does the graph, in an order of its own."""


def assert_equal(one, rows, *, nan=True):
    cruel = one.cruel_rows(rows, nan=nan)
    expected, _ = one.both(cruel)
    scale = max(1.0, *(float(np.abs(values).max()) for name, values in expected.items() if name != "label"))
    assert one.worst(cruel) < STEPS * scale


CLASSIFIERS = [
    xgb.XGBClassifier(**SMALL),
    xgb.XGBClassifier(**SMALL, base_score=0.3),
    xgb.XGBClassifier(**SMALL, objective="binary:hinge"),
    xgb.XGBClassifier(**SMALL, booster="dart", rate_drop=0.3),
    xgb.XGBClassifier(**SMALL, booster="gblinear"),
    xgb.XGBRFClassifier(**SMALL),
]


@pytest.mark.parametrize(
    "model", CLASSIFIERS, ids=lambda model: f"{type(model).__name__}-{model.booster}-{model.objective}"
)
def test_two_classes(converted, cancer_with_gaps, model):
    rows, target = cancer_with_gaps
    assert_equal(converted(model.fit(rows, target)), rows)


@pytest.mark.parametrize("booster", ["gbtree", "dart", "gblinear"])
def test_three_classes(converted, iris_rows, booster):
    rows, target = iris_rows
    assert_equal(converted(xgb.XGBClassifier(**SMALL, booster=booster).fit(rows, target)), rows)


OBJECTIVES = [
    "reg:squarederror", "reg:squaredlogerror", "reg:absoluteerror", "reg:pseudohubererror", "count:poisson", "reg:gamma",
    "reg:tweedie", "reg:quantileerror", "survival:cox",
]  # fmt: skip


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_objectives_of_regression(converted, diabetes_rows, objective):
    rows, target = diabetes_rows
    more = {"quantile_alpha": [0.1, 0.9]} if objective == "reg:quantileerror" else {}
    assert_equal(converted(xgb.XGBRegressor(**SMALL, objective=objective, **more).fit(rows, target / 50)), rows)


def test_a_ranker(converted, diabetes_rows):
    rows, target = diabetes_rows
    model = xgb.XGBRanker(**SMALL).fit(rows, (target // 100).astype(int), qid=np.arange(len(target)) // 20)
    assert_equal(converted(model), rows)


def test_several_targets(converted, diabetes_rows):
    rows, target = diabetes_rows
    assert_equal(converted(xgb.XGBRegressor(**SMALL).fit(rows, np.column_stack([target, -target]))), rows)


def test_a_number_that_stands_for_a_missing_value(converted, cancer_with_gaps):
    rows, target = cancer_with_gaps
    rows = np.where(np.isnan(rows), -999.0, rows)
    assert_equal(converted(xgb.XGBClassifier(**SMALL, missing=-999.0).fit(rows, target)), rows)


def test_categories_given_as_numbers(converted, diabetes_rows):
    rows, target = diabetes_rows
    rng = np.random.default_rng(0)
    rows = np.column_stack([rng.integers(0, 40, len(rows)), rng.integers(0, 4, len(rows)), rows[:, :4]])
    target = target + 40 * (rows[:, 0] % 3) + 25 * (rows[:, 1] == 2)
    kinds = ["c", "c", "q", "q", "q", "q"]
    model = xgb.XGBRegressor(**SMALL, enable_categorical=True, feature_types=kinds, max_cat_to_onehot=3)
    assert_equal(converted(model.fit(rows, target)), rows)


def test_the_best_round_of_a_model_that_stopped_early(converted, cancer_rows):
    rows, target = cancer_rows
    model = xgb.XGBClassifier(n_estimators=200, early_stopping_rounds=2, n_jobs=1)
    model.fit(rows[::2], target[::2], eval_set=[(rows[1::2], target[1::2])], verbose=False)
    assert_equal(converted(model), rows)


@pytest.mark.parametrize("objective", ["binary:logistic", "reg:squarederror"])
def test_a_native_booster(converted, cancer_rows, objective):
    rows, target = cancer_rows
    booster = xgb.train({"objective": objective, "nthread": 1}, xgb.DMatrix(rows, target), 10)
    one = converted(booster)
    assert [str(spec) for spec in one.signature.outputs] == ["prediction: float32[batch]"]
    assert_equal(one, rows)


@pytest.mark.parametrize("objective", ["multi:softmax", "multi:softprob"])
def test_a_native_booster_of_three_classes(converted, iris_rows, objective):
    rows, target = iris_rows
    booster = xgb.train({"objective": objective, "num_class": 3, "nthread": 1}, xgb.DMatrix(rows, target), 10)
    assert_equal(converted(booster), rows)


def test_leaves_that_hold_vectors_are_refused(converted, diabetes_rows):
    rows, target = diabetes_rows
    model = xgb.XGBRegressor(**SMALL, multi_strategy="multi_output_tree").fit(rows, np.column_stack([target, -target]))
    with pytest.raises(UnsupportedOperatorError, match="XGBoost") as refusal:
        converted(model)
    assert "multi_output_tree" in refusal.value.why


def test_categories_named_by_a_data_frame(converted):
    import pandas as pd

    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "size": rng.normal(size=300),
            "port": pd.Categorical(rng.choice(list("SCQ"), 300)),
            "class": pd.Categorical(rng.integers(1, 9, 300)),
        }
    )
    target = (frame["port"] == "S") | (frame["class"] == 3)
    one = converted(xgb.XGBClassifier(**SMALL, enable_categorical=True).fit(frame, target))
    assert [str(spec) for spec in one.signature.inputs] == [
        "size: float32[batch, 1]",
        "port: string[batch, 1]",
        "class: int64[batch, 1]",
    ]
    feed = {"size": frame[["size"]].to_numpy(), "port": frame[["port"]].to_numpy(object)}
    feed["class"] = frame[["class"]].to_numpy().astype(np.int64)
    strange = {name: values.copy() for name, values in feed.items()}
    strange["port"][::3], strange["class"][1::3] = "unheard of", 99
    assert one.worst(feed) < STEPS
    assert one.worst(strange) < STEPS
    expected, _ = one.both(feed)
    assert np.array_equal(expected["probabilities"], one._session._model.predict_proba(frame))
