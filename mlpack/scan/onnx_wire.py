"""Reads an ONNX model's structure from the wire: graphs, operators, dims and names, never a tensor's data.

Field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

from mlpack.core.errors import CorruptFileError
from mlpack.scan.onnx_tensors import Tensor, read_entry, read_tensor
from mlpack.scan.onnx_values import Value, read_value
from mlpack.scan.protobuf import LENGTH, VARINT, Field, fields, numbers, signed, text
from mlpack.scan.rules import onnx
from mlpack.scan.source import Source

_MAX_DEPTH = 32
_MAX_BYTES = (1 << 31) - 1
"""A protobuf message ends at 2 GiB."""
_MAX_HIDDEN = 1 << 16
_MODEL_FIELDS = {1: VARINT, 2: LENGTH, 3: LENGTH, 4: LENGTH, 5: VARINT, 6: LENGTH, 7: LENGTH, 8: LENGTH, 14: LENGTH,
                 20: LENGTH, 25: LENGTH, 26: LENGTH}  # fmt: skip
_MODEL_TEXTS = {2: "producer", 3: "producer_version", 4: "domain"}
GRAPH_FIELDS = frozenset({1, 2, 5, 10, 11, 12, 13, 14, 15, 16})
NODE_FIELDS = frozenset({1, 2, 3, 4, 5, 6, 7, 8, 9, 10})
ATTRIBUTE_FIELDS = frozenset({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 20, 21, 22, 23})
FUNCTION_FIELDS = frozenset({1, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14})
_SINGLE = frozenset({5, 6, 14, 22})
"""Messages of an attribute that come once: protobuf would merge a second one into the first."""
_LISTS = frozenset({7, 8, 9})
"""``floats``, ``ints`` and ``strings`` of an AttributeProto: a tree ensemble has millions."""
_SHAPES = frozenset({"shape", "value_int", "value_ints"})
"""Attributes whose whole numbers are all read."""
_LATEST_IR_VERSION = 1000
_OPSETS_SINCE = 3
"""The IR version from which on a model has to name its opsets."""

Operator = tuple[str, str]
"""Domain and name; ONNX's own domain is the empty one."""


@dataclass
class Node:
    """A node. ``shape`` are the whole numbers of an attribute that gives a shape, ``value`` those of a constant."""

    operator: Operator = ("", "")
    name: str = ""
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    shape: tuple[int, ...] | None = None
    value: tuple[int, ...] | None = None
    offset: int = 0


@dataclass
class Calls:
    """What a graph, or the body of a function, calls, its subgraphs included."""

    nodes: Counter[Operator] = field(default_factory=Counter)
    offset: int = 0


@dataclass
class Structure:
    """An ONNX model without its weights."""

    ir_version: int = 0
    producer: str = ""
    producer_version: str = ""
    domain: str = ""
    graph_name: str = ""
    opsets: dict[str, int] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    metadata_fields: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    """Where each entry of ``metadata`` lies: begin and end of its fields."""
    calls: Calls = field(default_factory=Calls)
    functions: dict[Operator, Calls] = field(default_factory=dict)
    sightings: dict[Operator, tuple[int, str]] = field(default_factory=dict)
    """Offset and name of the first node of each operator."""
    makers: list[Node] = field(default_factory=list)
    """Nodes whose output is as large as one of their inputs says."""
    constants: dict[str, tuple[int, ...]] = field(default_factory=dict)
    inputs: list[Value] = field(default_factory=list)
    outputs: list[Value] = field(default_factory=list)
    initializers: set[str] = field(default_factory=set)
    parameters: int = 0
    declared: int = 0
    """Bytes that all tensors together ask for."""
    external: list[Tensor] = field(default_factory=list)
    """The tensors whose data lie in another file."""
    has_graph: bool = False

    @property
    def operators(self) -> dict[str, int]:
        """How often each operator is used, in the graph and in functions: ``Relu``, ``ai.onnx.ml.Scaler``."""
        found: Counter[str] = Counter()
        for calls in (self.calls, *self.functions.values()):
            for (domain, name), count in calls.nodes.items():
                found[f"{domain}.{name}" if domain else name] += count
        return dict(found)


def begins_like_onnx(source: Source) -> bool:
    """Whether the fields are those of a ModelProto as far as its graph, and the graph begins like one.

    The rest may be missing: a truncated model is still told.
    """
    end = source.end or 0
    has_version = False
    try:
        for one in fields(source, max(end, 1 << 62)):
            if _MODEL_FIELDS.get(one.number) != one.wire:
                return False
            if one.number == 1:
                has_version = 0 < one.value <= _LATEST_IR_VERSION
            if one.number == 7:
                return has_version and _begins_like_graph(source, one)
            if one.end > end and one.wire == LENGTH:
                return False
    except CorruptFileError:
        return False
    return False


