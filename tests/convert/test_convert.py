import os
import subprocess
import sys
import time

import joblib
import numpy as np
import onnxruntime
import pytest

import mlpack
from mlpack.core.errors import NoRouteError, OutputError, ParityError, TrustError, UsageError


def test_a_scaler_before_a_forest_ends_in_pass(forest_pipeline, cancer, tmp_path):
    output = tmp_path / "forest.onnx"
    result = mlpack.convert(forest_pipeline, output)
    assert result.verdict == "PASS"
    assert result.report.label_agreement == 1.0
    assert {"threshold", "data", "drawn", "batch", "missing", "infinite", "extreme"} - {"data"} <= {
        probe.kind for probe in result.report.probes
    }
    session = onnxruntime.InferenceSession(output)
    rows = cancer[0].astype(session.get_inputs()[0].type.removeprefix("tensor(").rstrip(")"))
    given = dict(zip([out.name for out in session.get_outputs()], session.run(None, {"input": rows}), strict=True))
    model = joblib.load(forest_pipeline)
    assert np.abs(given["probabilities"] - model.predict_proba(rows.astype(np.float64))).max() < 1e-6
    assert given["label"].tolist() == model.predict(rows.astype(np.float64)).tolist()


def test_the_variants_refused_are_listed_with_the_input_that_told(forest_pipeline, tmp_path):
    result = mlpack.convert(forest_pipeline, tmp_path / "forest.onnx")
    assert result.refused, "the plain float32 scaler is known to differ on threshold-valued rows"
    assert "threshold" in result.refused[0].reason


def test_a_model_at_hand_needs_neither_file_nor_trust(cancer, tmp_path):
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(*cancer)
    result = mlpack.convert(model, tmp_path / "m.onnx", data=cancer[0])
    assert result.verdict == "PASS"
    assert result.report.probes[0].kind == "data"
    assert "<table" in result._repr_html_()


def test_two_conversions_are_equal_byte_for_byte(logistic_pickle, tmp_path):
    for name in ("a.onnx", "b.onnx"):
        mlpack.convert(logistic_pickle, tmp_path / name)
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()


def test_provenance_is_in_the_file(logistic_pickle, tmp_path, trusted):
    output = tmp_path / "m.onnx"
    mlpack.convert(logistic_pickle, output)
    provenance = mlpack.inspect(output).to_json()["provenance"]
    assert provenance["mlpack.source_sha256"] == trusted(logistic_pickle)[0]
    assert provenance["mlpack.verdict"] == "PASS"
    assert str(tmp_path) not in str(provenance)


def test_unverified_is_said_in_the_file_and_in_the_result(logistic_pickle, tmp_path):
    output = tmp_path / "m.onnx"
    result = mlpack.convert(logistic_pickle, output, verify=False)
    assert result.verdict == "UNVERIFIED"
    assert mlpack.inspect(output).to_json()["provenance"]["mlpack.verdict"] == "UNVERIFIED"


def test_a_format_without_room_gets_its_provenance_beside_it(logistic_pickle, tmp_path):
    output = tmp_path / "m.joblib"
    result = mlpack.convert(logistic_pickle, output)
    assert result.verdict == "PASS"
    assert sorted(os.listdir(tmp_path)) == ["m.joblib", "m.joblib.json"]
    assert (joblib.load(output).predict([[0.0] * 30])).shape == (1,)


OWN_CLASS = """
from sklearn.linear_model import LogisticRegression

class Own(LogisticRegression):
    pass
"""


def test_a_class_of_the_users_own_takes_trust(cancer, tmp_path, trusted, monkeypatch):
    code = tmp_path / "code"
    code.mkdir()
    (code / "ownmodels.py").write_text(OWN_CLASS)
    monkeypatch.syspath_prepend(str(code))
    monkeypatch.setenv("PYTHONPATH", str(code))
    from ownmodels import Own

    path, output = tmp_path / "own.joblib", tmp_path / "own.pkl"
    joblib.dump(Own().fit(*cancer), path)
    for given in ({}, {"trust": ["0" * 64]}, {"allow": ["ownmodels:Own:called"]}):
        with pytest.raises(TrustError) as caught:
            mlpack.convert(path, output, **given)
        assert f"--trust {trusted(path)[0]}" in caught.value.hint
        assert [finding.use for finding in caught.value.findings] == ["ownmodels:Own:built"]
        assert not output.exists()
    assert mlpack.convert(path, output, trust=trusted(path)).verdict == "PASS"
    assert mlpack.convert(path, output, allow=["ownmodels:Own:built"]).verdict == "PASS"


