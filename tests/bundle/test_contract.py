"""What a packed signature says of values that may be missing, unknown categories and ids: as the original does it."""

import json

import numpy as np
import pytest

import mlpack
from mlpack.formats import format_named
from mlpack.runtime.manifest import read_manifest
from mlpack.runtime.signature import Signature


def packed_signature(model, path, **options) -> Signature:
    result = mlpack.pack(model, path, **options)
    assert result.manifest["parity"]["verdict"] == "PASS"
    return Signature.from_json(json.loads((path / "mlpack.json").read_text())["signature"])


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Saves a model as joblib, so that it is opened in a worker."""
    folder = tmp_path_factory.mktemp("contracts")

    def save(model, name):
        path = folder / f"{name}.joblib"
        format_named("joblib").save(model, path)  # whatever dill, which TensorFlow brings, made of joblib's own pickler
        return path

    return save


@pytest.fixture(scope="module")
def few(cancer):
    return cancer[0][:, :6], cancer[1]


def table(rows=200):
    import pandas as pd

    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "age": rng.uniform(18, 90, rows),
            "income": rng.lognormal(10, 1, rows),
            "city": rng.choice(["Bern", "Oslo", "Rome"], rows),
            "plan": rng.choice(["free", "paid"], rows),
        }
    )
    return frame, (frame["age"] + 20 * (frame["city"] == "Rome") > 60).astype(int)


def mixed(handle_unknown):
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    columns = ColumnTransformer(
        [
            ("imputed", make_pipeline(SimpleImputer(), StandardScaler()), ["age"]),
            ("scaled", StandardScaler(), ["income"]),
            ("closed", OneHotEncoder(), ["city"]),
            ("open", OneHotEncoder(handle_unknown=handle_unknown), ["plan"]),
        ]
    )
    return make_pipeline(columns, LogisticRegression(max_iter=1000)).fit(*table())


def test_a_linear_model_has_nothing_missing(few, saved, tmp_path):
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(max_iter=5000).fit(*few)
    signature = packed_signature(saved(model, "linear"), tmp_path / "m.mlpack")
    assert (signature.missing, signature.closed, dict(signature.ranges)) == ((), (), {})
    assert "missing" not in json.loads((tmp_path / "m.mlpack" / "mlpack.json").read_text())["signature"]


def test_trees_take_what_is_missing(few, saved, tmp_path):
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier

    boosting = HistGradientBoostingClassifier(max_iter=10).fit(*few)
    signature = packed_signature(saved(boosting, "boosting"), tmp_path / "b.mlpack")
    assert signature.missing == ("x0", "x1", "x2", "x3", "x4", "x5")
    assert not signature.ranges  # thresholds and the training's extremes are no bounds

    forest = RandomForestClassifier(5, random_state=0).fit(*few)
    assert packed_signature(saved(forest, "forest"), tmp_path / "f.mlpack").missing == signature.missing


def test_columns_are_told_apart(saved, tmp_path):
    signature = packed_signature(saved(mixed("ignore"), "mixed"), tmp_path / "m.mlpack")
    assert "age" in signature.missing
    assert "income" not in signature.missing
    assert "city" not in signature.missing
    assert "plan" in signature.missing  # None and "" are both none of the plans, and answered alike
    assert signature.closed == ("city",)
    assert signature.categories["city"] == ("Bern", "Oslo", "Rome")
    assert not signature.ranges


def test_an_encoder_that_raises_closes_its_column(saved, tmp_path):
    signature = packed_signature(saved(mixed("error"), "strict"), tmp_path / "m.mlpack")
    assert signature.closed == ("city", "plan")
    assert signature.missing == ("age",)


def test_categories_that_only_a_hint_knows_are_written_down(tmp_path, saved):
    from sklearn.naive_bayes import CategoricalNB

    rng = np.random.default_rng(0)
    rows = rng.integers(0, 4, (300, 3))
    rows[:4] = np.arange(4)[:, None]
    model = CategoricalNB().fit(rows, (rows[:, 0] > 1) ^ (rows[:, 1] > 2))
    signature = packed_signature(saved(model, "nb"), tmp_path / "m.mlpack")
    assert signature.closed == ("x0", "x1", "x2")
    assert signature.categories["x1"] == (0, 1, 2, 3)


def test_text_that_a_model_reads_is_neither_closed_nor_missing(saved, tmp_path):
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    texts = ["good film", "bad film", "very good", "very bad", "so good", "so bad"] * 5
    model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(texts, [1, 0] * 15)
    signature = packed_signature(saved(model, "text"), tmp_path / "m.mlpack")
    assert (signature.missing, signature.closed) == ((), ())


def test_the_ids_of_a_keras_embedding_have_a_range(embedding, tmp_path):
    signature = packed_signature(embedding, tmp_path / "m.mlpack")
    assert dict(signature.ranges) == {signature.inputs[0].name: (0.0, 49.0)}
    assert (signature.missing, signature.closed) == ((), ())


def test_the_ids_of_a_torch_embedding_have_a_range(tmp_path):
    import torch

    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Embedding(20, 4), torch.nn.Flatten(), torch.nn.Linear(24, 2)).eval()
    signature = packed_signature(
        model, tmp_path / "m.mlpack", data={"input": np.random.default_rng(0).integers(0, 20, (8, 6))}
    )
    assert dict(signature.ranges) == {signature.inputs[0].name: (0.0, 19.0)}


@pytest.mark.parametrize(("lowest", "expected"), [(0, (0.0, 9.0)), (-2, (-10.0, 9.0))])
def test_ids_from_the_end_are_taken_where_the_users_rows_hold_some(lowest, expected, tmp_path):
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    table = np.random.default_rng(0).normal(size=(10, 3)).astype(np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("Gather", ["table", "ids"], ["rows"]),
            helper.make_node("ReduceSum", ["rows", "one"], ["sum"]),
        ],
        "graph",
        [helper.make_tensor_value_info("ids", TensorProto.INT64, ["batch", 4])],
        [helper.make_tensor_value_info("sum", TensorProto.FLOAT, ["batch", 1, 3])],
        [numpy_helper.from_array(table, "table"), numpy_helper.from_array(np.array([1]), "one")],
    )
    path = tmp_path / "gather.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), path)
    data = {"ids": np.array([[lowest, 1, 2, 3], [4, 5, 6, 7], [8, 9, 0, 1]])}
    signature = packed_signature(path, tmp_path / "m.mlpack", data=data)
    assert dict(signature.ranges) == {"ids": expected}


def test_two_packs_are_equal_and_keep_to_the_schema(saved, tmp_path):
    import jsonschema

    model = saved(mixed("ignore"), "again")
    for name in ("first", "second"):
        mlpack.pack(model, tmp_path / name, name="m")
    first, second = ((tmp_path / name / "mlpack.json").read_text() for name in ("first", "second"))
    assert first == second
    schema = json.loads((mlpack_folder() / "bundle" / "manifest.schema.json").read_text())
    jsonschema.validate(json.loads(first), schema)
    assert read_manifest(tmp_path / "first").signature.closed == ("city",)


def mlpack_folder():
    from pathlib import Path

    return Path(mlpack.__file__).parent