def _begins_like_graph(source: Source, graph: Field) -> bool:
    for one in fields(source, graph.end):
        return one.wire == LENGTH and one.number in GRAPH_FIELDS
    return True


def read_structure(source: Source) -> Structure:
    """The whole structure. Raises CorruptFileError, UnsafeFileError for what readers understand in different ways."""
    end = source.end or 0
    if end > _MAX_BYTES:
        raise onnx.SIZE.error(source.name, f"it has {end:,} bytes, and a protobuf message ends at {_MAX_BYTES:,}")
    model = Structure()
    for one in fields(source, end):
        if _MODEL_FIELDS.get(one.number, one.wire) != one.wire:
            raise CorruptFileError(
                f"{source.name} is no whole ONNX model",
                why=f"field {one.number} is of another kind (at byte {one.offset})",
                hint="copy or download the file again",
            )
        _read_model_field(source, one, model)
    missing = (
        "graph" if not model.has_graph else "opset" if not model.opsets and model.ir_version >= _OPSETS_SINCE else ""
    )
    if missing:
        # A protobuf does not say how long it is: one that was cut between two fields is told by what it lacks.
        raise CorruptFileError(
            f"{source.name} is no whole ONNX model", why=f"it has no {missing}", hint="copy or download the file again"
        )
    return model


def _read_model_field(source: Source, one: Field, model: Structure) -> None:
    match one.number:
        case 1:
            model.ir_version = signed(one.value)
        case 2 | 3 | 4:
            setattr(model, _MODEL_TEXTS[one.number], text(source, one))
        case 7:
            if model.has_graph:
                raise onnx.TWICE.error(source.name, "it has two graphs", offset=one.offset)
            model.has_graph = True
            _read_graph(source, one.end, model, model.calls, depth=0)
        case 8:
            domain, version = _read_opset(source, one.end)
            model.opsets[domain] = version
        case 14:
            key, value = read_entry(source, one.end)
            model.metadata[key] = value
            model.metadata_fields.setdefault(key, []).append((one.offset, one.end))
        case 20:
            _read_training(source, one.end, model)
        case 25:
            _read_function(source, one, model)
        case _:
            _check_known(source, one, frozenset(_MODEL_FIELDS))


def _check_known(source: Source, one: Field, known: frozenset[int]) -> None:
    """Fields of a later ONNX are small; a large one that nobody reads is a hiding place."""
    if one.wire == LENGTH and one.number not in known and one.value > _MAX_HIDDEN:
        raise onnx.HIDDEN.error(
            source.name, f"{one.value:,} bytes lie in a field {one.number} that ONNX does not have", offset=one.offset
        )


def _own_domain(domain: str) -> str:
    return "" if domain == "ai.onnx" else domain


def _read_opset(source: Source, end: int) -> tuple[str, int]:
    domain, version = "", 0
    for one in fields(source, end):
        if one.number == 1 and one.wire == LENGTH:
            domain = text(source, one)
        elif one.number == 2 and one.wire == VARINT:
            version = signed(one.value)
    return _own_domain(domain), version


def _read_training(source: Source, end: int, model: Structure) -> None:
    """A TrainingInfoProto: two graphs that are not run, and whose tensors are loaded all the same."""
    for one in fields(source, end):
        if one.number in {1, 2} and one.wire == LENGTH:
            _read_graph(source, one.end, model, Calls(), depth=1)


