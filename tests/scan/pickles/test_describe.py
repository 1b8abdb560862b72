"""What is said of scikit-learn's compositions, of other libraries' objects inside, and of what is no model."""

from __future__ import annotations

import io
import json
import pickle

import joblib
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier, StackingClassifier, VotingClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from mlpack.scan.pickles.describe import describe
from mlpack.scan.pickles.headers import header_of
from mlpack.scan.pickles.reader import Payload
from mlpack.scan.pickles.stream import PickleView, read_pickle
from mlpack.scan.pickles.symbols import Call, Name, Persistent
from mlpack.scan.source import Source

X, Y = load_iris(return_X_y=True)


class Mine(ClassifierMixin, BaseEstimator):
    """An estimator of the user's own."""

    def fit(self, features, classes):
        self.classes_ = np.unique(classes)
        self.n_features_in_ = features.shape[1]
        return self


def described(model, kind="pickle", protocol=5):
    buffer = io.BytesIO()
    if kind == "joblib":
        joblib.dump(model, buffer)
    else:
        pickle.dump(model, buffer, protocol)
    content = buffer.getvalue()
    return describe(read_pickle(Source(io.BytesIO(content), "test", end=len(content)), joblib=kind == "joblib"))


COMPOSED = {
    "Pipeline(StandardScaler, Pipeline(StandardScaler, LogisticRegression))": make_pipeline(
        StandardScaler(), make_pipeline(StandardScaler(), LogisticRegression())
    ),
    "Pipeline(FeatureUnion(StandardScaler, StandardScaler), Ridge)": make_pipeline(
        FeatureUnion([("a", StandardScaler()), ("b", StandardScaler())]), Ridge()
    ),
    "Pipeline(ColumnTransformer(OneHotEncoder, passthrough), Ridge)": make_pipeline(
        ColumnTransformer([("a", OneHotEncoder(), [0]), ("b", "passthrough", [1])]), Ridge()
    ),
    "GridSearchCV(Ridge)": GridSearchCV(Ridge(), {"alpha": [1.0]}, cv=2),
    "VotingClassifier(LogisticRegression, RandomForestClassifier)": VotingClassifier(
        [("a", LogisticRegression()), ("b", RandomForestClassifier(2))]
    ),
    "CalibratedClassifierCV(LogisticRegression)": CalibratedClassifierCV(LogisticRegression(), cv=2),
    "StackingClassifier(LogisticRegression)": StackingClassifier([("a", LogisticRegression())], cv=2),
    "MultiOutputRegressor(Ridge)": MultiOutputRegressor(Ridge()),
    "RandomForestClassifier": RandomForestClassifier(2),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("title", COMPOSED)
@pytest.mark.parametrize("kind", ["pickle", "joblib"])
def test_titles(title, kind):
    target = np.c_[Y, Y] if "MultiOutput" in title else Y
    told = described(COMPOSED[title].fit(X, target), kind)
    assert told.model == title
    assert told.framework == "sklearn"


def test_a_pipeline_is_sklearns_whatever_it_holds(model_in_a_pipeline):
    told = described(model_in_a_pipeline)
    assert told.framework == "sklearn"
    assert told.model == "Pipeline(StandardScaler, XGBClassifier)"


@pytest.fixture
def model_in_a_pipeline():
    import xgboost

    return make_pipeline(StandardScaler(), xgboost.XGBClassifier(n_estimators=2, n_jobs=1)).fit(X, Y)


def test_an_estimator_of_ones_own_is_told_by_its_state():
    told = described(Mine().fit(X, Y))
    assert (told.framework, told.model) == ("sklearn", "Mine")
    assert told.signature.classes == {"label": (0, 1, 2)}


@pytest.mark.parametrize("labels", [[True, False], [1.5, 2.5], ["a", "b"], [3, 1], [b"x", b"y"]])
@pytest.mark.parametrize("kind", ["pickle", "joblib"])
@pytest.mark.parametrize("protocol", [0, 2, 4, 5])
def test_classes_of_every_kind(labels, kind, protocol):
    model = LogisticRegression()
    model.n_features_in_, model.classes_ = 2, np.array(labels)
    told = described(model, kind, protocol)
    expected = tuple(label.decode() if isinstance(label, bytes) else label for label in labels)
    assert told.signature.classes == {"label": expected}
    assert told.signature.outputs[0].dtype in {"bool", "float64", "string", "int64"}


def test_text_and_categories_promise_no_matrix_of_numbers():
    assert described(make_pipeline(CountVectorizer(), Ridge()).fit(["a b", "cd ef"], [0, 1])).signature is None
    assert described(OneHotEncoder().fit([["a"], ["b"]])).signature is None


def test_column_names_come_along():
    import pandas as pd

    told = described(StandardScaler().fit(pd.DataFrame(X, columns=list("abcd"))), "joblib")
    assert told.signature.columns == {"input": ("a", "b", "c", "d")}


@pytest.mark.parametrize(
    ("value", "title"),
    [
        ({"model": 1}, "a dict, not a model"),
        ([1, 2], "a list, not a model"),
        (3, "a int, not a model"),
        (len, "the name"),
    ],
)
def test_what_is_no_model(value, title):
    told = described(value)
    assert told.framework is None
    assert told.model.startswith(title)


def test_a_dict_of_models_names_its_keys():
    told = described({"model": Ridge(), "scaler": StandardScaler()})
    assert told.notes == ("its keys: model, scaler",)


NAMES = [
    "sklearn.pipeline.Pipeline", "sklearn.linear_model.Ridge", "xgboost.sklearn.XGBClassifier", "xgboost.core.Booster",
    "keras.src.models.Sequential", "torch.nn.Linear", "torch._utils._rebuild_tensor_v2", "torch._utils._rebuild_parameter",
    "numpy._core.multiarray._reconstruct", "numpy._core.numeric._frombuffer", "numpy.dtype", "copyreg._reconstructor",
    "builtins.getattr", "builtins.bytearray", "_codecs.encode", "_io.BytesIO", "collections.OrderedDict",
]  # fmt: skip
ATTRIBUTES = [
    "steps", "transformers", "estimators", "estimator", "best_estimator_", "classes_", "_classes", "n_features_in_",
    "feature_names_in_", "_sklearn_version", "_Booster", "handle", "_modules", "_parameters",
]  # fmt: skip
NAME = st.sampled_from(NAMES).map(lambda name: Name(*name.rsplit(".", 1)))
TEXT = st.sampled_from(["latin1", "f8", "U3", "O8", "é"])
PLAIN = st.one_of(st.none(), st.booleans(), st.integers(-3, 9), st.floats(), TEXT, st.binary(max_size=9))
PAYLOAD = st.builds(Payload, st.sampled_from(["bytes", "text"]), st.integers(0, 9), st.integers(0, 9))


def calls(inner):
    state = st.one_of(
        inner, st.dictionaries(st.sampled_from(ATTRIBUTES), inner), st.tuples(inner, inner, inner, inner, inner)
    )
    pairs = st.one_of(st.none(), st.lists(st.tuples(inner, inner), max_size=3))
    arguments = st.lists(inner, max_size=4).map(tuple)
    return st.builds(Call, st.just("called"), st.one_of(NAME, inner), arguments, st.just({}), state, st.none(), pairs)


SYMBOLS = st.recursive(
    st.one_of(PLAIN, NAME, PAYLOAD, st.builds(Persistent, PLAIN)),
    lambda inner: st.one_of(
        calls(inner),
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=5).map(tuple),
        st.dictionaries(st.sampled_from(ATTRIBUTES), inner, max_size=4),
        st.lists(st.tuples(st.text(max_size=2), inner), max_size=3),
    ),
    max_leaves=25,
)


@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@given(calls(SYMBOLS))
def test_any_symbols_can_be_described(root):
    header = header_of("pickle", PickleView(root, {}, {}, (), 5), None)
    assert header.model
    json.dumps(header.to_json())
