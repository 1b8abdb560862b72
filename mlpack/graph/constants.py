"""The constants of an ONNX graph: each stored once, in the order in which they are used."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import onnx


def merge_constants(graph: onnx.GraphProto) -> None:
    """Leave one of several equal constants of the main graph, whatever their names.

    tf2onnx makes the same constant several times and merges some of them in the order of memory addresses.
    """
    first: dict[bytes, str] = {}
    renamed: dict[str, str] = {}
    outputs = {value.name for value in graph.output}
    for tensor in list(graph.initializer):
        key = _content(tensor)
        kept = first.setdefault(key, tensor.name)
        if kept != tensor.name and tensor.name not in outputs:
            renamed[tensor.name] = kept
    kept_tensors = [tensor for tensor in graph.initializer if tensor.name not in renamed]
    del graph.initializer[:]
    graph.initializer.extend(kept_tensors)
    for part in graphs_of(graph):
        for node in part.node:
            node.input[:] = [renamed.get(name, name) for name in node.input]


def order_constants(graph: onnx.GraphProto) -> None:
    """Sort the constants of the main graph by their first use, and leave out those that nobody uses."""
    order: dict[str, int] = {}
    for part in graphs_of(graph):
        names = [name for node in part.node for name in node.input] + [value.name for value in part.output]
        for name in names:
            order.setdefault(name, len(order))
    used = sorted((tensor for tensor in graph.initializer if tensor.name in order), key=lambda t: order[t.name])
    del graph.initializer[:]
    graph.initializer.extend(used)


def separate_outputs(graph: onnx.GraphProto) -> None:
    """Give an output that is also an input, a constant, an outer value or another output a name and a node of its own."""
    from onnx import helper

    made = {name for node in graph.node for name in node.output}
    taken: set[str] = set()
    for index, value in enumerate(graph.output):
        if value.name in taken or value.name not in made:
            name = f"output {index}"
            graph.node.append(helper.make_node("Identity", [value.name], [name], name=name))
            value.name = name
        taken.add(value.name)


def graphs_of(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    """The graph and those in its branches and loops, the outer before the inner."""
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from graphs_of(attribute.g)
            for inner in attribute.graphs:
                yield from graphs_of(inner)


def _content(tensor: onnx.TensorProto) -> bytes:
    from onnx import numpy_helper

    if tensor.data_location == tensor.EXTERNAL:
        return bytes(tensor.name.encode())
    array = numpy_helper.to_array(tensor)
    data = repr(array.tolist()).encode() if array.dtype.kind == "O" else array.tobytes()
    head = f"{tensor.data_type} {list(tensor.dims)} ".encode()
    digest: bytes = hashlib.sha256(head + data).digest()
    return digest
