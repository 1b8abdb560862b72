"""Bring a model to the form that the emitters read: no functions, only operators with an emitter where possible."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlpack.converters.onnx_to_torchscript.control_flow import CONTROL_FLOW
from mlpack.converters.onnx_to_torchscript.registry import emitters

if TYPE_CHECKING:
    from collections.abc import Iterator

    import onnx

_MAX_ROUNDS = 8  # a function body may use operators that are functions themselves


def prepare(model: onnx.ModelProto) -> onnx.ModelProto:
    """Inline the model's own functions, then the standard's, for operators that have no emitter of their own.

    The standard gives many composite operators (Attention, RotaryEmbedding, Celu, AffineGrid, …) a body in terms of
    simpler ones: https://github.com/onnx/onnx/blob/main/docs/IR.md#functions
    """
    from onnx import inliner

    if model.functions:
        model = inliner.inline_local_functions(model, convert_version=True)
    failed: set[tuple[str, str]] = set()
    for _ in range(_MAX_ROUNDS):
        inlinable = _without_emitter(model) - failed
        if not inlinable:
            break
        for key in sorted(inlinable):
            model, inlined = _inline(model, key)
            if not inlined:
                failed.add(key)
    return model


def _inline(model: onnx.ModelProto, key: tuple[str, str]) -> tuple[onnx.ModelProto, bool]:
    """Replace the nodes of one operator by its body; False where onnx cannot, and the operator will be refused."""
    from onnx import inliner

    explicit = _with_default_attributes(model, {key})
    try:
        return inliner.inline_selected_functions(explicit, [key], exclude=False, inline_schema_functions=True), True
    except RuntimeError:  # the inliner asserts on an absent optional input before a present one (onnx 1.23)
        return model, False


def operator_key(node: onnx.NodeProto) -> tuple[str, str]:
    """(domain, operator), with the default domain spelled one way."""
    return ("" if node.domain == "ai.onnx" else node.domain, node.op_type)


def nodes_of(graph: onnx.GraphProto) -> Iterator[onnx.NodeProto]:
    """All nodes of a graph and of its subgraphs."""
    for node in graph.node:
        yield node
        for attribute in node.attribute:
            if attribute.HasField("g"):
                yield from nodes_of(attribute.g)


def _with_default_attributes(model: onnx.ModelProto, operators: set[tuple[str, str]]) -> onnx.ModelProto:
    """Spell out the default attributes of the nodes to inline, because the inliner forgets them.

    Seen with onnx 1.23: MeanVarianceNormalization lost its axes and averaged over everything.
    """
    import onnx

    opsets = opset_versions(model)
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    for node in nodes_of(copy.graph):
        if operator_key(node) not in operators:
            continue
        schema = onnx.defs.get_schema(node.op_type, opsets[operator_key(node)[0]], operator_key(node)[0])
        given = {attribute.name for attribute in node.attribute}
        for name, definition in schema.attributes.items():
            if name not in given and definition.default_value.name:
                node.attribute.append(definition.default_value)
    return copy


def opset_versions(model: onnx.ModelProto) -> dict[str, int]:
    """The version of each operator set, the default domain spelled one way."""
    return {"" if opset.domain == "ai.onnx" else opset.domain: opset.version for opset in model.opset_import}


def _without_emitter(model: onnx.ModelProto) -> set[tuple[str, str]]:
    """Operators of the graph that nothing emits but whose schema has a body."""
    import onnx.defs

    opsets = opset_versions(model)
    known = emitters()
    found = set()
    for domain, name in {operator_key(node) for node in nodes_of(model.graph)}:
        version = opsets.get(domain)
        if (domain, name) in known or (domain, name) in CONTROL_FLOW or version is None:
            continue
        if not onnx.defs.has(name, version, domain):
            continue
        schema = onnx.defs.get_schema(name, version, domain)
        if schema.has_function or schema.has_context_dependent_function:
            found.add((domain, name))
    return found
