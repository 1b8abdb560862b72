"""Rows in, predictions out, through real models: what a service says is what the model said."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC

from mlpack.frameworks.sklearn import FRAMEWORK
from mlpack.runtime.coerce.answers import Answers
from mlpack.runtime.coerce.rows import Rows

ROWS, TARGET = load_iris(return_X_y=True, as_frame=True)
SPECIES = np.array(["setosa", "versicolor", "virginica"])[TARGET]


def served(model: Any, instances: list[Any]) -> list[Any]:
    """The predictions for ``instances``, there and back through JSON."""
    signature = FRAMEWORK.signature(model)
    feed = Rows(signature).feed_of_instances(json.loads(json.dumps(instances)))
    with FRAMEWORK.session(model, signature) as session:
        found = Answers(signature).predictions(session.run(feed), len(instances))
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    return found


def test_a_classifier_on_a_frame():
    model = RandomForestClassifier(5, random_state=0).fit(ROWS, SPECIES)
    found = served(model, ROWS[::10].to_dict("records"))
    assert [one["label"] for one in found] == model.predict(ROWS[::10]).tolist()
    odds = [dict(zip(model.classes_, row, strict=True)) for row in model.predict_proba(ROWS[::10]).tolist()]
    assert [one["probabilities"] for one in found] == odds


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (Ridge(), lambda model, rows: model.predict(rows).tolist()),
        (PCA(2), lambda model, rows: model.transform(rows).tolist()),
        (KMeans(3, random_state=0), lambda model, rows: [{"label": label} for label in model.predict(rows).tolist()]),
        (
            SVC(),
            lambda model, rows: [
                {"label": label, "decision": decision}
                for label, decision in zip(
                    model.predict(rows).tolist(), model.decision_function(rows).tolist(), strict=True
                )
            ],
        ),
        (
            IsolationForest(n_estimators=3, random_state=0),
            lambda model, rows: [
                {"label": label, "decision": decision}
                for label, decision in zip(
                    model.predict(rows).tolist(), model.decision_function(rows).tolist(), strict=True
                )
            ],
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_models_on_rows_without_names(model, expected):
    rows = ROWS.to_numpy()
    model.fit(rows, TARGET)
    assert served(model, rows[:7].tolist()) == expected(model, rows[:7])


def test_several_outputs_of_a_forest():
    rows = ROWS.to_numpy()
    model = RandomForestClassifier(3, random_state=0).fit(rows, np.column_stack([TARGET, TARGET > 0]))
    found = served(model, rows[:3].tolist())
    assert [one["label"] for one in found] == model.predict(rows[:3]).tolist()
    assert [list(one["probabilities_1"].values()) for one in found] == model.predict_proba(rows[:3])[1].tolist()
    assert list(found[0]) == ["label", "probabilities_0", "probabilities_1"]


def test_columns_of_several_kinds():
    frame = pd.DataFrame(
        {"size": [1.5, 2.5, 3.5, 4.5], "colour": ["red", "green", "blue", "red"], "rooms": [1, 2, 3, 2]}
    )
    steps = ColumnTransformer([("n", StandardScaler(), ["size"]), ("c", OneHotEncoder(), ["colour", "rooms"])])
    model = make_pipeline(steps, LogisticRegression()).fit(frame, [True, False, True, False])
    found = served(model, frame.to_dict("records"))
    assert [one["label"] for one in found] == model.predict(frame).tolist()
    assert [list(one["probabilities"].values()) for one in found] == model.predict_proba(frame).tolist()
    assert list(found[0]["probabilities"]) == ["False", "True"]


def test_texts():
    words = ["good", "bad", "very good", "very bad"]
    model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(words, [1, 0, 1, 0])
    assert [one["label"] for one in served(model, words)] == [1, 0, 1, 0]
