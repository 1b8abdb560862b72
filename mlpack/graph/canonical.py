"""An order and names for an ONNX graph that follow from what it computes, not from the run of the exporter that wrote it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mlpack.graph.constants import graphs_of, merge_constants, order_constants, separate_outputs

if TYPE_CHECKING:
    import onnx


def canonicalise(graph: onnx.GraphProto) -> None:
    """Sort nodes as the outputs need them, leave out the unneeded, store equal constants once, name all tensors anew.

    A node keeps the scope in its name (``lstm/while/…``), which holds the layer it came from. Inputs and outputs of the graph
    are called by their numbers: `mlpack.graph.export.finished` gives them their names.
    """
    for part in graphs_of(graph):
        if part is not graph:
            _without_identities(part)
        separate_outputs(part)
    _sort(graph)
    order_constants(graph)
    merge_constants(graph)
    names = _new_names(graph)
    for part in graphs_of(graph):
        for value in (*part.input, *part.initializer, *part.output):
            value.name = names[value.name]
        for node in part.node:
            node.input[:] = [names[name] for name in node.input]
            node.output[:] = [names[name] for name in node.output]


def _new_names(graph: onnx.GraphProto) -> dict[str, str]:
    """A name for every tensor, by its old one; nodes are renamed at once."""
    counts: Counter[str] = Counter()

    def numbered(stem: str) -> str:
        counts[stem] += 1
        return f"{stem}_{counts[stem]}"

    names = {"": ""}
    names |= {value.name: f"input {index}" for index, value in enumerate(graph.input)}
    names |= {value.name: f"output {index}" for index, value in enumerate(graph.output)}
    for part in graphs_of(graph):
        for value in (*part.initializer, *part.input):
            if value.name not in names:
                names[value.name] = numbered("constant" if part is graph else "value")
        for node in part.node:
            node.name = numbered("/".join([*node.name.split("/")[:-1], node.op_type]))
            for index, output in enumerate(node.output):
                names.setdefault(output, f"{node.name}:{index}")
    return names


def _without_identities(graph: onnx.GraphProto) -> None:
    """Which of two equal results of a loop gets the Identity differs from run to run."""
    same = {node.output[0]: node.input[0] for node in graph.node if node.op_type == "Identity"}

    def origin(name: str) -> str:
        while name in same:
            name = same[name]
        return name

    kept = [node for node in graph.node if node.op_type != "Identity"]
    del graph.node[:]
    graph.node.extend(kept)
    for part in graphs_of(graph):
        for node in part.node:
            node.input[:] = [origin(name) for name in node.input]
        for value in part.output:
            value.name = origin(value.name)


def _sort(graph: onnx.GraphProto) -> None:
    """Put each node after what it needs, and these in the order in which the outputs and their inputs name them."""
    for node in graph.node:
        for inner in _subgraphs(node):
            _sort(inner)
    nodes = list(graph.node)
    producers = {name: index for index, node in enumerate(nodes) for name in node.output if name}
    ordered: list[int] = []
    done: set[int] = set()
    for output in graph.output:
        stack = [(producers[output.name], False)] if output.name in producers else []
        while stack:
            index, ready = stack.pop()
            if index in done:
                continue
            if ready:
                done.add(index)
                ordered.append(index)
                continue
            stack.append((index, True))
            needed = [producers[name] for name in _needs(nodes[index]) if name in producers]
            stack.extend((need, False) for need in reversed(needed) if need not in done)
    del graph.node[:]
    graph.node.extend(nodes[index] for index in ordered)


def _needs(node: onnx.NodeProto) -> Iterator[str]:
    """The names that a node reads, those that its branches and loops read from outside included."""
    yield from node.input
    for inner in _subgraphs(node):
        for part in graphs_of(inner):
            for within in part.node:
                yield from within.input
            yield from (value.name for value in part.output)


def _subgraphs(node: onnx.NodeProto) -> Iterator[onnx.GraphProto]:
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs
