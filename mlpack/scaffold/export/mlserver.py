"""A folder that MLServer starts from: ``NAME/model-settings.json``, the model, and the runtime that loads it.

https://mlserver.readthedocs.io/en/stable/reference/model-settings.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mlpack.formats import format_named
from mlpack.runtime.coerce.oip import datatype_of, platform_of, shape_of
from mlpack.runtime.manifest import Manifest
from mlpack.runtime.signature import TensorSpec
from mlpack.scaffold.export.refusals import unfit
from mlpack.scaffold.export.tensors import Tensor, tensors_of
from mlpack.scaffold.folder import Files
from mlpack.scaffold.templates import render

_ONNX = "onnx_model"
_PICKLED = ("joblib", "pickle")
_UVLOOP = "uvloop<0.22"
"""From 0.22 on it makes no event loop where there is none, which the workers of MLServer 1.7 take for granted."""

_PREDICTS = {"label": "predict", "tensor": "predict", "probabilities": "predict_proba"}
"""What MLServer's scikit-learn runtime calls the outputs, by their role."""


def models_of(manifest: Manifest, server: str = "mlserver") -> Files:
    """The files of the folder by their path in it.

    Raises NoRouteError for what is neither ONNX nor a scikit-learn estimator that takes one matrix of numbers.
    """
    if manifest.model_format == "onnx":
        return _onnx(manifest, server)
    if manifest.model_format in _PICKLED and manifest.document["source"]["framework"] == "sklearn":
        return _sklearn(manifest, server)
    raise unfit(manifest, server, "MLServer gets ONNX from here, and scikit-learn's own files")


def _onnx(manifest: Manifest, server: str) -> Files:
    tensors = tensors_of(manifest)
    if any(one.datatype == "BF16" for one in (*tensors.inputs, *tensors.outputs)):
        raise unfit(manifest, server, "MLServer has no bfloat16")
    settings = _settings(
        manifest,
        f"{_ONNX}.OnnxModel",
        [_tensor(one) for one in tensors.inputs],
        [_tensor(one) for one in tensors.outputs],
    )
    beside = format_named("onnx").read_header(manifest.model_path).external_files
    return {
        **_written(manifest, settings),
        f"{manifest.name}/{_ONNX}.py": render(f"export/{_ONNX}.py.j2", {}).encode(),
        f"{manifest.name}/{manifest.model_file}": manifest.model_path,
        **{f"{manifest.name}/{name}": manifest.folder / name for name in beside},
        "requirements.txt": _requirements(manifest, "mlserver>=1.7", _UVLOOP),
    }


def _sklearn(manifest: Manifest, server: str) -> Files:
    inputs = manifest.signature.inputs
    if len(inputs) != 1 or not inputs[0].is_numeric or len(inputs[0].shape) != 2:
        raise unfit(manifest, server, "its scikit-learn runtime takes one matrix of numbers")
    outputs = [
        {"name": _PREDICTS[spec.role], "datatype": datatype_of(spec), "shape": shape_of(spec)}
        for spec in manifest.signature.outputs
        if spec.role in _PREDICTS
    ]
    inputs_told = [{**_described(spec), "parameters": {"content_type": "np"}} for spec in inputs]
    settings = _settings(manifest, "mlserver_sklearn.SKLearnModel", inputs_told, outputs)
    return {
        **_written(manifest, settings),
        f"{manifest.name}/{manifest.model_file}": manifest.model_path,
        "requirements.txt": _requirements(manifest, "mlserver>=1.7", "mlserver-sklearn>=1.7", _UVLOOP),
    }


def _settings(
    manifest: Manifest, implementation: str, inputs: Sequence[Mapping[str, Any]], outputs: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    classes = {name: list(labels) for name, labels in manifest.signature.classes.items()}
    return {
        "name": manifest.name,
        "implementation": implementation,
        "platform": platform_of(manifest.model_format),
        "versions": [requirement.replace("==", "/") for requirement in manifest.document["requirements"]],
        "inputs": list(inputs),
        "outputs": list(outputs),
        "parameters": {
            "uri": f"./{manifest.model_file}",
            "version": manifest.version,
            **({"extra": {"classes": classes}} if classes else {}),
        },
    }


def _tensor(one: Tensor) -> dict[str, Any]:
    return {"name": one.name, "datatype": one.datatype, "shape": one.sizes}


def _described(spec: TensorSpec) -> dict[str, Any]:
    return {"name": spec.name, "datatype": datatype_of(spec), "shape": shape_of(spec)}


def _written(manifest: Manifest, settings: Mapping[str, Any]) -> dict[str, bytes | Path]:
    text = json.dumps(settings, indent=2, ensure_ascii=False) + "\n"
    return {f"{manifest.name}/model-settings.json": text.encode()}


def _requirements(manifest: Manifest, *own: str) -> bytes:
    return "".join(f"{line}\n" for line in (*own, *manifest.document["requirements"])).encode()
