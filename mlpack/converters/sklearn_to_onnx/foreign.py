"""Estimators of other libraries inside a pipeline: written by the converter that the registry has for their library."""

from __future__ import annotations

from typing import Any

from mlpack.converters.sklearn_to_onnx.emission import Classes, Prediction, Table, Values, unsupported
from mlpack.core.converter import Conversion, Converter
from mlpack.graph.writer import GraphWriter
from mlpack.runtime.signature import Signature, TensorSpec

_INPUT = "input"
_INPUT_DTYPES = {"xgboost": "float32"}


def is_foreign(model: Any) -> bool:
    """Whether ``model`` belongs to another library that mlpack has a converter to ONNX for."""
    return _library(model) != "sklearn" and _converter(_library(model)) is not None


def emit_foreign(graph: GraphWriter, model: Any, table: Table) -> Prediction:
    """Convert ``model`` with its most exact variant and copy its graph into this one."""
    from sklearn.base import is_classifier

    converter = _converter(_library(model))
    if converter is None:
        raise unsupported(model, "its library has no converter to ONNX")
    classifier = is_classifier(model)
    signature = _signature(model, table.width, classifier=classifier)
    variants = converter.variants(Conversion(model, signature, {}, graph.opset))
    built = variants[-1].build().proto()
    dtype = signature.inputs[0].dtype
    rows = table.matrix(graph)
    outputs = graph.splice(built, {_INPUT: rows if dtype == "float64" else graph.cast(rows, dtype)})
    if not classifier:
        return Values(graph.cast(outputs["prediction"], "float64"))
    probabilities = graph.cast(outputs["probabilities"], "float64")
    import numpy as np

    index = graph.node("ArgMax", probabilities, axis=1, keepdims=0)
    return Classes(np.asarray(model.classes_), index, probabilities)


def _signature(model: Any, width: int, *, classifier: bool) -> Signature:
    dtype = _INPUT_DTYPES.get(_library(model), "float64")
    inputs = (TensorSpec(_INPUT, dtype, ("batch", width)),)
    if not classifier:
        return Signature(inputs, (TensorSpec("prediction", dtype, ("batch",)),))
    label = TensorSpec("label", "int64", ("batch",), "label")
    probabilities = TensorSpec("probabilities", dtype, ("batch", len(model.classes_)), "probabilities")
    return Signature(inputs, (label, probabilities), classes={"label": tuple(range(len(model.classes_)))})


def _library(model: Any) -> str:
    return type(model).__module__.partition(".")[0]


def _converter(library: str) -> Converter | None:
    # The registry is asked, not the other converter's file: the files in converters/ know nothing of each other.
    from mlpack.converters import all_converters

    return next(
        (found for found in all_converters().values() if found.source == library and found.target == "onnx"), None
    )
