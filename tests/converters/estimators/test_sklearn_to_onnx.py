"""Pipelines of scikit-learn in ONNX: columns, text, opsets, refusals, bytes."""

from __future__ import annotations

import numpy as np
import onnx
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.decomposition import NMF, PCA
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, KBinsDiscretizer, OneHotEncoder, OrdinalEncoder, StandardScaler
from sklearn.svm import SVC, LinearSVC

from mlpack.core.errors import UnsupportedOperatorError, UsageError

EXACT = 1e-12
TEXTS = [
    "The quick brown fox", "Lazy DOG's tail jumps", "fox fox dog", "", "a b c", "ÉCOLE straße naïve café",
    "I am a man of 2 words 3", "under_score x1 22", "...", "  spaced   out\ttabs\nnew",
]  # fmt: skip


@pytest.fixture(scope="module")
def passengers():
    """Numbers with gaps, whole numbers, words and a text, with a target that hangs on all of them."""
    rng = np.random.default_rng(0)
    count = 200
    frame = pd.DataFrame(
        {
            "age": np.where(rng.random(count) < 0.1, np.nan, rng.normal(40, 12, count)),
            "class": rng.integers(1, 4, count),
            "port": rng.choice(["S", "C", "Q", "X"], count, p=[0.5, 0.3, 0.15, 0.05]),
            "note": rng.choice(["a red cat", "the blue dog runs", "", "CAT cat dog 42"], count),
            "paid": rng.random(count) > 0.5,
        }
    )
    target = ((frame["port"] == "S") | (frame["age"] > 45)).to_numpy()
    return frame, target


def columns_of(frame: pd.DataFrame) -> dict[str, np.ndarray]:
    """The feed of a frame: one array a column."""
    return {
        name: column.to_numpy(object if column.dtype.kind not in "fib" else None).reshape(-1, 1)
        for name, column in frame.items()
    }


ENCODERS = [
    OneHotEncoder(handle_unknown="ignore"),
    OneHotEncoder(handle_unknown="ignore", drop="first"),
    OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=0.2),
    OneHotEncoder(handle_unknown="infrequent_if_exist", max_categories=2, drop="first"),
    OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
]


@pytest.mark.parametrize("encoder", ENCODERS, ids=repr)
@pytest.mark.parametrize("final", [LogisticRegression(), RandomForestClassifier(5, random_state=0)], ids=repr)
def test_columns_of_every_kind_become_inputs_of_their_own(converted, passengers, encoder, final):
    frame, target = passengers
    frame = frame.drop(columns="note")
    columns = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(), StandardScaler()), ["age"]),
            ("words", encoder, ["port", "class", "paid"]),
        ]
    )
    one = converted(make_pipeline(columns, final).fit(frame, target), "float64")
    assert [(spec.name, spec.dtype, spec.shape) for spec in one.signature.inputs] == [
        ("age", "float64", ("batch", 1)),
        ("class", "int64", ("batch", 1)),
        ("port", "string", ("batch", 1)),
        ("paid", "bool", ("batch", 1)),
    ]
    feed = columns_of(frame)
    assert one.worst(feed) < EXACT
    strange = feed["port"].copy()
    strange[::3] = "unheard of"
    assert one.worst({**feed, "port": strange}) < EXACT


def test_a_text_column_beside_numbers(converted, passengers):
    frame, target = passengers
    columns = ColumnTransformer([("age", SimpleImputer(), ["age"]), ("note", TfidfVectorizer(), "note")])
    one = converted(make_pipeline(columns, LinearSVC()).fit(frame, np.where(target, "yes", "no")))
    assert [spec.name for spec in one.signature.inputs] == ["age", "note"]
    assert one.worst(columns_of(frame)) < EXACT


VECTORIZERS = [
    TfidfVectorizer(),
    CountVectorizer(binary=True),
    CountVectorizer(ngram_range=(1, 2)),
    CountVectorizer(lowercase=False),
    CountVectorizer(stop_words="english"),
    CountVectorizer(token_pattern=r"(?u)\b\w+\b", ngram_range=(2, 2)),
    TfidfVectorizer(sublinear_tf=True, norm="l1", ngram_range=(2, 3)),
]


