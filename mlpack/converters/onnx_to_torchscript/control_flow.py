"""If, Loop and Scan, as TorchScript's own if and while."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlpack.converters.onnx_to_torchscript.program import Scope, Variable
from mlpack.converters.onnx_to_torchscript.values import array_of, torch_dtype

if TYPE_CHECKING:
    from collections.abc import Callable

    import onnx

    from mlpack.converters.onnx_to_torchscript.call import Call
    from mlpack.converters.onnx_to_torchscript.program import Kind

    WriteGraph = Callable[[onnx.GraphProto, Scope], None]
    WriteControlFlow = Callable[[Call, WriteGraph], None]


def write_constant(call: Call, _write_graph: WriteGraph) -> None:
    """Constant: known at conversion time, in whichever of its attributes the value is."""
    import numpy as np

    names = {attribute.name for attribute in call.node.attribute}
    if "value" in names:
        attribute = call.attribute("value")
        assert attribute is not None
        value = array_of(attribute.t)
    elif "value_float" in names:
        value = np.asarray(call.real("value_float"), np.float32)
    elif "value_floats" in names:
        value = np.asarray(call.reals("value_floats"), np.float32)
    elif "value_int" in names:
        value = np.asarray(call.integer("value_int"), np.int64)
    elif "value_ints" in names:
        value = np.asarray(call.integers("value_ints"), np.int64)
    else:
        call.refuse("a constant string or sparse tensor has no TorchScript equivalent")
    call.scope.define_constant(call.outputs()[0], value)


def write_if(call: Call, write_graph: WriteGraph) -> None:
    """If: both branches assign the same variables."""
    program = call.scope.program
    condition = call.input(0)
    names = call.outputs()
    targets = [program.fresh(name or "unused") for name in names]
    kinds: list[list[Kind]] = []
    for keyword, graph in ((f"if bool({condition}):", "then_branch"), ("else:", "else_branch")):
        program.write(keyword)
        kinds.append(_write_branch(call, write_graph, call.graph(graph), targets))
    if kinds[0] != kinds[1]:
        call.refuse("the two branches give values of different kinds")
    for name, target, kind in zip(names, targets, kinds[0], strict=True):
        if name:
            call.scope.define(name, Variable(target, kind))


def _write_branch(call: Call, write_graph: WriteGraph, graph: onnx.GraphProto, targets: list[str]) -> list[Kind]:
    program = call.scope.program
    program.depth += 1
    scope = Scope(program, call.scope)
    write_graph(graph, scope)
    results = [scope.variable(output.name) for output in graph.output]
    for target, result in zip(targets, results, strict=True):
        program.write(f"{target} = {result.text}")
    program.depth -= 1
    return [result.kind for result in results]


def write_loop(call: Call, write_graph: WriteGraph) -> None:
    """Loop: a while over a counter and the condition; scan outputs are collected and stacked."""
    program, body = call.scope.program, call.graph("body")
    trips = f"int({call.input(0)})" if call.has(0) else str(2**63 - 1)
    running = program.fresh("running")
    limit, index = program.fresh("limit"), program.fresh("index")
    program.write(f"{running} = {f'bool({call.input(1)})' if call.has(1) else 'True'}")
    program.write(f"{limit} = {trips}")
    program.write(f"{index} = 0")
    inner = Scope(program, call.scope)
    carried = _carry(call, inner, [value.name for value in body.input[2:]], first_input=2)
    collected = _collect(call, len(body.output) - 1 - len(carried))
    program.write(f"while {index} < {limit} and {running}:")
    program.depth += 1
    number, condition = (inner.declare(value.name) for value in body.input[:2])
    program.write(f"{number} = torch.tensor({index}, dtype=torch.int64)")
    program.write(f"{condition} = torch.tensor({running})")
    write_graph(body, inner)
    results = [inner.variable(output.name) for output in body.output]
    program.write(f"{running} = bool({results[0].text})")
    _advance(call, carried, results[1 : 1 + len(carried)], collected, results[1 + len(carried) :])
    program.write(f"{index} += 1")
    program.depth -= 1
    stacked = [_stack(name, value) for name, value in zip(collected, body.output[1 + len(carried) :], strict=True)]
    _define_outputs(call, [*carried, *stacked])


def write_scan(call: Call, write_graph: WriteGraph) -> None:
    """Scan (operator set 9 and later): a while over the slices of the scanned inputs."""
    if call.opset < 9:
        call.refuse("Scan of operator set 8 (with a batch axis) is not implemented")
    program, body = call.scope.program, call.graph("body")
    scanned = call.integer("num_scan_inputs")
    states = call.count() - scanned
    outputs = len(body.output) - states
    axes = call.integers("scan_input_axes", (0,) * scanned)
    backwards = call.integers("scan_input_directions", (0,) * scanned)
    inner = Scope(program, call.scope)
    carried = _carry(call, inner, [value.name for value in body.input[:states]], first_input=0)
    collected = _collect(call, outputs)
    sources = [call.input(states + position) for position in range(scanned)]
    index, limit = program.fresh("index"), program.fresh("limit")
    program.write(f"{limit} = {sources[0]}.size({axes[0]})")
    program.write(f"{index} = 0")
    program.write(f"while {index} < {limit}:")
    program.depth += 1
    for source, axis, backward, value in zip(sources, axes, backwards, body.input[states:], strict=True):
        at = f"{limit} - 1 - {index}" if backward else index
        program.write(f"{inner.declare(value.name)} = torch.select({source}, {axis}, {at})")
    write_graph(body, inner)
    results = [inner.variable(output.name) for output in body.output]
    _advance(call, carried, results[:states], collected, results[states:])
    program.write(f"{index} += 1")
    program.depth -= 1
    _define_outputs(call, [*carried, *_stack_scan_outputs(call, collected, list(body.output[states:]))])


def _stack_scan_outputs(call: Call, collected: list[str], outputs: list[onnx.ValueInfoProto]) -> list[Variable]:
    axes = call.integers("scan_output_axes", (0,) * len(outputs))
    backwards = call.integers("scan_output_directions", (0,) * len(outputs))
    stacked = []
    for name, value, axis, backward in zip(collected, outputs, axes, backwards, strict=True):
        variable = _stack(f"{name}[::-1]" if backward else name, value)
        stacked.append(Variable(f"ops_sequence.move_first({variable.text}, {axis})"))
    return stacked


def _carry(call: Call, inner: Scope, names: list[str], first_input: int) -> list[Variable]:
    """Loop-carried variables: initialised before the loop from the node's inputs."""
    carried = []
    for position, name in enumerate(names):
        source = call.input(first_input + position)
        kind = call.kind(first_input + position)
        target = inner.declare(name, kind)
        call.scope.program.write(f"{target} = {source}")
        carried.append(Variable(target, kind))
    return carried


