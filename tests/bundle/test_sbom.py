"""The bill of materials keeps to CycloneDX 1.6 and tells what is in the bundle."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

import mlpack

ROWS, LABELS = load_iris(return_X_y=True)


def iris(folder: Path) -> LogisticRegression:
    return LogisticRegression(max_iter=1000).fit(ROWS, LABELS)


def with_weights_beside_it(folder: Path) -> Path:
    """A matrix product in ONNX whose matrix lies in a file of its own."""
    weights = onnx.numpy_helper.from_array(np.arange(6, dtype=np.float32).reshape(2, 3), "w")
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("MatMul", ["x", "w"], ["y"])],
        "product",
        [onnx.helper.make_tensor_value_info("x", 1, ["batch", 2])],
        [onnx.helper.make_tensor_value_info("y", 1, ["batch", 3])],
        [weights],
    )
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=9)
    onnx.save_model(model, folder / "m.onnx", save_as_external_data=True, location="m.onnx.data", size_threshold=0)
    return folder / "m.onnx"


@pytest.mark.parametrize(
    ("source", "format"),
    [(iris, "onnx"), (iris, "native"), (with_weights_beside_it, "onnx")],
    ids=["onnx", "native", "weights beside it"],
)
def test_it_is_valid_and_every_model_file_is_in_it(source, format, tmp_path):
    bundle = tmp_path / "some.mlpack"
    model = source(tmp_path)
    result = mlpack.pack(model, bundle, format=format, budget=5, sample=ROWS if source is iris else None)
    text = (bundle / "sbom.cdx.json").read_text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    document = json.loads(text)
    component = document["metadata"]["component"]
    assert component["type"] == "machine-learning-model"
    assert {"modelParameters", "quantitativeAnalysis"} <= set(component["modelCard"])
    hashes = {component["hashes"][0]["content"]}
    hashes |= {part["hashes"][0]["content"] for part in document["components"] if part["type"] == "file"}
    own = {"golden.npz", "parity.json", "sbom.cdx.json", "mlpack.json"}
    files = [path for path in bundle.iterdir() if path.name not in own]
    assert any(path.suffix == ".data" for path in files) == (source is with_weights_beside_it)
    assert hashes == {hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    assert [part["name"] for part in document["components"] if part["type"] == "library"] == [
        line.partition("==")[0] for line in result.manifest["requirements"]
    ]
    assert {ref for entry in document["dependencies"] for ref in entry.get("dependsOn", [])} == {
        part["bom-ref"] for part in document["components"]
    }