@pytest.mark.parametrize("vectorizer", VECTORIZERS, ids=repr)
def test_text_is_split_as_python_splits_it(converted, vectorizer):
    model = make_pipeline(vectorizer, LogisticRegression()).fit(TEXTS * 2, [0, 1] * len(TEXTS))
    one = converted(model)
    assert [(spec.dtype, spec.shape) for spec in one.signature.inputs] == [("string", ("batch",))]
    unseen = [*TEXTS, "nothing of this", "FOX Fox fOx", "naïve ÉCOLE", "a-b_c d", "fox\u00a0dog"]
    assert one.worst(np.array(unseen, dtype=object)) < EXACT


def test_equal_models_give_equal_bytes(converted, iris_rows):
    rows, target = iris_rows
    for model in (SVC(), GaussianNB(), make_pipeline(StandardScaler(), RandomForestClassifier(5, random_state=0))):
        model.fit(rows, target)
        for variant in ("float32", "float64"):
            first, second = (converted(model, variant).graph.SerializeToString() for _ in range(2))
            assert first == second


def test_graphs_are_valid_and_name_what_the_signature_names(converted, cancer_rows):
    rows, target = cancer_rows
    model = make_pipeline(StandardScaler(), PCA(5), LogisticRegression()).fit(rows, target)
    for variant, dtype in (("float32", onnx.TensorProto.FLOAT), ("float64", onnx.TensorProto.DOUBLE)):
        graph = converted(model, variant).graph
        onnx.checker.check_model(graph, full_check=True)
        (entry,) = graph.graph.input
        assert entry.name == "input"
        assert entry.type.tensor_type.elem_type == dtype
        assert entry.type.tensor_type.shape.dim[0].dim_param == "batch"
        assert [output.name for output in graph.graph.output] == ["label", "probabilities"]


@pytest.mark.parametrize("opset", [15, 17, 18, 21, 22])
def test_the_opset_is_the_one_asked_for(converted, iris_rows, opset):
    rows, target = iris_rows
    model = make_pipeline(StandardScaler(), KBinsDiscretizer(3, encode="onehot-dense"), GaussianNB()).fit(rows, target)
    one = converted(model, "float64", opset)
    assert {entry.domain: entry.version for entry in one.graph.opset_import}[""] == opset
    assert one.worst(rows) < EXACT


def test_an_opset_that_is_too_old_is_refused(converted, iris_rows):
    with pytest.raises(UsageError, match="opset 9"):
        converted(GaussianNB().fit(*iris_rows), "float64", 9)


def test_a_refusal_names_the_estimator_and_the_step_it_stands_in(converted, iris_rows):
    rows, target = iris_rows
    model = Pipeline([("scale", StandardScaler(with_mean=False)), ("parts", NMF(2)), ("final", Ridge())])
    with pytest.raises(UnsupportedOperatorError, match=r"step 2 'parts' \(NMF\) cannot be converted"):
        converted(model.fit(rows, target))


def test_a_refusal_inside_a_branch_names_the_whole_way(converted, passengers):
    frame, target = passengers
    branch = Pipeline([("fill", SimpleImputer()), ("odd", FunctionTransformer(lambda rows: rows * 2))])
    columns = ColumnTransformer([("numbers", branch, ["age"])])
    model = Pipeline([("columns", columns), ("final", LogisticRegression())]).fit(frame, target)
    with pytest.raises(UnsupportedOperatorError) as refusal:
        converted(model, "float64")
    assert "step 1 'columns'" in str(refusal.value)
    assert "branch 'numbers'" in str(refusal.value)
    assert "step 2 'odd' (FunctionTransformer)" in str(refusal.value)
    assert "Python code" in refusal.value.why


class Doubled(LogisticRegression):
    """An estimator of the user's own."""

    def predict_proba(self, X):
        return super().predict_proba(X) ** 2


def test_a_class_with_methods_of_its_own_is_refused(converted, iris_rows):
    with pytest.raises(UnsupportedOperatorError, match="Doubled") as refusal:
        converted(Doubled().fit(*iris_rows))
    assert "of its own" in refusal.value.why


