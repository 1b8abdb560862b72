"""MLServer itself loads what is exported for it, and answers as the original model does."""

import json
import subprocess
import sys

import joblib
import numpy as np
import pytest
from clients.asking import tensors
from clients.examples import cancer, customers, packed
from scaffold.export.bundles import identity
from scaffold.export.served import mlserver
from sklearn.linear_model import LogisticRegression

import mlpack
from mlpack.core.errors import NoRouteError
from mlpack.scaffold.export.command import export_files
from mlpack.scaffold.folder import write_project


@pytest.fixture(scope="module")
def examples(shelf):
    return {fit.__name__: packed(shelf, fit.__name__, fit) for fit in (cancer, customers)}


@pytest.fixture(scope="module")
def native(shelf, cancer):
    """A scikit-learn model in joblib: its file, and its bundle."""
    saved, bundle = shelf / "native.joblib", shelf / "native.mlpack"
    joblib.dump(LogisticRegression(max_iter=5000).fit(*cancer), saved)
    mlpack.pack(saved, bundle, format="native", budget=3)
    return saved, bundle


@pytest.fixture(scope="module")
def folder(examples, native, tmp_path_factory):
    """One folder of three exports, each in a folder of its own: MLServer looks for settings below the folder it is given."""
    root = tmp_path_factory.mktemp("mlserver")
    for name, bundle in {**{name: one.bundle for name, one in examples.items()}, "native": native[1]}.items():
        mlpack.scaffold(bundle, root / name, export="mlserver")
    return root


@pytest.fixture(scope="module")
def server(folder, tmp_path_factory):
    with mlserver(
        folder, ["cancer", "customers", "native"], tmp_path_factory.mktemp("log") / "mlserver.log"
    ) as running:
        yield running


def outputs_of(answer):
    return {one["name"]: np.array(one["data"]).reshape(one["shape"]) for one in answer["outputs"]}


@pytest.mark.parametrize("name", ["cancer", "customers"])
def test_the_golden_rows_get_the_estimators_answers(server, examples, name):
    inputs = [{"name": one, **tensor} for one, tensor in tensors(examples[name].feed).items()]
    status, answer = server.ask(f"/v2/models/{name}/infer", json.dumps({"inputs": inputs}).encode())
    assert status == 200, answer
    examples[name].check(outputs_of(answer))


@pytest.mark.parametrize("name", ["cancer", "customers", "native"])
def test_the_example_works(server, folder, name):
    status, answer = server.ask(f"/v2/models/{name}/infer", (folder / name / "example.json").read_bytes())
    assert status == 200, answer
    assert all(len(output) == 1 for output in outputs_of(answer).values())


@pytest.mark.parametrize("name", ["cancer", "customers"])
def test_metadata_is_the_signature(server, examples, name):
    _, told = server.ask(f"/v2/models/{name}")
    assert told["name"] == name
    assert told["platform"] == "onnxruntime_onnx"
    signature = examples[name].manifest.signature
    assert [one["name"] for one in told["inputs"]] == [spec.name for spec in signature.inputs]
    assert [one["name"] for one in told["outputs"]] == ["label", "probabilities"]


@pytest.mark.parametrize("scheme", ["http", "grpc"])
@pytest.mark.parametrize("name", ["cancer", "customers"])
def test_verify_passes_over_the_wire(server, examples, shelf, name, scheme):
    port = server.port if scheme == "http" else server.grpc_port
    address = f"{scheme}://127.0.0.1:{port}/v2/models/{name}"
    report = mlpack.verify(shelf / f"{name}.joblib", address, budget=5)
    assert report.verdict == "PASS", report.reason


def test_a_scikit_learn_model_predicts_by_mlservers_own_runtime(server, native, cancer):
    rows, _ = cancer
    estimator = joblib.load(native[0])
    tensor = {"name": "input", "datatype": "FP64", "shape": [9, 30], "data": rows[:9].tolist()}
    request = {"inputs": [tensor], "outputs": [{"name": "predict"}, {"name": "predict_proba"}]}
    status, answer = server.ask("/v2/models/native/infer", json.dumps(request).encode())
    assert status == 200, answer
    outputs = outputs_of(answer)
    assert outputs["predict"].ravel().tolist() == estimator.predict(rows[:9]).tolist()
    np.testing.assert_array_equal(outputs["predict_proba"], estimator.predict_proba(rows[:9]))


