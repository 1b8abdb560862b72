"""Gives the tensors and nodes of an ONNX graph names by their order: exporters draw theirs at random."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import onnx


class Renamer:
    """Names in front of which ``prefix`` stands, handed out in the order of asking."""

    def __init__(self, prefix: str, known: Mapping[str, str]) -> None:
        self._prefix = prefix
        self._names = dict(known)
        self._count = 0

    def name(self, old: str) -> str:
        """The new name of ``old``; the empty name, which stands for a missing input, stays."""
        if old and old not in self._names:
            self._count += 1
            self._names[old] = f"{self._prefix}/t{self._count}"
        return self._names.get(old, old)

    def node(self, node: onnx.NodeProto) -> onnx.NodeProto:
        """A copy of ``node`` with new names, inside its subgraphs too."""
        copy = type(node)()
        copy.CopyFrom(node)
        copy.input[:] = [self.name(old) for old in node.input]
        copy.output[:] = [self.name(old) for old in node.output]
        copy.name = copy.output[0] if copy.output else self._prefix
        copy.doc_string = ""
        for attribute in copy.attribute:
            attribute.doc_string = ""
            if attribute.HasField("g"):
                self._subgraph(attribute.g)
            for subgraph in attribute.graphs:
                self._subgraph(subgraph)
        return copy

    def _subgraph(self, graph: onnx.GraphProto) -> None:
        graph.name, graph.doc_string = "body", ""
        for value in (*graph.input, *graph.initializer):
            value.name = self.name(value.name)
        nodes = [self.node(node) for node in graph.node]
        del graph.node[:]
        graph.node.extend(nodes)
        for value in graph.output:
            value.name = self.name(value.name)
        del graph.value_info[:]


def used_names(nodes: Any) -> set[str]:
    """Every tensor that ``nodes`` read, inside their subgraphs too."""
    names: set[str] = set()
    for node in nodes:
        names.update(node.input)
        for attribute in node.attribute:
            for graph in (attribute.g, *attribute.graphs):
                names |= used_names(graph.node) | {output.name for output in graph.output}
    return names
