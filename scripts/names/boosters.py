"""XGBoost and LightGBM: their scikit-learn estimators and their own boosters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from names import data
from names.estimators import fitted
from names.sample import Sample


def boosters() -> Iterator[Sample]:
    """Samples of both libraries."""
    yield from _xgboost()
    yield from _lightgbm()


def _xgboost() -> Iterator[Sample]:
    import xgboost as xgb

    rows, target = data.diabetes()
    flowers, kinds = data.iris()
    small: dict[str, Any] = {"n_estimators": 4, "n_jobs": 1, "max_depth": 3}
    yield fitted("xgboost/XGBClassifier", xgb.XGBClassifier(**small), flowers, kinds)
    yield fitted("xgboost/XGBRegressor", xgb.XGBRegressor(**small), rows, target)
    yield fitted("xgboost/XGBRFClassifier", xgb.XGBRFClassifier(**small), flowers, kinds)
    yield fitted("xgboost/XGBRFRegressor", xgb.XGBRFRegressor(**small), rows, target)
    for booster in ("gblinear", "dart"):
        yield fitted(f"xgboost/{booster}", xgb.XGBRegressor(booster=booster, **small), rows, target)
    stopped = xgb.XGBClassifier(early_stopping_rounds=2, eval_metric=["mlogloss", "merror"], **small)
    stopped.fit(flowers, kinds, eval_set=[(flowers[:20], kinds[:20])], verbose=False)
    yield Sample("xgboost/early stopping", stopped, lambda model: model.predict_proba(flowers))
    watched = xgb.XGBRegressor(callbacks=[xgb.callback.EarlyStopping(rounds=2, save_best=True)], **small)
    watched.fit(rows, target, eval_set=[(rows[:20], target[:20])], verbose=False)
    yield Sample("xgboost/callback", watched, lambda model: model.predict(rows))
    yield Sample("xgboost/unfitted", xgb.XGBRegressor(), lambda model: model.get_params())
    several = xgb.XGBRegressor(multi_strategy="multi_output_tree", tree_method="hist", **small)
    yield fitted("xgboost/two targets", several, rows, data.two_targets(target, rows))
    ranker = xgb.XGBRanker(**small).fit(flowers, kinds, qid=np.arange(len(kinds)) // 25)
    yield Sample("xgboost/XGBRanker", ranker, lambda model: model.predict(flowers))
    table = data.frame()[["length", "count", "size", "wide"]]
    held = xgb.XGBClassifier(enable_categorical=True, tree_method="hist", **small)
    yield fitted("xgboost/table", held, table, kinds)
    trained = xgb.train({"max_depth": 3, "objective": "reg:squarederror"}, xgb.DMatrix(rows, target), 4)
    yield Sample("xgboost/Booster", trained, lambda model: model.predict(xgb.DMatrix(rows)))


def _lightgbm() -> Iterator[Sample]:
    import lightgbm as lgb

    rows, target = data.diabetes()
    flowers, kinds = data.iris()
    small: dict[str, Any] = {"n_estimators": 4, "n_jobs": 1, "min_child_samples": 5, "verbose": -1}
    yield fitted("lightgbm/LGBMClassifier", lgb.LGBMClassifier(**small), flowers, kinds)
    yield fitted("lightgbm/text labels", lgb.LGBMClassifier(**small), flowers, np.array(["a", "b", "c"])[kinds])
    yield fitted("lightgbm/LGBMRegressor", lgb.LGBMRegressor(**small), rows, target)
    for kind in ("dart", "rf"):
        bagging = {"bagging_fraction": 0.8, "bagging_freq": 1} if kind == "rf" else {}
        yield fitted(f"lightgbm/{kind}", lgb.LGBMRegressor(boosting_type=kind, **bagging, **small), rows, target)
    ranker = lgb.LGBMRanker(**small).fit(flowers, kinds, group=[25, 25, 25])
    yield Sample("lightgbm/LGBMRanker", ranker, lambda model: model.predict(flowers))
    stopped = lgb.LGBMClassifier(**small)
    stopped.fit(flowers, kinds, eval_set=[(flowers[:20], kinds[:20])], callbacks=[lgb.early_stopping(2, verbose=False)])
    yield Sample("lightgbm/early stopping", stopped, lambda model: model.predict_proba(flowers))
    table = data.frame()[["length", "count", "size", "wide"]]
    yield fitted("lightgbm/table", lgb.LGBMClassifier(**small), table, kinds)
    yield Sample("lightgbm/unfitted", lgb.LGBMRegressor(), lambda model: model.get_params())
    trained = lgb.train({"verbose": -1, "num_threads": 1}, lgb.Dataset(rows, target), 4)
    yield Sample("lightgbm/Booster", trained, lambda model: model.predict(rows))
