"""What inspect says of a bundle, and that it notices a file that is not the one that was packed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

import mlpack
from mlpack.core.errors import CorruptFileError
from mlpack.core.view import Facts, Line
from mlpack.inspect import inspect
from mlpack.inspect.bundle import BundleInspection


@pytest.fixture
def iris(tmp_path: Path) -> Path:
    rows, labels = load_iris(return_X_y=True)
    model = LogisticRegression(max_iter=1000).fit(rows, labels)
    mlpack.pack(model, tmp_path / "iris.mlpack", sample=rows, version="3", budget=5)
    return tmp_path / "iris.mlpack"


def test_a_bundle_tells_its_manifest(iris: Path) -> None:
    found = inspect(iris)
    assert isinstance(found, BundleInspection)
    verdict, facts, signature, safety = found.view()
    assert isinstance(verdict, Line)
    assert (verdict.text, verdict.tone) == ("PASS  iris.mlpack: iris 3, a bundle", "good")
    assert isinstance(facts, Facts)
    assert dict(facts.pairs)["Model"].startswith("model.onnx")
    assert isinstance(signature, Facts)
    assert ("classes", "0, 1, 2") in signature.pairs
    assert isinstance(safety, Line)
    assert safety.text == "safe: loading it runs no code that came with it"
    document = json.loads(json.dumps(found.to_json()))
    assert (document["manifest"]["name"], document["verdict"], document["findings"]) == ("iris", "safe", [])
    assert found.size == sum(path.stat().st_size for path in iris.iterdir())


def test_a_changed_model_is_noticed(iris: Path) -> None:
    model = next(iris.glob("*.onnx"))
    model.write_bytes(model.read_bytes() + b"\0")
    with pytest.raises(CorruptFileError, match="SHA-256 differs"):
        inspect(iris)


def test_half_a_manifest_is_noticed(iris: Path) -> None:
    manifest = iris / "mlpack.json"
    manifest.write_text(manifest.read_text()[:200])
    with pytest.raises(CorruptFileError, match=r"mlpack\.json is damaged"):
        inspect(iris)