WRONG = {
    "another name": {"name": "other"},
    "another type": {"datatype": "INT64"},
    "another width": {"shape": [30, 1]},
    "another rank": {"shape": [30]},
    "too little data": {"data": [1.5]},
    "text": {"data": ["a"] * 30},
}


@pytest.mark.parametrize("name", WRONG)
def test_what_the_model_does_not_take_is_an_error(server, folder, name):
    request = json.loads((folder / "cancer" / "example.json").read_text())
    (tensor,) = request["inputs"]
    body = json.dumps({"inputs": [tensor | WRONG[name]]}).encode()
    status, answer = server.ask("/v2/models/cancer/infer", body)
    assert status == 400, answer
    assert answer["error"]


def test_an_output_that_is_not_there_is_an_error(server, folder):
    request = json.loads((folder / "cancer" / "example.json").read_text())
    body = json.dumps({**request, "outputs": [{"name": "other"}]}).encode()
    status, answer = server.ask("/v2/models/cancer/infer", body)
    assert status == 400
    assert "label, probabilities" in answer["error"]


def test_one_output_may_be_asked_for(server, folder):
    request = json.loads((folder / "cancer" / "example.json").read_text())
    body = json.dumps({**request, "outputs": [{"name": "label"}]}).encode()
    _, answer = server.ask("/v2/models/cancer/infer", body)
    assert [one["name"] for one in answer["outputs"]] == ["label"]


def test_the_runtime_is_clean(tmp_path):
    """It is the user's to keep: formatted, and without complaint of ruff by the project's own rules."""
    files = export_files(identity([("x", "float32", ("batch", 3))], tmp_path / "model.mlpack"), "mlserver")
    path = tmp_path / "onnx_model.py"
    path.write_bytes(files["model/onnx_model.py"])
    config = ["--config", "line-length = 120", "--isolated", "--no-cache", "--target-version", "py311"]
    select = ["--select", "A,ARG,B,C4,D,E,F,I,PTH,RUF,S,SIM,TID,UP,W", "--ignore", "D203,D213,D401"]
    for command in (["check", *select], ["format", "--check"]):
        ended = subprocess.run(
            [sys.executable, "-m", "ruff", *command, *config, str(path)], capture_output=True, text=True, check=False
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr


def test_settings_name_the_classes(tmp_path, examples):
    files = export_files(examples["customers"].manifest, "mlserver")
    settings = json.loads(files["customers/model-settings.json"])
    assert settings["parameters"]["extra"]["classes"]["label"] == ["leaves", "stays"]
    assert any(line.startswith("onnxruntime==") for line in files["requirements.txt"].decode().splitlines())


def test_what_mlserver_has_no_runtime_for(tmp_path):
    manifest = identity([("x", "bfloat16", ("batch", 3))], tmp_path / "model.mlpack")
    with pytest.raises(NoRouteError, match="MLServer"):
        export_files(manifest, "mlserver")


def test_a_table_of_numbers_and_texts_in_joblib_has_no_way(shelf, examples, tmp_path):
    mlpack.pack(shelf / "customers.joblib", tmp_path / "customers.mlpack", format="native", budget=3)
    with pytest.raises(NoRouteError) as caught:
        export_files(mlpack.inspect(tmp_path / "customers.mlpack").manifest, "mlserver")
    assert "one matrix of numbers" in caught.value.why


def test_the_tree_is_whole(tmp_path):
    files = export_files(identity([("x", "float32", ("batch", 3))], tmp_path / "model.mlpack"), "mlserver")
    write_project(files, tmp_path / "out")
    settings = json.loads((tmp_path / "out" / "model" / "model-settings.json").read_text())
    assert (tmp_path / "out" / "model" / settings["parameters"]["uri"]).is_file()
