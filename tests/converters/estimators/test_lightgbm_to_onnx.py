"""LightGBM in ONNX: every objective and boosting, missing values and categories, at every threshold."""

from __future__ import annotations

import lightgbm as lgb
import numpy as np
import pytest

from mlpack.core.errors import UnsupportedOperatorError

SMALL = {"n_estimators": 10, "n_jobs": 1, "random_state": 0, "verbose": -1}
EXACT = 1e-11


def assert_equal(one, rows):
    cruel = one.cruel_rows(rows, nan=True)
    near_zero = rows.copy()
    for position in range(rows.shape[1]):
        near_zero[position::13, position] = [0.0, -0.0, 1e-36, -1e-36, 1.0000000180025095e-35, 1e-34][position % 6]
    assert one.worst(np.concatenate([cruel, near_zero])) < EXACT


CLASSIFIERS = {
    "gbdt": lgb.LGBMClassifier(**SMALL),
    "dart": lgb.LGBMClassifier(**SMALL, boosting_type="dart"),
    "rf": lgb.LGBMClassifier(**SMALL, boosting_type="rf", bagging_freq=1, bagging_fraction=0.7),
    "no missing": lgb.LGBMClassifier(**SMALL, use_missing=False),
    "zero is missing": lgb.LGBMClassifier(**SMALL, zero_as_missing=True),
}


@pytest.mark.parametrize("model", CLASSIFIERS.values(), ids=CLASSIFIERS)
def test_two_classes(converted, cancer_with_gaps, model):
    rows, target = cancer_with_gaps
    assert_equal(converted(model.fit(rows, target)), rows)


@pytest.mark.parametrize("objective", ["multiclass", "multiclassova"])
@pytest.mark.parametrize("labels", [np.arange(3), np.array(["a", "b", "c"])], ids=["numbers", "letters"])
def test_three_classes(converted, iris_rows, objective, labels):
    rows, target = iris_rows
    assert_equal(converted(lgb.LGBMClassifier(**SMALL, objective=objective).fit(rows, labels[target])), rows)


OBJECTIVES = [
    "regression", "l1", "huber", "fair", "quantile", "mape", "poisson", "gamma", "tweedie", "cross_entropy",
    "cross_entropy_lambda",
]  # fmt: skip


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_objectives_of_regression(converted, diabetes_rows, objective):
    rows, target = diabetes_rows
    assert_equal(converted(lgb.LGBMRegressor(**SMALL, objective=objective).fit(rows, target / 400)), rows)


def test_the_square_root_of_the_target(converted, diabetes_rows):
    rows, target = diabetes_rows
    assert_equal(converted(lgb.LGBMRegressor(**SMALL, reg_sqrt=True).fit(rows, target)), rows)


def test_a_ranker(converted, diabetes_rows):
    rows, target = diabetes_rows
    model = lgb.LGBMRanker(**SMALL).fit(rows, (target // 100).astype(int), group=[42] * 10 + [22])
    assert_equal(converted(model), rows)


def test_categories_given_as_numbers(converted, diabetes_rows):
    rows, target = diabetes_rows
    rng = np.random.default_rng(0)
    rows = np.column_stack([rng.integers(0, 40, len(rows)), rng.integers(0, 4, len(rows)), rows[:, :4]])
    target = target + 40 * (rows[:, 0] % 3) + 25 * (rows[:, 1] == 2)
    model = lgb.LGBMRegressor(**SMALL).fit(rows, target, categorical_feature=[0, 1])
    strange = rows.copy()
    strange[::4, 0], strange[1::4, 0], strange[2::4, 0], strange[3::4, 0] = 99, -1, 2.7, np.nan
    assert_equal(converted(model), np.concatenate([rows, strange]))


def test_the_best_round_of_a_model_that_stopped_early(converted, cancer_rows):
    rows, target = cancer_rows
    model = lgb.LGBMClassifier(n_estimators=200, n_jobs=1, verbose=-1)
    quietly = lgb.early_stopping(3, verbose=False)
    model.fit(rows[::2], target[::2], eval_set=[(rows[1::2], target[1::2])], callbacks=[quietly])
    assert_equal(converted(model), rows)


def test_a_native_booster(converted, iris_rows):
    rows, target = iris_rows
    wishes = {"objective": "multiclass", "num_class": 3, "verbose": -1, "num_threads": 1}
    one = converted(lgb.train(wishes, lgb.Dataset(rows, target), 10))
    assert [str(spec) for spec in one.signature.outputs] == ["prediction: float64[batch, 3]"]
    assert_equal(one, rows)


def test_leaves_that_hold_linear_models_are_refused(converted, diabetes_rows):
    model = lgb.LGBMRegressor(**SMALL, linear_tree=True).fit(*diabetes_rows)
    with pytest.raises(UnsupportedOperatorError, match="LightGBM") as refusal:
        converted(model)
    assert "linear_tree" in refusal.value.why


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
    one = converted(lgb.LGBMClassifier(**SMALL).fit(frame, target))
    assert [str(spec) for spec in one.signature.inputs] == [
        "size: float64[batch, 1]",
        "port: string[batch, 1]",
        "class: int64[batch, 1]",
    ]
    feed = {"size": frame[["size"]].to_numpy(), "port": frame[["port"]].to_numpy(object)}
    feed["class"] = frame[["class"]].to_numpy().astype(np.int64)
    strange = {name: values.copy() for name, values in feed.items()}
    strange["port"][::3], strange["class"][1::3] = "unheard of", 99
    assert one.worst(feed) < EXACT
    assert one.worst(strange) < EXACT
    expected, _ = one.both(feed)
    assert np.array_equal(expected["probabilities"], one._session._model.predict_proba(frame))
