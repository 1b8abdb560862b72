"""Folders as MLflow itself saves them are models like any other: inspected, scanned, packed, proven and served from."""

from __future__ import annotations

import os
import subprocess
import sysconfig
from pathlib import Path

import joblib
import numpy as np
import pytest
from clients.environments import python_of
from clients.served import served

import mlpack
from mlpack.core.errors import NoRouteError, TrustError, UnsafeFileError

SAVE = Path(__file__).parent / "save_mlflow.py"


@pytest.fixture(scope="session")
def saved(shelf):
    """Gives the folder that MLflow saves a kind of model in, see KINDS of save_mlflow.py."""

    def folder(kind: str) -> Path:
        place = shelf / "mlflow" / kind
        if not place.exists():
            place.parent.mkdir(exist_ok=True)
            command = [str(python_of("mlflow")), str(SAVE), sysconfig.get_path("purelib"), str(place), kind]
            environment = {**os.environ, "MLFLOW_TRACKING_URI": f"file://{place.parent}/runs"}
            ended = subprocess.run(
                command, capture_output=True, text=True, check=False, env=environment, cwd=place.parent
            )
            assert ended.returncode == 0, ended.stderr[-3000:]
        return place

    return folder


def test_inspect_shows_what_mlflow_noted(saved):
    found = mlpack.inspect(saved("cloudpickle"))
    told = found.to_json()["mlflow"]
    assert (told["flavor"], told["model"], told["example"]) == ("sklearn", "model.pkl", "input_example.json")
    assert told["inputs"] == ["age: double", "city: string"]
    assert {"MLflow", "sklearn", "Python"} <= set(told["versions"])
    assert told["requirements"]
    assert (found.header.framework, found.verdict) == ("sklearn", "safe")
    shown = repr(found.view())
    assert "Saved by MLflow" in shown
    assert "age: double" in shown


@pytest.mark.parametrize("kind", ["cloudpickle", "onnx", "torchscript"])
def test_a_scan_finds_nothing(saved, kind):
    report = mlpack.scan(saved(kind))
    assert report.exit_code == 0, report.to_json()
    assert any(file.path.name.startswith("model.") for file in report.files)


@pytest.mark.parametrize("kind", ["cloudpickle", "pickle"])
def test_a_scikit_learn_folder_is_packed_and_answers_alike(saved, tmp_path, kind):
    result = mlpack.pack(saved(kind), tmp_path / "model.mlpack", budget=3)
    assert result.conversion.report.verdict == "PASS"
    assert "your data" in {probe.name for probe in result.conversion.report.probes}  # the input example
    model = joblib.load(saved(kind) / "model.pkl")
    rows = [{"age": age, "city": city} for age in (20.0, 50.0, 70.0) for city in ("Bern", "Oslo")]
    import pandas as pd

    with mlpack.load(tmp_path / "model.mlpack") as session:
        assert session.run(rows)["label"].tolist() == model.predict(pd.DataFrame(rows)).tolist()
    assert mlpack.verify(saved(kind), tmp_path / "model.mlpack", budget=3).verdict == "PASS"


def test_an_onnx_folder_is_packed(saved, tmp_path):
    result = mlpack.pack(saved("onnx"), tmp_path / "model.mlpack", budget=3)
    assert result.conversion.report.verdict == "PASS"
    rows = np.ones((2, 3), "float32")
    with mlpack.load(tmp_path / "model.mlpack") as session:
        np.testing.assert_allclose(session.run({"x": rows})["y"], np.tanh(rows), rtol=1e-6)


def test_the_example_tells_what_torchscript_takes(saved, tmp_path):
    """TorchScript does not know its own inputs, and nobody gives any data here."""
    result = mlpack.convert(saved("torchscript"), tmp_path / "model.onnx", budget=3)
    assert result.report.verdict == "PASS"


def test_a_keras_folder_is_converted(saved, tmp_path):
    assert mlpack.convert(saved("keras"), tmp_path / "model.onnx", budget=3).report.verdict == "PASS"


def test_a_lightgbm_folder_is_converted(saved, tmp_path):
    assert mlpack.convert(saved("lightgbm"), tmp_path / "model.onnx", budget=3).report.verdict == "PASS"


def test_a_folder_is_served_under_its_own_name(saved, tmp_path):
    with served(saved("cloudpickle"), tmp_path) as service:
        status, answer = service.ask("/predict", {"instances": [{"age": 70.0, "city": "Oslo"}]})
        assert (status, len(answer["predictions"])) == (200, 1)
        assert service.ask("/v2/models/cloudpickle")[0] == 200


def test_a_torch_module_takes_trust(saved, tmp_path):
    with pytest.raises(TrustError):
        mlpack.convert(saved("torch"), tmp_path / "model.onnx", data={"x": np.ones((2, 3), "float32")}, budget=3)


def test_trust_is_in_the_file_of_the_folder(saved, tmp_path):
    from mlpack.audit.vouching import add_trust

    added = add_trust([str(saved("torch"))], note="ours", file=tmp_path / "trust.json")
    assert [one.name for one in added.files] == ["model.pth"]


@pytest.mark.parametrize(
    ("kind", "error", "said"),
    [
        ("xgboost", NoRouteError, "the own format of xgboost"),
        ("function", NoRouteError, "a Python function of its own"),
        ("code", UnsafeFileError, "refused"),
    ],
)
def test_what_is_refused(saved, tmp_path, kind, error, said):
    for call in (mlpack.inspect, lambda folder: mlpack.pack(folder, tmp_path / "model.mlpack")):
        with pytest.raises(error, match=said):
            call(saved(kind))
    assert not (tmp_path / "model.mlpack").exists()


def test_a_scan_names_the_code_that_mlflow_would_import(saved):
    report = mlpack.scan(saved("code"))
    (file,) = [file for file in report.files if file.path.name == "MLmodel"]
    assert (report.exit_code, [one.rule for one in file.findings]) == (4, ["mlflow/code"])
