"""ONNX models, trust files, manifests and text."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path


def write_onnx(folder: Path) -> None:
    """A product with weights, a branch, a tree ensemble, a function, and one with its weights outside."""
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper

    (folder / "onnx").mkdir()
    rows = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 2])
    answers = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    weights = numpy_helper.from_array(np.ones((2, 2), np.float32), "w")
    product = helper.make_node("MatMul", ["x", "w"], ["y"])
    branch = helper.make_graph([helper.make_node("Constant", [], ["z"], value=weights)], "then", [], [answers])
    outside = helper.make_tensor("w", TensorProto.FLOAT, [2, 2], b"\0" * 16, raw=True)
    outside.ClearField("raw_data")
    outside.data_location = TensorProto.EXTERNAL
    for key, value in (("location", "weights.bin"), ("offset", "0"), ("length", "16")):
        outside.external_data.add(key=key, value=value)
    own = helper.make_function(
        "mine", "Twice", ["a"], ["b"], [helper.make_node("Add", ["a", "a"], ["b"])], _opsets()[:1]
    )
    trees = helper.make_node(
        "TreeEnsembleRegressor", ["x"], ["y"], domain="ai.onnx.ml", nodes_values=[0.5] * 40, nodes_treeids=[0] * 40
    )
    graphs = {
        "product": [product],
        "branch": [helper.make_node("If", ["x"], ["y"], then_branch=branch, else_branch=branch)],
        "trees": [trees],
        "function": [helper.make_node("Twice", ["x"], ["y"], domain="mine")],
        "shape": [
            helper.make_node("ConstantOfShape", ["w"], ["y"], value=numpy_helper.from_array(np.zeros(1, np.float32)))
        ],
    }
    for name, nodes in graphs.items():
        graph = helper.make_graph(
            nodes, name, [rows], [answers], [outside if name == "branch" else weights], doc_string="text"
        )
        model = helper.make_model(
            graph, opset_imports=_opsets(), ir_version=9, functions=[own] if name == "function" else []
        )
        model.metadata_props.add(key="mlpack.note", value="kept")
        (folder / "onnx" / name).write_bytes(model.SerializeToString())


def _opsets() -> list[object]:
    from onnx import helper

    return [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 3), helper.make_opsetid("mine", 1)]


def write_trust(folder: Path) -> None:
    """A trust file as mlpack writes it."""
    from mlpack.core.trust import Use
    from mlpack.core.trust_file import TrustedFile, TrustedUse, TrustFile

    (folder / "trust").mkdir()
    files = (TrustedFile("a" * 64, "model.pkl", 12, "2025-01-01", "ours"), TrustedFile("0" * 64))
    held = TrustFile(files, (TrustedUse(Use("a.b", "C", "built"), "2025-01-01", "note"),))
    (folder / "trust" / "both").write_text(json.dumps(held.to_json()))
    (folder / "trust" / "none").write_text(json.dumps(TrustFile().to_json()))


def write_text(folder: Path) -> None:
    """What is no model."""
    (folder / "text").mkdir()
    texts = {
        "csv": "a,b\n1,2\n",
        "json": '{"cells": [], "nbformat": 4}',
        "python": "import os\n",
        "html": "<html>",
        "names": "cat\ndog\n",
    }
    for name, content in texts.items():
        (folder / "text" / name).write_text(content)


def write_manifest(folder: Path) -> None:
    """A manifest that lists two files whose content is their name."""
    (folder / "manifest").mkdir()
    digests = {name: hashlib.sha256(name.encode()).hexdigest() for name in ("golden.npz", "model.onnx")}
    rows = {"name": "input", "dtype": "float64", "shape": ["batch", 2]}
    label = {"name": "label", "dtype": "string", "shape": ["batch"], "kind": "label"}
    document = {
        "format_version": 1,
        "name": "iris",
        "version": "1",
        "source": {
            "file": "iris.joblib",
            "sha256": "a" * 64,
            "format": "joblib",
            "framework": "sklearn",
            "versions": {},
        },
        "model": {"file": "model.onnx", "format": "onnx", "sha256": digests["model.onnx"], "opset": {"": 18}},
        "signature": {
            "inputs": [rows],
            "outputs": [label],
            "columns": {"input": ["a", "b"]},
            "categories": {},
            "classes": {"label": ["no", "yes"]},
        },
        "route": {"frameworks": ["sklearn", "onnx"], "steps": []},
        "parity": {"verdict": "PASS", "max_abs_error": 1e-9, "label_agreement": 1.0, "rows": 40, "probes": ["rows"]},
        "requirements": ["onnxruntime==1.20"],
        "files": [{"path": name, "sha256": digest, "size": len(name)} for name, digest in digests.items()],
    }
    (folder / "manifest" / "small").write_text(json.dumps(document))


def write(folder: Path) -> None:
    """All of them."""
    write_onnx(folder)
    write_trust(folder)
    write_text(folder)
    write_manifest(folder)
