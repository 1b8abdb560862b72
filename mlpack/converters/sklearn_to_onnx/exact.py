"""The exact graph: inputs as the signature has them, every step in float64, outputs as the signature has them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpack.converters.sklearn_to_onnx import emit
from mlpack.converters.sklearn_to_onnx.emission import (
    Block,
    Classes,
    MultiClasses,
    Prediction,
    Table,
    Values,
    emit_predict,
    emit_transform,
    unsupported,
)
from mlpack.core.converter import Conversion
from mlpack.graph.writer import ML_OPSET, VOTES_ML_OPSET, GraphWriter, OlderOpsetError
from mlpack.runtime.estimator import DECISION, LABEL, PREDICTION, PROBABILITIES, TRANSFORMED, parts_of
from mlpack.runtime.signature import TensorSpec

if TYPE_CHECKING:
    import onnx


_VOTING = frozenset({"RandomForestClassifier", "ExtraTreesClassifier", "DecisionTreeClassifier", "ExtraTreeClassifier"})
"""Estimators whose trees are written for an older ``ai.onnx.ml``, where no other part of the model needs the newer one."""
_FEW_DIGITS = frozenset({"GaussianProcessClassifier"})
"""Estimators whose own formula cancels most of the digits of float64: its result depends on the order of operations."""


def is_inexact(conversion: Conversion) -> bool:
    """Whether outputs are float64 and a part of the model computes in float32, or loses as many digits."""
    if not any(spec.dtype == "float64" and spec.role != "label" for spec in conversion.signature.outputs):
        return False
    parts = parts_of(conversion.model)
    return any(type(part).__name__ in _FEW_DIGITS or type(part).__module__.startswith("xgboost") for part in parts)


def build_exact(conversion: Conversion, *, rounded: bool = False) -> onnx.ModelProto:
    """Write ``conversion.model`` node by node; ``rounded`` makes its outputs float32. Raises UnsupportedOperatorError."""
    emit.load()
    if any(type(part).__name__ in _VOTING for part in parts_of(conversion.model)):
        with suppress(OlderOpsetError):
            return _build(conversion, VOTES_ML_OPSET, rounded=rounded)
    return _build(conversion, ML_OPSET, rounded=rounded)


def _build(conversion: Conversion, ml_opset: int, *, rounded: bool) -> onnx.ModelProto:
    graph = GraphWriter(conversion.opset, ml_opset=ml_opset)
    table = Table(tuple(_block(graph, spec) for spec in conversion.signature.inputs))
    outputs = conversion.signature.outputs
    if [spec.name for spec in outputs] == [TRANSFORMED]:
        tensors = [emit_transform(graph, conversion.model, table).matrix(graph)]
    else:
        prediction = emit_predict(graph, conversion.model, table)
        tensors = [_tensor_of(graph, conversion.model, prediction, spec) for spec in outputs]
    for spec, tensor in zip(outputs, tensors, strict=True):
        narrowed = rounded and spec.dtype == "float64" and spec.role != "label"
        _write(graph, replace(spec, dtype="float32") if narrowed else spec, tensor)
    return graph.finish()


def _block(graph: GraphWriter, spec: TensorSpec) -> Block:
    """An input as a block; whole numbers and truth values become float64, which holds them."""
    tensor = graph.input(spec)
    if spec.shape == ("batch",):
        return Block(tensor, 1, "text")
    if spec.dtype == "string":
        return Block(tensor, int(spec.shape[1]), "string")
    return Block(tensor if spec.dtype == "float64" else graph.cast(tensor, "float64"), int(spec.shape[1]))


def _tensor_of(graph: GraphWriter, model: Any, prediction: Prediction, spec: TensorSpec) -> str:
    """The tensor behind the output ``spec``."""
    found: str | None = None
    match prediction:
        case Values(tensor, width):
            if (width is None) != (
                len(spec.shape) == 1
            ):  # one number a row, which the model has as a vector or as a column
                tensor = graph.reshape(tensor, (-1, *map(int, spec.shape[1:])))
            found = tensor if spec.name == PREDICTION else None
        case Classes(labels, index, probabilities, decision):
            if spec.name == LABEL:
                found = _labels(graph, labels, index, spec)
            else:
                found = {PROBABILITIES: probabilities, DECISION: decision}.get(spec.name)
        case MultiClasses(outputs):
            found = _tensor_of_many(graph, outputs, spec)
    if found is None:
        raise unsupported(model, f"its output {spec.name!r} has no ONNX form")
    return found


def _tensor_of_many(graph: GraphWriter, outputs: tuple[Classes, ...], spec: TensorSpec) -> str | None:
    """Labels side by side; probabilities one an output, or one column a label where the model stacks them."""
    if spec.name == LABEL:
        labels = [_labels(graph, one.labels, column(graph, one.index), spec) for one in outputs]
        return graph.node("Concat", *labels, axis=1)
    if spec.name == DECISION:
        decisions = [one.decision for one in outputs if one.decision is not None]
        return graph.node("Concat", *(column(graph, one) for one in decisions), axis=1) if decisions else None
    if spec.name != PROBABILITIES:
        return outputs[int(spec.name.rpartition("_")[2])].probabilities
    second = [
        graph.node("Gather", one.probabilities, graph.constant([1], np.int64), axis=1)
        for one in outputs
        if one.probabilities is not None
    ]
    return graph.node("Concat", *second, axis=1) if len(second) == len(outputs) else None


def _labels(graph: GraphWriter, labels: Any, index: str, spec: TensorSpec) -> str:
    """The labels at ``index``; that is what they are where they count from 0."""
    typed = _typed(labels, spec)
    if typed.dtype == np.int64 and np.array_equal(typed, np.arange(len(typed))):
        return index
    return graph.node("Gather", graph.constant(typed), index, axis=0)


def column(graph: GraphWriter, vector: str) -> str:
    """``[batch]`` as ``[batch, 1]``."""
    return graph.reshape(vector, (-1, 1))


def _typed(labels: Any, spec: TensorSpec) -> Any:
    array = np.asarray(labels)
    if spec.dtype == "string":
        return np.array([str(label) for label in array.tolist()], dtype=object)
    return array.astype(spec.dtype)


def _write(graph: GraphWriter, spec: TensorSpec, tensor: str) -> None:
    if spec.dtype not in {"string", "float64"} and spec.role != "label":
        tensor = graph.cast(tensor, spec.dtype)
    graph.output(spec, tensor)
