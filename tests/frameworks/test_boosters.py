"""XGBoost and LightGBM as frameworks."""

from __future__ import annotations

import lightgbm as lgb
import numpy as np
import pytest
import xgboost as xgb
from sklearn.datasets import load_breast_cancer, load_iris

from mlpack.core.errors import NoRouteError
from mlpack.frameworks import framework_of

ROWS, TARGET = load_breast_cancer(return_X_y=True)
SMALL = {"n_estimators": 5, "n_jobs": 1}


def models():
    """Estimators and native boosters of both libraries, with the outputs they should have."""
    classes = ["label: int64[batch]", "probabilities: {}[batch, 2]"]
    number = ["prediction: {}[batch]"]
    return {
        "XGBClassifier": (xgb.XGBClassifier(**SMALL).fit(ROWS, TARGET), "xgboost", classes),
        "XGBRegressor": (xgb.XGBRegressor(**SMALL).fit(ROWS, TARGET), "xgboost", number),
        "xgboost.Booster": (xgb.train({"nthread": 1}, xgb.DMatrix(ROWS, TARGET), 5), "xgboost", number),
        "LGBMClassifier": (lgb.LGBMClassifier(**SMALL, verbose=-1).fit(ROWS, TARGET), "lightgbm", classes),
        "LGBMRegressor": (lgb.LGBMRegressor(**SMALL, verbose=-1).fit(ROWS, TARGET), "lightgbm", number),
        "lightgbm.Booster": (
            lgb.train({"verbose": -1, "num_threads": 1}, lgb.Dataset(ROWS, TARGET), 5),
            "lightgbm",
            number,
        ),
    }


@pytest.mark.parametrize(("model", "library", "outputs"), models().values(), ids=models())
def test_a_model_is_recognised_and_answers(model, library, outputs):
    framework = framework_of(model)
    assert framework.name == library
    dtype = {"xgboost": "float32", "lightgbm": "float64"}[library]
    signature = framework.signature(model)
    assert [str(spec) for spec in signature.inputs] == [f"input: {dtype}[batch, 30]"]
    assert [str(spec) for spec in signature.outputs] == [output.format(dtype) for output in outputs]
    assert len(signature.columns["input"]) == 30
    with framework.session(model, signature) as session:
        answered = session.run({"input": ROWS[:9]})
    assert [len(values) for values in answered.values()] == [9] * len(outputs)
    assert framework.in_double(model, signature) is None


@pytest.mark.parametrize(("model", "library", "outputs"), models().values(), ids=models())
def test_thresholds_are_where_the_answer_changes(model, library, outputs):
    framework = framework_of(model)
    signature = framework.signature(model)
    hints = framework.hints(model, signature).columns["input"]
    assert len(hints) == 30
    moved = 0
    session = framework.session(model, signature)
    for position, hint in enumerate(hints):
        for threshold in [] if hint.thresholds is None else hint.thresholds:
            side = ROWS[:60].copy()
            side[:, position] = threshold - abs(threshold) * 1e-6
            under = session.run({"input": side})
            side[:, position] = threshold + abs(threshold) * 1e-6
            over = session.run({"input": side})
            moved += bool(np.any(under[signature.outputs[-1].name] != over[signature.outputs[-1].name]))
    assert moved >= 5
    assert framework_of(model).packages == (library,)
    assert outputs


def test_the_raw_score_is_a_stage():
    rows, target = load_iris(return_X_y=True)
    for model, name in (
        (xgb.XGBClassifier(**SMALL).fit(rows, target), "margin"),
        (lgb.LGBMClassifier(**SMALL, verbose=-1).fit(rows, target), "raw_score"),
    ):
        framework, seen = framework_of(model), {}
        framework.stages(model, framework.signature(model), {"input": rows}, seen.__setitem__)
        assert list(seen) == [name, "label", "probabilities"]
        assert seen[name].shape == (150, 3)


@pytest.mark.parametrize("model", [xgb.XGBClassifier(), lgb.LGBMClassifier()], ids=lambda one: type(one).__name__)
def test_what_is_not_fitted_is_refused(model):
    with pytest.raises(NoRouteError, match="not fitted"):
        framework_of(model).signature(model)
