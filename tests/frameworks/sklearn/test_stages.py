from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler

from mlpack.frameworks.sklearn import FRAMEWORK

ROWS, TARGET = load_iris(return_X_y=True)


def stages_of(model, feed):
    seen = {}
    FRAMEWORK.stages(model, FRAMEWORK.signature(model), feed, seen.__setitem__)
    return seen


def test_every_step_is_visited_in_order():
    model = Pipeline(
        [("scale", StandardScaler()), ("turn", PCA(2)), ("skip", "passthrough"), ("end", LogisticRegression())]
    )
    seen = stages_of(model.fit(ROWS, TARGET), {"input": ROWS[:5]})
    assert list(seen) == ["scale", "turn", "label", "probabilities"]
    assert np.array_equal(seen["turn"], model[:2].transform(ROWS[:5]))
    assert np.array_equal(seen["probabilities"], model.predict_proba(ROWS[:5]))


def test_branches_are_visited_one_by_one():
    frame = pd.DataFrame({"a": ROWS[:, 0], "b": ROWS[:, 1], "c": np.array(["x", "y", "z"])[TARGET]})
    columns = ColumnTransformer([("numbers", StandardScaler(), ["a", "b"]), ("words", OneHotEncoder(), ["c"])])
    model = Pipeline([("columns", columns), ("end", LogisticRegression())]).fit(frame, TARGET)
    feed = {name: frame[[name]].to_numpy(object if name == "c" else float) for name in frame}
    seen = stages_of(model, feed)
    assert list(seen) == ["columns/numbers", "columns/words", "columns", "label", "probabilities"]
    assert seen["columns/words"].shape == (150, 3)

    union = FeatureUnion([("turn", PCA(2)), ("range", MinMaxScaler())])
    seen = stages_of(make_pipeline(union, LogisticRegression()).fit(ROWS, TARGET), {"input": ROWS})
    assert list(seen)[:3] == ["featureunion/turn", "featureunion/range", "featureunion"]
