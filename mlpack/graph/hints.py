"""What the first operators of an ONNX graph tell of its inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpack.core.framework import ColumnHint, InputHints
from mlpack.runtime.signature import Signature

if TYPE_CHECKING:
    import onnx

_PASSING = frozenset({"Cast", "Identity", "Unsqueeze", "Squeeze", "Flatten", "Dropout"})
_TREES = frozenset({"TreeEnsembleClassifier", "TreeEnsembleRegressor", "TreeEnsemble"})
_BRANCHES = frozenset({"BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"})


@dataclass
class _Graph:
    constants: Mapping[str, Any]
    origins: dict[str, str] = field(default_factory=dict)
    found: dict[str, tuple[ColumnHint, ...]] = field(default_factory=dict)


def hints_of_graph(model: onnx.ModelProto, signature: Signature) -> InputHints:
    """Vocabulary sizes (Gather), scalers, split thresholds and categories, of the nodes that read an input directly."""
    graph = _Graph({tensor.name: tensor for tensor in model.graph.initializer})
    graph.origins = {spec.name: spec.name for spec in signature.inputs}
    widths = {spec.name: spec.shape[-1] if spec.shape else 1 for spec in signature.inputs}
    for node in model.graph.node:
        if node.op_type in _PASSING and node.input[0] in graph.origins:
            graph.origins[node.output[0]] = graph.origins[node.input[0]]
            continue
        for name in node.input:
            origin = graph.origins.get(name)
            if origin is None or origin in graph.found:
                continue
            width = widths[origin]
            hints = _hints_of(node, name, graph, width if isinstance(width, int) else 1)
            if hints:
                graph.found[origin] = hints
    takes_missing = any(
        node.op_type in _TREES or node.op_type in {"Imputer", "IsNaN", "IsInf"} for node in model.graph.node
    )
    return InputHints(graph.found, takes_missing=takes_missing)


def _hints_of(node: onnx.NodeProto, name: str, graph: _Graph, width: int) -> tuple[ColumnHint, ...]:
    if node.op_type == "Gather" and node.input[1] == name:
        return _of_table(node, graph)
    attributes = _attributes(node)
    if node.op_type == "Scaler":
        return _of_scaler(attributes, width)
    if node.op_type in _TREES:
        return _of_trees(node.op_type, attributes, width)
    if node.op_type in {"OneHotEncoder", "LabelEncoder", "CategoryMapper"}:
        return _of_categories(attributes)
    return ()


def _of_table(node: onnx.NodeProto, graph: _Graph) -> tuple[ColumnHint, ...]:
    table = graph.constants.get(node.input[0])
    if table is None:
        return ()
    axis = _attributes(node).get("axis", 0)
    return (ColumnHint(low=0.0, high=float(table.dims[axis] - 1), integral=True),)


def _of_scaler(attributes: Mapping[str, Any], width: int) -> tuple[ColumnHint, ...]:
    offsets = np.broadcast_to(np.asarray(attributes.get("offset", [0.0])), (width,))
    scales = np.broadcast_to(np.asarray(attributes.get("scale", [1.0])), (width,))
    return tuple(
        ColumnHint(center=float(offset), spread=float(1 / scale) if scale else None)
        for offset, scale in zip(offsets, scales, strict=True)
    )


def _of_trees(kind: str, attributes: Mapping[str, Any], width: int) -> tuple[ColumnHint, ...]:
    if kind == "TreeEnsemble":
        features, values = np.asarray(attributes["nodes_featureids"]), np.asarray(attributes["nodes_splits"])
    else:
        inner = np.array([mode.decode() in _BRANCHES for mode in attributes["nodes_modes"]])
        stored = attributes.get("nodes_values", attributes.get("nodes_values_as_tensor"))
        features, values = np.asarray(attributes["nodes_featureids"])[inner], np.asarray(stored)[inner]
    return tuple(
        ColumnHint(thresholds=np.unique(values[features == column]).astype(np.float64)) for column in range(width)
    )


def _of_categories(attributes: Mapping[str, Any]) -> tuple[ColumnHint, ...]:
    texts = attributes.get("cats_strings", attributes.get("keys_strings"))
    numbers = attributes.get("cats_int64s", attributes.get("keys_int64s"))
    if texts:
        return (ColumnHint(categories=tuple(text.decode() for text in texts)),)
    return (ColumnHint(categories=tuple(int(number) for number in numbers), integral=True),) if numbers else ()


def _attributes(node: onnx.NodeProto) -> dict[str, Any]:
    from onnx import helper, numpy_helper

    values = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
    return {
        name: numpy_helper.to_array(value) if type(value).__name__ == "TensorProto" else value
        for name, value in values.items()
    }
