"""A loaded bundle takes rows as a notebook has them, and says what does not fit."""

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import mlpack
from mlpack.core.errors import DataError, UsageError

ROWS = pd.DataFrame(
    {
        "age": [31, 45, 62, 24, 51, 38, 29, 70],
        "income": [20.5, 40.0, 35.5, 18.0, 61.0, 44.5, 30.0, 25.0],
        "clinic": ["north", "south", "north", "west", "west", "south", "north", "south"],
    }
)
ILL = np.array([0, 1, 1, 0, 1, 1, 0, 0])


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """A model of numbers and strings, and its bundle."""
    columns = make_column_transformer((StandardScaler(), ["age", "income"]), (OneHotEncoder(), ["clinic"]))
    model = make_pipeline(columns, LogisticRegression()).fit(ROWS, ILL)
    path = tmp_path_factory.mktemp("mixed") / "mixed.mlpack"
    mlpack.pack(model, path, sample=ROWS)
    return model, path


def test_a_table_goes_in_as_it_is(mixed):
    model, path = mixed
    with mlpack.load(path) as predictor:
        answers = predictor.run(ROWS)
        assert answers["label"].tolist() == model.predict(ROWS).tolist()
        assert np.abs(answers["probabilities"] - model.predict_proba(ROWS)).max() < 1e-6
        assert predictor.run(ROWS[["clinic", "income", "age"]])["label"].tolist() == answers["label"].tolist()
        assert "clinic" in repr(predictor)


def test_float64_rows_go_into_a_float32_bundle(cancer, tmp_path):
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(*cancer)
    mlpack.pack(model, tmp_path / "m.mlpack", sample=cancer[0])
    with mlpack.load(tmp_path / "m.mlpack") as predictor:
        for rows in (cancer[0], {"input": cancer[0]}, cancer[0].tolist()):
            assert predictor.run(rows)["label"].tolist() == model.predict(cancer[0]).tolist()


@pytest.mark.parametrize(
    "rows",
    [
        None,
        ROWS.drop(columns="clinic"),
        ROWS.assign(extra=1.0),
        {"age": [1, 2]},
        np.zeros((2, 7)),
        "no such file.csv",
    ],
    ids=["nothing", "missing column", "extra column", "missing inputs", "wrong width", "no file"],
)
def test_what_does_not_fit_is_a_data_error(mixed, rows):
    with mlpack.load(mixed[1]) as predictor, pytest.raises(DataError):
        predictor.run(rows)


def test_a_closed_bundle_says_so(mixed):
    predictor = mlpack.load(mixed[1])
    predictor.close()
    with pytest.raises(UsageError, match="closed"):
        predictor.run(ROWS)


def test_what_is_not_there_and_what_is_no_bundle(tmp_path):
    with pytest.raises(UsageError, match="does not exist"):
        mlpack.load(tmp_path / "nothing.mlpack")
    (tmp_path / "model.onnx").write_bytes(b"x")
    with pytest.raises(UsageError, match="no bundle"):
        mlpack.load(tmp_path / "model.onnx")


def test_a_manifest_that_points_outside_is_refused(mixed, tmp_path):
    import json
    import shutil

    from mlpack.core.errors import CorruptFileError

    copy = tmp_path / "copy.mlpack"
    shutil.copytree(mixed[1], copy)
    shutil.copy(copy / "model.onnx", tmp_path / "evil.onnx")
    manifest = json.loads((copy / "mlpack.json").read_text())
    manifest["model"]["file"] = "../evil.onnx"
    (copy / "mlpack.json").write_text(json.dumps(manifest))
    with pytest.raises(CorruptFileError, match="does not list"):
        mlpack.load(copy)