def _collect(call: Call, count: int) -> list[str]:
    """Empty lists for the scan outputs."""
    names = [call.scope.program.fresh("collected") for _ in range(count)]
    for name in names:
        call.scope.program.write(f"{name}: List[Tensor] = []")
    return names


def _advance(
    call: Call, carried: list[Variable], values: list[Variable], collected: list[str], scanned: list[Variable]
) -> None:
    """The end of an iteration: all carried variables change at once, all scan outputs grow by one."""
    program = call.scope.program
    if [variable.kind for variable in carried] != [value.kind for value in values]:
        call.refuse("a loop-carried value changes between tensor and sequence")
    if carried:
        targets = ", ".join(variable.text for variable in carried)
        program.write(f"{targets} = {', '.join(value.text for value in values)}")
    for name, value in zip(collected, scanned, strict=True):
        program.write(f"{name}.append({value.text})")


def _stack(name: str, value: onnx.ValueInfoProto) -> Variable:
    """The scan output as a tensor; after no iteration, an empty one of the declared element type and shape."""
    tensor = value.type.tensor_type
    dtype = torch_dtype(tensor.elem_type) if tensor.elem_type else "torch.float32"
    dims = ", ".join(str(dim.dim_value) for dim in tensor.shape.dim)
    return Variable(f"ops_sequence.stack({name}, {dtype}, [0{', ' if dims else ''}{dims}])")


def _define_outputs(call: Call, values: list[Variable]) -> None:
    for name, value in zip(call.outputs(), values, strict=False):
        if name:
            target = call.scope.declare(name, value.kind)
            call.scope.program.write(f"{target} = {value.text}")


CONTROL_FLOW: dict[tuple[str, str], WriteControlFlow] = {
    ("", "Constant"): write_constant,
    ("", "If"): write_if,
    ("", "Loop"): write_loop,
    ("", "Scan"): write_scan,
}
