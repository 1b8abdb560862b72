"""From an ONNX model to a TorchScript module."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mlpack.converters.onnx_to_torchscript.call import Call
from mlpack.converters.onnx_to_torchscript.control_flow import CONTROL_FLOW
from mlpack.converters.onnx_to_torchscript.errors import NoEquivalent, Refusal, UnsupportedOperator
from mlpack.converters.onnx_to_torchscript.prepare import operator_key, opset_versions, prepare
from mlpack.converters.onnx_to_torchscript.program import Expression, Program, Scope, Variable
from mlpack.converters.onnx_to_torchscript.registry import emitters
from mlpack.converters.onnx_to_torchscript.values import STRING, array_of, torch_dtype

if TYPE_CHECKING:
    import onnx
    import torch


def to_torchscript(model: onnx.ModelProto) -> torch.jit.ScriptModule:
    """Compile an ONNX model to TorchScript that runs without ONNX, without Python and without this package.

    `forward` takes the graph's inputs (initializers excluded) in order, as tensors of the graph's element types, and
    returns its output, or a tuple of its outputs in order. All axes that are dynamic in the graph stay dynamic.
    Initializers become buffers.

    Raises UnsupportedOperator, listing every node without an exact equivalent, before anything is compiled.
    """
    program = Program(opset_versions(model))
    signature, result = write_program(prepare(model), program)
    if program.refusals:
        raise UnsupportedOperator.from_refusals(tuple(program.refusals))
    source = "\n".join([f"def forward(self, {signature}):", *program.lines, f"    return {result}", ""])
    return _compile(source, program.buffers)


def write_program(model: onnx.ModelProto, program: Program) -> tuple[str, str]:
    """Write the model's graph into the program; returns the parameters and the result of `forward` as source."""
    scope = Scope(program)
    initializers = {tensor.name for tensor in model.graph.initializer}
    inputs = [value for value in model.graph.input if value.name not in initializers]
    for value in inputs:
        _check_input(value, program)
    parameters = ", ".join(f"{scope.declare(value.name)}: Tensor" for value in inputs)
    write_graph(model.graph, scope)
    results = []
    for value in model.graph.output:
        try:
            results.append(_result(scope.variable(value.name)))
        except NoEquivalent as missing:
            if not program.refusals:
                program.refusals.append(Refusal("Graph", "", value.name, str(missing)))
    return parameters, results[0] if len(results) == 1 else f"({', '.join(results)})"


def write_graph(graph: onnx.GraphProto, scope: Scope) -> None:
    """Write all nodes of a graph whose inputs the scope defines already; refusals are collected, not raised."""
    for tensor in graph.initializer:
        try:
            scope.define_constant(tensor.name, array_of(tensor))
        except NoEquivalent as refusal:
            scope.program.refusals.append(Refusal("Initializer", "", tensor.name, str(refusal)))
            scope.declare(tensor.name)
    for sparse in graph.sparse_initializer:
        reason = "sparse initializers are not implemented"
        scope.program.refusals.append(Refusal("Initializer", "", sparse.values.name, reason))
    for node in graph.node:
        try:
            write_node(node, scope)
        except NoEquivalent as refusal:
            name = node.name or next(filter(None, node.output), "")
            scope.program.refusals.append(Refusal(node.op_type, node.domain, name, str(refusal)))
            for output in node.output:
                scope.declare(output)  # so that the nodes after it are judged by themselves


def write_node(node: onnx.NodeProto, scope: Scope) -> None:
    """Write one node: `outputs = expression`."""
    call = Call(node, scope)
    key = operator_key(node)
    if key in CONTROL_FLOW:
        CONTROL_FLOW[key](call, write_graph)
        call.check_all_read()
        return
    emitter = emitters().get(key)
    if emitter is None:
        call.refuse("this operator is not implemented")
    expression = emitter(call)
    call.check_all_read()
    if isinstance(expression, str):
        expression = Expression(expression)
    _assign(call, expression)


def _assign(call: Call, expression: Expression) -> None:
    names = call.outputs()
    if len(names) > len(expression.kinds):
        call.refuse(f"output number {len(expression.kinds)} is not implemented")
    targets = []
    for index, kind in enumerate(expression.kinds):
        name = names[index] if index < len(names) else ""
        targets.append(call.scope.declare(name, kind) if name else call.scope.program.fresh("unused"))
    call.scope.program.write(f"{', '.join(targets)} = {expression.text}")


def _result(variable: Variable) -> str:
    if variable.kind != "Tensor":
        raise NoEquivalent("a graph output that is a sequence is not a tensor")
    return variable.text


def _check_input(value: onnx.ValueInfoProto, program: Program) -> None:
    if not value.type.HasField("tensor_type"):
        reason = f"the graph input is a {value.type.WhichOneof('value')}, not a tensor"
        program.refusals.append(Refusal("Input", "", value.name, reason))
        return
    element = value.type.tensor_type.elem_type
    try:
        torch_dtype(element)
    except NoEquivalent as refusal:
        what = "a string tensor" if element == STRING else "of an element type torch does not have"
        reason = f"the graph input is {what}: {refusal}"
        program.refusals.append(Refusal("Input", "", value.name, reason))


def _compile(source: str, buffers: dict[str, np.ndarray]) -> torch.jit.ScriptModule:
    import torch

    from mlpack.converters.onnx_to_torchscript.ops import compile_forward
    from mlpack.converters.onnx_to_torchscript.values import tensor_of

    # A class of its own: TorchScript keys compiled methods by class, so a shared one could hold one forward only.
    module = type("OnnxGraph", (torch.nn.Module,), {})()
    for name, array in buffers.items():
        module.register_buffer(name, tensor_of(array))
    return compile_forward(module.eval(), source)