def test_a_route_that_is_not_there_names_the_nearest(forest_pipeline, tmp_path):
    with pytest.raises(NoRouteError, match="HDF5") as caught:
        mlpack.convert(forest_pipeline, tmp_path / "m.h5")
    assert "ONNX" in caught.value.hint
    assert "layers" in caught.value.why


def test_a_constant_model_proves_nothing_and_is_not_written(cancer, tmp_path):
    from sklearn.dummy import DummyRegressor

    with pytest.raises((ParityError, NoRouteError)) as caught:
        mlpack.convert(DummyRegressor().fit(*cancer), tmp_path / "m.joblib")
    assert isinstance(caught.value, ParityError)
    assert caught.value.result.verdict == "VACUOUS"
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(("name", "kind"), [("nowhere/m.onnx", OutputError), ("m.xyz", UsageError), ("", UsageError)])
def test_a_destination_that_cannot_be_is_refused_before_any_work(logistic_pickle, tmp_path, name, kind):
    with pytest.raises(kind):
        mlpack.convert(logistic_pickle, tmp_path / name)


def test_the_model_itself_is_never_overwritten(logistic_pickle):
    before = logistic_pickle.read_bytes()
    with pytest.raises(UsageError, match="itself"):
        mlpack.convert(logistic_pickle, logistic_pickle)
    assert logistic_pickle.read_bytes() == before


def test_a_killed_run_leaves_nothing(forest_pipeline, tmp_path, trusted):
    scratch = tmp_path / "scratch"
    out = tmp_path / "out"
    scratch.mkdir()
    out.mkdir()
    script = f"""
import mlpack
print("started", flush=True)
mlpack.convert({str(forest_pipeline)!r}, {str(out / "m.onnx")!r}, trust={trusted(forest_pipeline)!r})
"""
    for moment in (0.3, 0.9, 1.6, 2.3):
        run = subprocess.Popen(
            [sys.executable, "-c", script], stdout=subprocess.PIPE, env={**os.environ, "TMPDIR": str(scratch)}
        )
        run.stdout.readline()
        time.sleep(moment)
        run.kill()
        run.wait()
        run.stdout.close()
        deadline = time.monotonic() + 20
        while os.listdir(scratch) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert os.listdir(scratch) == []
        assert [name for name in os.listdir(out) if name != "m.onnx"] == []


def test_a_large_model_is_let_go_before_its_copy_is_loaded(logistic_pickle, tmp_path, monkeypatch):
    from mlpack.convert import command

    monkeypatch.setattr(command, "LARGE", 0)
    result = mlpack.convert(logistic_pickle, tmp_path / "m.joblib")
    assert result.verdict == "PASS"
    with pytest.raises(ParityError, match="budget"):
        mlpack.convert(logistic_pickle, tmp_path / "n.joblib", budget=0.0)
    assert not (tmp_path / "n.joblib").exists()


def test_an_ending_that_belongs_to_another_format_is_refused(logistic_pickle, tmp_path):
    with pytest.raises(UsageError, match="under the name of"):
        mlpack.convert(logistic_pickle, tmp_path / "m.onnx", to="joblib")


def test_an_opset_that_there_is_not_is_refused(logistic_pickle, tmp_path):
    with pytest.raises(UsageError, match="no opset 99"):
        mlpack.convert(logistic_pickle, tmp_path / "m.onnx", opset=99)


def test_the_opset_asked_for_is_the_one_written(logistic_pickle, tmp_path):
    mlpack.convert(logistic_pickle, tmp_path / "m.onnx", opset=17)
    assert mlpack.inspect(tmp_path / "m.onnx").to_json()["opsets"].get("") == 17
