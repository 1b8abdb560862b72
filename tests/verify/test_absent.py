"""Rows with text missing: an original that imputes them was never asked what it answers, and nobody says it was."""

import json
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from frames import written

import mlpack
from mlpack.core.errors import DataError
from mlpack.runtime.signature import Signature, TensorSpec
from mlpack.verify.absent import LeftOut, with_text_only
from mlpack.verify.data import read_data

SIGNATURE = Signature(
    (TensorSpec("city", "string", ("batch", 1)), TensorSpec("age", "float64", ("batch", 1))),
    (TensorSpec("label", "int64", ("batch",)),),
)


@pytest.fixture(scope="module")
def frame():
    cities = np.array(["Lyon", "Nice", "Paris", np.nan], dtype=object)
    return pd.DataFrame({"city": cities[np.arange(80) % 4], "x": np.linspace(-1, 1, 80)})


@pytest.fixture(scope="module")
def imputing(frame, tmp_path_factory):
    """A pipeline that fills missing text before an encoder that takes nothing unknown, in joblib."""
    import joblib
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    filled = SimpleImputer(strategy="most_frequent")
    encoder = make_pipeline(filled, OneHotEncoder(handle_unknown="error"))
    model = make_pipeline(ColumnTransformer([("c", encoder, ["city"])], remainder="passthrough"), LogisticRegression())
    path = tmp_path_factory.mktemp("imputing") / "city.joblib"
    joblib.dump(model.fit(frame, (np.arange(80) % 4 == 2) | (frame["x"] > 0.5)), path)
    return path


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".jsonl"])
def test_they_are_left_out_and_the_report_says_so(imputing, frame, ending, tmp_path):
    data = written(frame, tmp_path / f"rows{ending}")
    result = mlpack.convert(imputing, tmp_path / "city.onnx", data=data)
    assert result.report.left_out == LeftOut(20, 80, ("city",))
    report = mlpack.verify(imputing, tmp_path / "city.onnx", data=data, report=tmp_path / "report.xml")
    assert report.verdict == "PASS", report.reason
    own = next(probe for probe in report.probes if probe.kind == "data")
    assert (own.rows, own.verdict) == (60, "PASS")
    told = json.loads(json.dumps(report.to_json()))["left_out"]
    assert (told["rows"], told["of"], told["columns"]) == (20, 80, ["city"])
    for shown in (report, result):
        assert "20 of 80 rows of the data were left out: text is missing in city" in shown._repr_html_()
    (skipped,) = ET.parse(tmp_path / "report.xml").findall(".//testcase[@name='rows with text missing']/skipped")
    assert skipped.get("message") == told["reason"]


def test_a_row_is_named_by_its_place_in_the_data(imputing, frame, tmp_path):
    """Rows that were left out before it are counted."""
    import joblib
    from sklearn.base import clone

    other = clone(joblib.load(imputing)).fit(frame, (np.arange(80) % 4 == 2) | (frame["x"] > -0.5))
    joblib.dump(other, tmp_path / "other.joblib")
    report = mlpack.verify(imputing, tmp_path / "other.joblib", data=frame)
    assert report.verdict == "FAIL"
    named = report.worst_input
    assert named["probe"] == "your data"
    assert named["place"] == frame.dropna().index[named["row"]] != named["row"]
    assert f"of row {named['place']} is" in report.reason
    assert named["feed"]["city"] == [frame["city"][named["place"]]]


def test_packing_says_so_as_well(imputing, frame, tmp_path):
    result = mlpack.pack(imputing, tmp_path / "city.mlpack", data=frame)
    assert result.to_json()["conversion"]["report"]["left_out"]["rows"] == 20
    assert "text is missing in city" in result._repr_html_()
    whole = mlpack.pack(imputing, tmp_path / "whole.mlpack", data=frame.dropna())
    assert whole.to_json()["conversion"]["report"]["left_out"] is None


def test_where_no_row_is_left_the_columns_are_named(imputing, frame, tmp_path):
    data = written(frame.assign(city=None), tmp_path / "rows.csv")
    with pytest.raises(DataError, match="text is missing in every row of the data: city") as caught:
        mlpack.convert(imputing, tmp_path / "city.onnx", data=data)
    assert caught.value.exit_code == 10
    assert not (tmp_path / "city.onnx").exists()


def test_the_rows_of_every_input_go_together():
    city = np.array([["Bern"], [None], ["Genf"]], object)
    feed, left_out = with_text_only({"city": city, "age": np.array([[1.0], [2.0], [3.0]])}, SIGNATURE)
    assert (feed["city"].ravel().tolist(), feed["age"].ravel().tolist()) == (["Bern", "Genf"], [1.0, 3.0])
    assert left_out == LeftOut(1, 3, ("city",))


def test_columns_of_a_matrix_of_text_are_named():
    spec = TensorSpec("input", "string", ("batch", 3))
    named = Signature((spec,), SIGNATURE.outputs, columns={"input": ("a", "b", "c")})
    table = np.array([["x", "y", "z"], ["x", None, "z"], ["x", None, None]], object)
    assert with_text_only({"input": table}, named)[1] == LeftOut(2, 3, ("b", "c"))
    assert with_text_only({"input": table}, Signature((spec,), SIGNATURE.outputs))[1] == LeftOut(2, 3, ("input",))


@pytest.mark.parametrize(
    ("signature", "read"),
    [
        (SIGNATURE, None),
        (Signature(SIGNATURE.inputs, SIGNATURE.outputs, categories={"city": ("", "Bern")}), ""),
        (Signature((TensorSpec("city", "string", ("batch",)), SIGNATURE.inputs[1]), SIGNATURE.outputs), ""),
    ],
    ids=["a category", "a category that is empty", "a whole text"],
)
def test_an_empty_cell_is_missing_where_it_cannot_be_an_empty_text(signature, read, tmp_path):
    (tmp_path / "rows.csv").write_text("city,age\n,1\nNA,2\n")
    assert read_data(tmp_path / "rows.csv", signature)["city"].ravel().tolist() == [read, "NA"]
    (tmp_path / "rows.json").write_text('[{"city": "", "age": 1}, {"city": null, "age": 2}]')
    assert read_data(tmp_path / "rows.json", signature)["city"].ravel().tolist() == ["", None]