def _read_graph(source: Source, end: int, model: Structure, calls: Calls, depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise onnx.DEPTH.error(source.name, f"graphs within graphs, over {_MAX_DEPTH} deep", offset=source.position)
    names: set[str] = set()
    for one in fields(source, end):
        if one.wire != LENGTH:
            continue
        match one.number:
            case 1:
                _read_node(source, one, model, calls, depth)
            case 5:
                _add_initializer(source, one, model, names)
            case 15:
                _read_sparse(source, one.end, model, names)
            case 2 | 11 | 12 if depth == 0:
                _read_outside(source, one, model)
            case _:
                _check_known(source, one, GRAPH_FIELDS)
    if depth == 0:
        model.initializers = names


def _read_outside(source: Source, one: Field, model: Structure) -> None:
    """What the outermost graph shows: its name, inputs and outputs."""
    if one.number == 2:
        model.graph_name = text(source, one)
    else:
        (model.inputs if one.number == 11 else model.outputs).append(read_value(source, one.end))


def _add_tensor(source: Source, one: Field, model: Structure) -> Tensor:
    tensor = read_tensor(source, one)
    model.declared += tensor.declared
    if tensor.is_external:
        model.external.append(tensor)
    return tensor


def _add_initializer(source: Source, one: Field, model: Structure, names: set[str]) -> None:
    tensor = _add_tensor(source, one, model)
    model.parameters += math.prod(tensor.dims)
    if tensor.name and tensor.name in names:
        raise onnx.TWICE.error(source.name, f"two weights are called {tensor.name[:80]!r}", offset=one.offset)
    names.add(tensor.name)
    if tensor.values is not None:
        model.constants[tensor.name] = tensor.values


def _read_sparse(source: Source, end: int, model: Structure, names: set[str]) -> None:
    """A SparseTensorProto: its values are a tensor, its indices are none that was learnt."""
    seen: set[int] = set()
    for one in fields(source, end):
        if one.number in {1, 2} and one.wire == LENGTH:
            if one.number in seen:
                raise onnx.TWICE.error(source.name, "a sparse tensor has its values or places twice", offset=one.offset)
            seen.add(one.number)
            if one.number == 1:
                _add_initializer(source, one, model, names)
            else:
                _add_tensor(source, one, model)


_MAKERS = frozenset(
    {
        "ConstantOfShape",
        "Expand",
        "Tile",
        "Resize",
        "OneHot",
        "Range",
        "RandomNormal",
        "RandomUniform",
        "Pad",
        "Upsample",
    }
)


def _read_node(source: Source, whole: Field, model: Structure, calls: Calls, depth: int) -> None:
    node = Node(offset=whole.offset)
    texts = {3: "", 4: "", 7: ""}
    for one in fields(source, whole.end):
        if one.wire != LENGTH:
            continue
        match one.number:
            case 1:
                node.inputs.append(text(source, one))
            case 2:
                node.outputs.append(text(source, one))
            case 3 | 4 | 7:
                texts[one.number] = text(source, one)
            case 5:
                _read_attribute(source, one, model, node, calls, depth)
            case _:
                _check_known(source, one, NODE_FIELDS)
    node.name, node.operator = texts[3], (_own_domain(texts[7]), texts[4])
    calls.nodes[node.operator] += 1
    model.sightings.setdefault(node.operator, (node.offset, node.name))
    if node.operator == ("", "Constant") and node.outputs and node.value is not None:
        model.constants[node.outputs[0]] = node.value
    elif node.operator[1] in _MAKERS:
        model.makers.append(node)


def _read_attribute(source: Source, whole: Field, model: Structure, node: Node, calls: Calls, depth: int) -> None:
    """Graphs and tensors in attributes: bodies of If, Loop and Scan, and constants."""
    name, seen, listed = "", set[int](), set(_LISTS)
    ints: list[int] = []
    for one in fields(source, whole.end, listed):
        if one.number in _SINGLE and one.wire == LENGTH:
            if one.number in seen:
                raise onnx.TWICE.error(source.name, f"the attribute {name[:40]!r} has two values", offset=one.offset)
            seen.add(one.number)
        if one.number == 1 and one.wire == LENGTH:
            name = text(source, one)
            if name in _SHAPES:
                listed.discard(8)
        elif one.number in {3, 8}:
            ints += numbers(source, one, 1 << 16) if name in _SHAPES else []
        elif one.wire == LENGTH:
            _read_inside(source, one, model, node, calls, depth)
    if name == "shape":
        node.shape = tuple(ints)
    elif name in _SHAPES:
        node.value = tuple(ints)


def _read_inside(source: Source, one: Field, model: Structure, node: Node, calls: Calls, depth: int) -> None:
    """The graph or tensor that is an attribute's value."""
    match one.number:
        case 6 | 11:
            _read_graph(source, one.end, model, calls, depth + 1)
        case 5 | 10:
            node.value = _add_tensor(source, one, model).values
        case 22 | 23:
            _read_sparse(source, one.end, model, set())
        case _:
            _check_known(source, one, ATTRIBUTE_FIELDS)


def _read_function(source: Source, whole: Field, model: Structure) -> None:
    calls, name, domain = Calls(offset=whole.offset), "", ""
    for one in fields(source, whole.end):
        if one.wire != LENGTH:
            continue
        match one.number:
            case 1:
                name = text(source, one)
            case 7:
                _read_node(source, one, model, calls, depth=1)
            case 10:
                domain = text(source, one)
            case 11:
                _read_attribute(source, one, model, Node(), calls, depth=1)
            case _:
                _check_known(source, one, FUNCTION_FIELDS)
    found = model.functions.setdefault((_own_domain(domain), name), calls)
    if found is not calls:  # an overload of the same name
        found.nodes.update(calls.nodes)