def test_several_outputs_have_probabilities_of_their_own(converted, iris_rows):
    rows, target = iris_rows
    both = np.column_stack([np.array(["a", "b", "c"])[target], np.where(rows[:, 0] > 5.8, "long", "short")])
    one = converted(RandomForestClassifier(5, random_state=0).fit(rows, both))
    assert [spec.name for spec in one.signature.outputs] == ["label", "probabilities_0", "probabilities_1"]
    assert one.signature.classes["probabilities_1"] == ("long", "short")
    assert one.worst(rows) < EXACT


def test_a_model_that_is_no_more_exact_than_float32_says_so(converted, iris_rows):
    rows, target = iris_rows
    one = converted(GaussianProcessClassifier().fit(rows[::3], target[::3]))
    assert list(one.variants) == ["float64", "float64-rounded"]
    assert one.graph.graph.output[1].type.tensor_type.elem_type == onnx.TensorProto.FLOAT
    assert one.worst(rows) < 1e-6


def test_foreign_estimators_are_written_by_their_own_converter(converted, cancer_rows):
    import lightgbm
    import xgboost

    rows, target = cancer_rows
    model = VotingClassifier(
        [
            ("x", make_pipeline(StandardScaler(), xgboost.XGBClassifier(n_estimators=5))),
            ("l", make_pipeline(StandardScaler(), lightgbm.LGBMClassifier(n_estimators=5, verbose=-1))),
        ],
        voting="soft",
    ).fit(rows, target)
    one = converted(model, "float64")
    assert one.worst(one.cruel_rows(rows)) < 1e-6


@pytest.mark.parametrize("other", ["GradientBoostingClassifier", "XGBClassifier", None])
def test_a_forest_votes_by_the_older_operator_where_nothing_else_needs_the_newer(converted, cancer_rows, other):
    import sklearn.ensemble
    import xgboost

    rows, target = cancer_rows
    forest = RandomForestClassifier(10, random_state=0)
    kind = getattr(sklearn.ensemble, other or "", None) or xgboost.XGBClassifier
    model = VotingClassifier([("f", forest), ("o", kind(n_estimators=5))], voting="soft") if other else forest
    one = converted(model.fit(rows, target), "float64")
    trees = {node.op_type for node in one.graph.graph.node if node.op_type.startswith("TreeEnsemble")}
    assert trees == {"TreeEnsemble" if other else "TreeEnsembleRegressor"}
    assert one.worst(one.cruel_rows(rows)) < (1e-6 if other else EXACT)


@pytest.mark.parametrize("columns", [(), (1,), (2,)], ids=["vector", "column", "two columns"])
def test_a_target_that_was_transformed_has_the_form_of_the_target(converted, diabetes_rows, columns):
    rows, target = diabetes_rows
    targets = np.stack([target] * (columns or (1,))[0], axis=1).reshape(-1, *columns)
    model = TransformedTargetRegressor(Ridge(), transformer=StandardScaler()).fit(rows, targets)
    one = converted(model, "float64")
    assert one.signature.outputs[0].shape == ("batch", *columns)
    assert one.worst(rows) < 1e-9


@pytest.mark.parametrize(("weights", "allowed"), [("uniform", 1e-9), ("distance", 1e-3)])
def test_missing_values_from_the_nearest_rows(converted, weights, allowed):
    """scikit-learn's own distances cancel digits (they are made of products), which the weights by distance show."""
    from sklearn.datasets import load_breast_cancer
    from sklearn.impute import KNNImputer

    rows = load_breast_cancer().data[:200, :6]
    gaps = np.where(np.random.default_rng(0).random(rows.shape) < 0.2, np.nan, rows)
    gaps[3] = np.nan
    model = make_pipeline(KNNImputer(n_neighbors=3, weights=weights), StandardScaler()).fit(gaps[:150])
    assert converted(model, "float64").worst(gaps) < allowed


def test_a_column_called_as_an_output_is_refused_by_name(converted, passengers):
    frame, target = passengers
    named = frame[["age", "port"]].rename(columns={"age": "label"})
    columns = ColumnTransformer([("n", SimpleImputer(), ["label"]), ("c", OneHotEncoder(), ["port"])])
    with pytest.raises(UnsupportedOperatorError, match="both called 'label'"):
        converted(make_pipeline(columns, LogisticRegression()).fit(named, target), "float64")
