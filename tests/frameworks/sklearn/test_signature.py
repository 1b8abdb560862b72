from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import DBSCAN, KMeans
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import RadiusNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC

from mlpack.core.errors import NoRouteError
from mlpack.frameworks import framework_of
from mlpack.frameworks.sklearn import FRAMEWORK

ROWS, TARGET = load_iris(return_X_y=True)
WORDS = np.array(["red", "green", "blue"])

OUTPUTS = {
    "probabilities": (
        LogisticRegression(max_iter=1000),
        TARGET,
        ["label: int64[batch]", "probabilities: float64[batch, 3]"],
    ),
    "decision of two": (SVC(), TARGET == 1, ["label: bool[batch]", "decision: float64[batch]"]),
    "decision of three": (SVC(), WORDS[TARGET], ["label: string[batch]", "decision: float64[batch, 3]"]),
    "small labels": (SVC(), TARGET.astype(np.int8), ["label: int8[batch]", "decision: float64[batch, 3]"]),
    "regression": (Ridge(), TARGET, ["prediction: float64[batch]"]),
    "two targets": (Ridge(), np.column_stack([TARGET, TARGET]), ["prediction: float64[batch, 2]"]),
    "several outputs": (
        RandomForestClassifier(3),
        np.column_stack([TARGET, TARGET > 0]),
        ["label: int64[batch, 2]", "probabilities_0: float64[batch, 3]", "probabilities_1: float64[batch, 2]"],
    ),
    "clusters": (KMeans(3), None, ["label: int32[batch]"]),
    "mixture": (GaussianMixture(2), None, ["label: int64[batch]", "probabilities: float64[batch, 2]"]),
    "outliers": (IsolationForest(n_estimators=3), None, ["label: int64[batch]", "decision: float64[batch]"]),
    "transform": (make_pipeline(StandardScaler(), PCA(2)), None, ["transformed: float64[batch, 2]"]),
    "search": (GridSearchCV(SVC(), {"C": [1.0, 2.0]}), TARGET, ["label: int64[batch]", "decision: float64[batch, 3]"]),
}


@pytest.mark.parametrize(("model", "target", "outputs"), OUTPUTS.values(), ids=OUTPUTS)
def test_outputs_are_what_the_model_answers(model, target, outputs):
    signature = FRAMEWORK.signature(model.fit(ROWS, target))
    assert [str(spec) for spec in signature.inputs] == ["input: float64[batch, 4]"]
    assert [str(spec) for spec in signature.outputs] == outputs
    answered = FRAMEWORK.session(model, signature).run({"input": ROWS[:7]})
    for spec in signature.outputs:
        assert answered[spec.name].shape == (7, *spec.shape[1:])


def test_class_labels_are_those_of_the_model():
    assert FRAMEWORK.signature(SVC().fit(ROWS, WORDS[TARGET])).classes == {"label": ("blue", "green", "red")}
    assert FRAMEWORK.signature(IsolationForest(n_estimators=3).fit(ROWS)).classes == {"label": (-1, 1)}


def test_names_of_columns_stay_with_a_matrix():
    frame = pd.DataFrame(ROWS, columns=["a", "b", "c", "d"])
    signature = FRAMEWORK.signature(make_pipeline(StandardScaler(), SVC()).fit(frame, TARGET))
    assert signature.columns == {"input": ("a", "b", "c", "d")}
    assert FRAMEWORK.signature(SVC().fit(ROWS, TARGET)).columns == {"input": ("x0", "x1", "x2", "x3")}


def mixed() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "size": [1.0, 2.0, np.nan, 4.0] * 5,
            "colour": ["red", "green", "blue", "red"] * 5,
            "rooms": [1, 2, 3, 2] * 5,
            "unused": ["?"] * 20,
        }
    )


