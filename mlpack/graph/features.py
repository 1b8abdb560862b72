"""The inputs of a booster as the one matrix its trees look at, named categories and truth values included."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mlpack.graph.writer import GraphWriter
from mlpack.runtime.signature import Scalar, Signature, TensorSpec


def write_features(graph: GraphWriter, signature: Signature, dtype: str) -> str:
    """Declare the inputs and return ``[batch, features]`` in ``dtype``.

    A column with categories becomes the position of its value among them; a value that is none of them becomes NaN.
    """
    if len(signature.inputs) == 1 and not signature.categories:
        return graph.input(replace(signature.inputs[0], dtype=dtype))
    columns = []
    for spec in signature.inputs:
        tensor, known = graph.input(spec), signature.categories.get(spec.name, ())
        columns.append(_numbers(graph, spec, tensor, known, dtype) if known else graph.cast(tensor, dtype))
    return graph.node("Concat", *columns, axis=1)


def _numbers(graph: GraphWriter, spec: TensorSpec, tensor: str, known: tuple[Scalar, ...], dtype: str) -> str:
    numbers = graph.constant(np.append(np.arange(len(known)), np.nan), dtype)
    if spec.dtype == "string":
        index = graph.node(
            "LabelEncoder", tensor, domain="ai.onnx.ml", keys_strings=[str(value) for value in known],
            values_int64s=list(range(len(known))), default_int64=len(known),
        )  # fmt: skip
        return graph.node("Gather", numbers, index, axis=0)
    matches = graph.cast(
        graph.node("Equal", graph.cast(tensor, "float64"), graph.constant([known], np.float64)), "int64"
    )
    none = graph.node("Equal", graph.reduce("ReduceSum", matches, 1, keepdims=True), graph.constant(0, np.int64))
    index = graph.node("Where", none, graph.constant(len(known), np.int64), graph.node("ArgMax", matches, axis=1))
    return graph.node("Gather", numbers, index, axis=0)
