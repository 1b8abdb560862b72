"""Makes what an exporter wrote into the graph that was asked for: its names, its axes, equal bytes for equal models."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from mlpack.core.errors import UnsupportedOperatorError
from mlpack.graph.constants import graphs_of, order_constants, separate_outputs
from mlpack.graph.model import OnnxModel
from mlpack.runtime.signature import Signature, TensorSpec

if TYPE_CHECKING:
    import onnx

_COUNTERS = re.compile(r"__\d+|_\d+$|(?<=frozen)_\d+")
"""What exporters count on with from run to run."""
_PROTOBUF_LIMIT = (1 << 31) - (1 << 24)
"""Weights beyond which a graph cannot be serialised as one message of 2 GiB."""


def finished(model: onnx.ModelProto, signature: Signature) -> OnnxModel:
    """``model`` with the inputs, outputs and named axes of ``signature``; nothing in it of the machine that made it.

    Counters in the names of inner tensors are numbered anew: exporters go on counting from one conversion to the next.
    Raises UnsupportedOperatorError where the exporter dropped or fixed what the signature leaves free.
    """
    graph = model.graph
    initializers = {tensor.name for tensor in graph.initializer}
    inputs = [value for value in graph.input if value.name not in initializers]
    del graph.input[:]
    graph.input.extend(inputs)
    _check_count("input", [value.name for value in inputs], signature.inputs)
    _check_count("output", [value.name for value in graph.output], signature.outputs)
    separate_outputs(graph)
    order_constants(graph)
    _rename(graph, signature)
    for value, spec in zip(graph.input, signature.inputs, strict=True):
        _set_shape(value, spec)
    for value, spec in zip(graph.output, signature.outputs, strict=True):
        _set_shape(value, spec)
    _strip(model)
    _check(model)
    return OnnxModel(graph=model)


def _check_count(kind: str, found: list[str], wanted: tuple[TensorSpec, ...]) -> None:
    if len(found) != len(wanted):
        raise UnsupportedOperatorError(
            f"the exported graph has {len(found)} {kind}s where the model has {len(wanted)}",
            why=f"the graph has {', '.join(found)}; the model has {', '.join(spec.name for spec in wanted)}",
            hint="an input that the answers do not depend on is left out by exporters: drop it from the model",
        )


def _rename(graph: onnx.GraphProto, signature: Signature) -> None:
    names: dict[str, str] = {"": ""}
    for value, spec in zip((*graph.input, *graph.output), (*signature.inputs, *signature.outputs), strict=True):
        names[value.name] = spec.name
    taken = set(names.values())
    counts: dict[str, int] = {}

    def renamed(old: str) -> str:
        if old not in names:
            names[old] = _numbered(_COUNTERS.sub("", old) or "value", counts, taken)
        return names[old]

    for part in graphs_of(graph):
        _rename_within(part, renamed)
    nodes: set[str] = set()
    counts.clear()
    for part in graphs_of(graph):
        for node in part.node:
            node.name = _numbered(_COUNTERS.sub("", node.name) or node.op_type, counts, nodes)


def _rename_within(graph: onnx.GraphProto, renamed: Callable[[str], str]) -> None:
    for value in (*graph.input, *graph.initializer):
        value.name = renamed(value.name)
    for sparse in graph.sparse_initializer:
        sparse.values.name = renamed(sparse.values.name)
    for node in graph.node:
        node.input[:] = [renamed(name) for name in node.input]
        node.output[:] = [renamed(name) for name in node.output]
    for value in graph.output:
        value.name = renamed(value.name)


def _numbered(stem: str, counts: dict[str, int], taken: set[str]) -> str:
    name = stem
    while name in taken:
        counts[stem] = counts.get(stem, 0) + 1
        name = f"{stem}_{counts[stem]}"
    taken.add(name)
    return name


def _set_shape(value: onnx.ValueInfoProto, spec: TensorSpec) -> None:
    tensor = value.type.tensor_type
    known = list(tensor.shape.dim) if tensor.HasField("shape") else []
    for axis, (dim, wanted) in enumerate(zip(known, spec.shape, strict=False)):
        if isinstance(wanted, str) and dim.HasField("dim_value"):
            raise UnsupportedOperatorError(
                f"the exporter fixed axis {axis} ({wanted}) of {spec.name} to {dim.dim_value}",
                why="it computed the size of the example into the graph, which would fail or lie at any other size",
                hint="pass --data with a sample of the one size to be served",
            )
    del tensor.shape.dim[:]
    tensor.shape.SetInParent()
    for wanted in spec.shape:
        dim = tensor.shape.dim.add()
        if isinstance(wanted, int):
            dim.dim_value = wanted
        else:
            dim.dim_param = wanted


def _strip(model: onnx.ModelProto) -> None:
    """Take out what differs between two runs: source lines, paths, stack traces, the sizes of inner tensors.

    An empty text that is set and one that is not are different bytes.
    """
    model.ClearField("doc_string")
    del model.metadata_props[:]
    for index, graph in enumerate(graphs_of(model.graph)):
        graph.ClearField("doc_string")
        graph.name = f"graph_{index}" if index else "model"
        if index:
            _forget_sizes(graph)
        del graph.value_info[:]
        del graph.metadata_props[:]
        del graph.quantization_annotation[:]
        for part in (*graph.node, *graph.initializer, *graph.input, *graph.output):
            part.ClearField("doc_string")
            del part.metadata_props[:]
        for node in graph.node:
            if not node.domain:
                node.ClearField("domain")
            for attribute in node.attribute:
                attribute.ClearField("doc_string")
    for function in model.functions:
        function.ClearField("doc_string")
        del function.metadata_props[:]
        for node in function.node:
            node.ClearField("doc_string")
            del node.metadata_props[:]


def _forget_sizes(graph: onnx.GraphProto) -> None:
    """Names of axes within branches and loops are made up, and counted on from run to run."""
    for value in (*graph.input, *graph.output):
        for dim in value.type.tensor_type.shape.dim:
            if dim.HasField("dim_param"):
                dim.ClearField("dim_param")


def _check(model: onnx.ModelProto) -> None:
    import onnx

    if sum(len(tensor.raw_data) for tensor in model.graph.initializer) > _PROTOBUF_LIMIT:
        return  # the checker serialises; the file is checked where it is saved, with its weights beside it
    try:
        onnx.checker.check_model(model)
    except onnx.checker.ValidationError as error:
        raise UnsupportedOperatorError(
            "the exported ONNX graph is not valid",
            why=str(error).strip().splitlines()[0],
            hint="try another --opset",
        ) from error