def test_mixed_columns_are_inputs_of_their_own_and_unused_ones_are_none():
    columns = ColumnTransformer(
        [("n", make_pipeline(SimpleImputer(), StandardScaler()), ["size"]), ("c", OneHotEncoder(), ["colour", "rooms"])]
    )
    model = make_pipeline(columns, LogisticRegression()).fit(mixed(), [0, 1] * 10)
    signature = FRAMEWORK.signature(model)
    assert [str(spec) for spec in signature.inputs] == [
        "size: float64[batch, 1]",
        "colour: string[batch, 1]",
        "rooms: int64[batch, 1]",
    ]
    assert signature.categories == {"colour": ("blue", "green", "red"), "rooms": (1, 2, 3)}
    feed = {name: mixed()[[name]].to_numpy() for name in ("size", "colour", "rooms")}
    answered = FRAMEWORK.session(model, signature).run(feed)
    assert np.array_equal(answered["probabilities"], model.predict_proba(mixed()))


def test_a_sample_tells_what_no_step_knows():
    columns = ColumnTransformer([("c", OneHotEncoder(), ["colour"])], remainder="passthrough")
    model = make_pipeline(columns, Ridge()).fit(mixed()[["colour", "rooms"]], [0, 1] * 10)
    sample = {"colour": mixed()[["colour"]].to_numpy(object), "rooms": mixed()[["rooms"]].to_numpy()}
    assert [spec.dtype for spec in FRAMEWORK.signature(model).inputs] == ["string", "float64"]
    assert [spec.dtype for spec in FRAMEWORK.signature(model, sample).inputs] == ["string", "int64"]


def test_words_alone_are_one_matrix():
    model = make_pipeline(OneHotEncoder(), LogisticRegression()).fit(mixed()[["colour"]].to_numpy(object), [0, 1] * 10)
    signature = FRAMEWORK.signature(model)
    assert [str(spec) for spec in signature.inputs] == ["input: string[batch, 1]"]
    assert signature.categories == {"x0": ("blue", "green", "red")}


def test_a_text_model_takes_one_text_a_row():
    model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(["a cat", "the dog"] * 3, [0, 1] * 3)
    signature = FRAMEWORK.signature(model)
    assert [str(spec) for spec in signature.inputs] == ["input: string[batch]"]
    answered = FRAMEWORK.session(model, signature).run({"input": np.array(["the dog", "cat"], dtype=object)})
    assert answered["label"].tolist() == [1, 0]


def test_the_estimator_that_takes_a_vector_has_one_column():
    model = IsotonicRegression().fit(ROWS[:, 0], TARGET)
    assert [str(spec) for spec in FRAMEWORK.signature(model).inputs] == ["input: float64[batch, 1]"]


def test_rows_that_the_model_stores_are_asked_when_it_refuses_all_others():
    model = RadiusNeighborsClassifier(radius=0.5).fit(ROWS + 1000, TARGET)
    assert FRAMEWORK.signature(model).outputs[0].name == "label"


def test_what_is_not_fitted_or_cannot_predict_is_refused():
    with pytest.raises(NoRouteError, match="not fitted"):
        FRAMEWORK.signature(SVC())
    with pytest.raises(NoRouteError, match="DBSCAN cannot predict"):
        FRAMEWORK.signature(DBSCAN().fit(ROWS))


class OwnClassifier(LogisticRegression):
    """A class of the user's, derived from one of scikit-learn's."""


def test_estimators_are_recognised_wherever_they_come_from():
    assert framework_of(SVC()).name == "sklearn"
    assert framework_of(OwnClassifier()).name == "sklearn"
    assert not FRAMEWORK.recognises({"model": SVC()})


def test_narrow_numbers_are_computed_with_in_the_declared_dtype():
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(ROWS, TARGET)
    session = FRAMEWORK.session(model, FRAMEWORK.signature(model))
    narrow = session.run({"input": ROWS.astype(np.float32)})["probabilities"]
    wide = session.run({"input": ROWS.astype(np.float32).astype(np.float64)})["probabilities"]
    assert np.array_equal(narrow, wide)


def test_predicting_without_names_does_not_warn(recwarn):
    frame = pd.DataFrame(ROWS, columns=["a", "b", "c", "d"])
    model = SVC().fit(frame, TARGET)
    FRAMEWORK.session(model, FRAMEWORK.signature(model)).run({"input": ROWS})
    assert not [one for one in recwarn if "feature names" in str(one.message)]
