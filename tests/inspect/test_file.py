"""What inspect says of files as libraries write them, and that it runs nothing."""

from __future__ import annotations

import hashlib
import json
import pickle
import subprocess
import sys
from pathlib import Path

import h5py
import joblib
import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from mlpack.cli.draw import draw
from mlpack.core.errors import CorruptFileError, UnrecognisedFileError, UsageError
from mlpack.core.view import Facts, Line
from mlpack.inspect import file as inspected
from mlpack.inspect import inspect
from mlpack.inspect.file import FileInspection

DATA = load_wine(return_X_y=True)


@pytest.fixture(scope="module")
def wine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "wine model.joblib"
    joblib.dump(make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(*DATA), path)
    return path


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    nodes = [helper.make_node("Relu", ["x"], ["h"]), helper.make_node("Neg", ["h"], ["y"])]
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 4])]
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", 4])]
    model = helper.make_model(
        helper.make_graph(nodes, "small", inputs, outputs), opset_imports=[helper.make_opsetid("", 18)], ir_version=9
    )
    onnx.save(model, tmp_path / "small.onnx")
    return tmp_path / "small.onnx"


def facts(found: FileInspection) -> dict[str, str]:
    blocks = [block for block in found.view() if isinstance(block, Facts)]
    return {name: getattr(value, "text", value) for block in blocks for name, value in block.pairs}


def lines(found: FileInspection) -> list[str]:
    return [block.text for block in found.view() if isinstance(block, Line)]


def test_a_joblib_file(wine: Path) -> None:
    found = inspect(wine)
    assert isinstance(found, FileInspection)
    assert found.header.format == "joblib"
    assert found.framework == "scikit-learn"
    assert "StandardScaler" in found.header.model
    assert found.sha256 == hashlib.sha256(wine.read_bytes()).hexdigest()
    assert found.size == wine.stat().st_size
    assert "scikit-learn" in facts(found)["Made with"]


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A pickle that builds an object of a class that no list knows, under a name with a space."""
    path = tmp_path / "my model.pkl"
    path.write_bytes(b"\x80\x02cmypackage.features\nScaler\n)\x81.")
    return path


def test_an_honest_pickle_needs_no_trust(wine: Path) -> None:
    found = inspect(wine)
    assert isinstance(found, FileInspection)
    assert found.verdict == "safe"
    assert lines(found)[-1] == "safe: loading it runs no code that came with it"


def test_the_trust_line_is_whole_and_can_be_pasted(mine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = inspect(mine)
    draw(found.view(), sys.stdout)
    shown = capsys.readouterr().out.splitlines()
    assert "needs-trust: loading it would run what no list of mlpack knows" in shown
    assert "  pickle/unlisted  it builds an object of mypackage.features.Scaler() (byte 2)" in shown
    assert f"if you know where it comes from: mlpack trust add '{mine}'" in shown
    assert "or allow that alone: --allow mypackage.features:Scaler:built" in shown


def test_a_file_that_runs_nothing_needs_no_trust(graph: Path) -> None:
    found = inspect(graph)
    assert isinstance(found, FileInspection)
    assert lines(found)[-1] == "safe: loading it runs no code that came with it"
    assert facts(found)["Operators"] == "Neg, Relu"
    assert facts(found)["in"] == "x: float32[batch, 4]"
    assert "18" in facts(found)["Opset"]


def test_a_large_file_is_hashed_on_request_only(wine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspected, "HASHED_BYTES", 100)
    found = inspect(wine)
    assert isinstance(found, FileInspection)
    assert found.sha256 is None
    assert "--sha256 makes it" in facts(found)["SHA-256"]
    asked = inspect(wine, sha256=True)
    assert isinstance(asked, FileInspection)
    assert asked.sha256 == hashlib.sha256(wine.read_bytes()).hexdigest()


class Bomb:
    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> object:
        return (Path.touch, (self.canary,))


def test_nothing_in_the_file_runs(tmp_path: Path) -> None:
    (tmp_path / "bomb.pkl").write_bytes(pickle.dumps({"model": Bomb(tmp_path / "canary")}))
    inspect(tmp_path / "bomb.pkl")
    assert not (tmp_path / "canary").exists()


def test_no_model_library_is_imported(wine: Path, graph: Path) -> None:
    code = (
        "import sys, mlpack\n"
        "for path in sys.argv[1:]: mlpack.inspect(path).view()\n"
        "print(sorted({name.partition('.')[0] for name in sys.modules}))"
    )
    command = [sys.executable, "-c", code, str(wine), str(graph)]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert not [
        name for name in ("sklearn", "joblib", "torch", "tensorflow", "keras", "onnx", "h5py") if f"'{name}'" in loaded
    ]


def test_the_json_form_holds_the_header(wine: Path) -> None:
    document = json.loads(json.dumps(inspect(wine).to_json()))
    assert document["format"] == "joblib"
    assert document["path"] == str(wine)
    assert (document["verdict"], document["findings"]) == ("safe", [])


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("empty.pkl", b"", CorruptFileError),
        ("noise.onnx", np.random.default_rng(0).bytes(5000), CorruptFileError),
        ("text.txt", b"to be or not to be\n" * 100, UnrecognisedFileError),
    ],
)
def test_what_is_no_model(name: str, content: bytes, kind: type[Exception], tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(kind):
        inspect(tmp_path / name)


def test_half_a_file(wine: Path, tmp_path: Path) -> None:
    content = wine.read_bytes()
    (tmp_path / "half.joblib").write_bytes(content[: len(content) // 2])
    with pytest.raises(CorruptFileError):
        inspect(tmp_path / "half.joblib")


def test_a_wrong_path(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        inspect(tmp_path / "none.onnx")
    with pytest.raises(UsageError, match="folder"):
        inspect(tmp_path)


def test_a_file_that_is_never_loaded_offers_no_trust(tmp_path: Path) -> None:
    layers = [
        {"class_name": "InputLayer", "config": {"batch_shape": [None, 4], "dtype": "float32", "name": "in"}},
        {"class_name": "Lambda", "config": {"name": "shady", "function": {"class_name": "__lambda__"}}},
    ]
    config = {"class_name": "Sequential", "config": {"name": "s", "layers": layers}}
    with h5py.File(tmp_path / "shady.h5", "w") as file:
        file.attrs["model_config"] = json.dumps(config)
        file.attrs["keras_version"] = "3.15.1"
        file.create_group("model_weights")
    found = inspect(tmp_path / "shady.h5")
    assert isinstance(found, FileInspection)
    assert found.verdict == "unsafe"
    assert lines(found)[-1] == "unsafe: mlpack never loads it"
    assert any("shady" in finding.message for finding in found.header.findings)
