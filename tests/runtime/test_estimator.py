"""The session of estimators: which rows it builds and which methods it asks."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.svm import SVC

from mlpack.frameworks.sklearn import FRAMEWORK
from mlpack.runtime.estimator import EstimatorSession, answers, kind_of, parts_of, rows_reader
from mlpack.runtime.signature import Signature, TensorSpec

ROWS, TARGET = load_iris(return_X_y=True)


class Counting(StandardScaler):
    """A scaler that counts how often it is asked."""

    asked = 0

    def transform(self, X, copy=None):
        type(self).asked += 1
        return super().transform(X, copy)


def test_the_way_to_the_last_step_is_gone_once():
    model = make_pipeline(Counting(), LogisticRegression()).fit(ROWS, TARGET)
    Counting.asked = 0
    answered = answers(model, ROWS)
    assert Counting.asked == 1
    assert np.array_equal(answered["label"], model.predict(ROWS))
    assert np.array_equal(answered["probabilities"], model.predict_proba(ROWS))


def test_the_label_is_what_predict_says_and_not_the_largest_probability():
    """The probabilities of a support vector machine are fitted apart from its votes."""
    rng = np.random.default_rng(3)
    rows, target = rng.normal(size=(40, 2)), rng.integers(0, 2, 40)
    with pytest.warns(FutureWarning):
        model = SVC(probability=True, random_state=0).fit(rows, target)
    answered = answers(model, rows)
    assert np.array_equal(answered["label"], model.predict(rows))
    assert not np.array_equal(answered["label"], answered["probabilities"].argmax(axis=1))


def test_a_forest_is_asked_once_and_its_label_is_predicts():
    model = RandomForestClassifier(7, random_state=0).fit(ROWS, np.array(["a", "b", "c"])[TARGET])
    assert np.array_equal(answers(model, ROWS)["label"], model.predict(ROWS))


def test_only_what_is_wanted_is_computed():
    model = LogisticRegression(max_iter=500).fit(ROWS, TARGET)
    inputs = (TensorSpec("input", "float64", ("batch", 4)),)
    label = TensorSpec("label", "int64", ("batch",), "label")
    model.predict_proba = None  # asking for it would fail
    with EstimatorSession(model, Signature(inputs, (label,))) as session:
        assert list(session.run({"input": ROWS})) == ["label"]


def test_a_matrix_stays_a_matrix_and_names_make_a_frame():
    frame = pd.DataFrame(ROWS, columns=list("abcd"))
    by_name = ColumnTransformer([("s", StandardScaler(), ["a", "c"])]).fit(frame)
    for model, kind in ((StandardScaler().fit(frame), np.ndarray), (by_name, pd.DataFrame)):
        read = rows_reader(model, FRAMEWORK.signature(model))
        width = 4 if kind is np.ndarray else 2
        assert isinstance(read({"input": ROWS[:, :width]}), kind)


def test_columns_of_different_kinds_are_put_together_by_position():
    table = np.array([[1.5, "x"], [2.5, "y"]] * 3, dtype=object)
    columns = ColumnTransformer([("n", StandardScaler(), [0]), ("c", OneHotEncoder(), [1])])
    model = make_pipeline(columns, LogisticRegression()).fit(table, [0, 1] * 3)
    signature = FRAMEWORK.signature(model)
    assert [str(spec) for spec in signature.inputs] == ["x0: float64[batch, 1]", "x1: string[batch, 1]"]
    feed = {"x0": np.array([[1.5], [2.5]]), "x1": np.array([["x"], ["y"]], dtype=object)}
    assert FRAMEWORK.session(model, signature).run(feed)["label"].tolist() == [0, 1]


def test_sparse_answers_are_unfolded():
    model = OneHotEncoder().fit([["a"], ["b"]])
    signature = FRAMEWORK.signature(model)
    answered = FRAMEWORK.session(model, signature).run({"input": np.array([["b"], ["a"]], dtype=object)})
    assert answered["transformed"].tolist() == [[0.0, 1.0], [1.0, 0.0]]


def test_kinds_and_parts():
    model = make_pipeline(FunctionTransformer(), RandomForestClassifier(2)).fit(ROWS, TARGET)
    assert kind_of(model) == "classifier"
    names = [type(part).__name__ for part in parts_of(model)]
    assert names[0] == "Pipeline"
    assert names.count("DecisionTreeClassifier") == 3  # two trees, and the pattern they were cloned from


def test_importing_the_session_imports_no_library():
    assert "mlpack.runtime.estimator" in sys.modules
    import subprocess

    code = (
        "import sys, mlpack.runtime.estimator; print([m for m in ('sklearn', 'pandas', 'xgboost') if m in sys.modules])"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )
