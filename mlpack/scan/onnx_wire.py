"""Reads an ONNX model's structure from the wire: graphs, operators, dims and names, never a tensor's data.

Field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

from mlpack.core.errors import CorruptFileError
from mlpack.runtime.signature import Dim
from mlpack.scan.protobuf import LENGTH, VARINT, Field, fields, numbers, signed, text
from mlpack.scan.source import Source

_MAX_DEPTH = 32
_MODEL_FIELDS = {1: VARINT, 2: LENGTH, 3: LENGTH, 4: LENGTH, 5: VARINT, 6: LENGTH, 7: LENGTH, 8: LENGTH, 14: LENGTH,
                 20: LENGTH, 25: LENGTH, 26: LENGTH}  # fmt: skip
_GRAPH_FIELDS = frozenset({1, 2, 5, 10, 11, 12, 13, 14, 15, 16})
_LISTS = frozenset({7, 8, 9})
"""``floats``, ``ints`` and ``strings`` of an AttributeProto."""
_TENSOR_STRINGS = frozenset({6})
_LATEST_IR_VERSION = 1000
_OPSETS_SINCE = 3
"""The IR version from which on a model has to name its opsets."""


@dataclass
class Value:
    """An input or output. ``element`` is a TensorProto.DataType, 0 where the value is no tensor; None is a dim unsaid."""

    name: str
    element: int = 0
    dims: list[Dim | None] | None = None


@dataclass
class Tensor:
    """What stands around a tensor's data. ``external`` is the location, offset and length of data in another file."""

    name: str = ""
    dims: tuple[int, ...] = ()
    external: dict[str, str] = field(default_factory=dict)
    is_external: bool = False


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
    operators: Counter[str] = field(default_factory=Counter)
    domains: set[str] = field(default_factory=set)
    inputs: list[Value] = field(default_factory=list)
    outputs: list[Value] = field(default_factory=list)
    initializers: set[str] = field(default_factory=set)
    parameters: int = 0
    external: list[dict[str, str]] = field(default_factory=list)
    """One entry a tensor whose data lie in another file."""
    has_graph: bool = False


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
        return one.wire == LENGTH and one.number in _GRAPH_FIELDS
    return True


def read_structure(source: Source) -> Structure:
    """The whole structure. Raises CorruptFileError."""
    model = Structure()
    for one in fields(source, source.end or 0):
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
        case 2:
            model.producer = text(source, one)
        case 3:
            model.producer_version = text(source, one)
        case 4:
            model.domain = text(source, one)
        case 7:
            model.has_graph = True
            _read_graph(source, one.end, model, depth=0)
        case 8:
            domain, version = _read_opset(source, one.end)
            model.opsets[domain] = version
        case 14:
            key, value = _read_entry(source, one.end)
            model.metadata[key] = value
            model.metadata_fields.setdefault(key, []).append((one.offset, one.end))
        case 25:
            _read_function(source, one.end, model)
        case _:
            pass


def _read_opset(source: Source, end: int) -> tuple[str, int]:
    domain, version = "", 0
    for one in fields(source, end):
        if one.number == 1 and one.wire == LENGTH:
            domain = text(source, one)
        elif one.number == 2:
            version = signed(one.value)
    return ("" if domain == "ai.onnx" else domain), version


def _read_entry(source: Source, end: int) -> tuple[str, str]:
    """A StringStringEntryProto."""
    parts = {1: "", 2: ""}
    for one in fields(source, end):
        if one.number in parts and one.wire == LENGTH:
            parts[one.number] = text(source, one, 1 << 16)
    return parts[1], parts[2]


def _read_graph(source: Source, end: int, model: Structure, depth: int) -> None:
    if depth > _MAX_DEPTH:
        raise CorruptFileError(f"{source.name} is damaged", why=f"graphs within graphs, over {_MAX_DEPTH} deep")
    for one in fields(source, end):
        if one.wire != LENGTH:
            continue
        match one.number:
            case 1:
                _read_node(source, one.end, model, depth)
            case 2 if not depth:
                model.graph_name = text(source, one)
            case 5:
                _read_initializer(source, one, model, depth)
            case 11 if depth == 0:
                model.inputs.append(_read_value(source, one.end))
            case 12 if depth == 0:
                model.outputs.append(_read_value(source, one.end))
            case 15:
                _read_sparse(source, one.end, model, depth)


def _read_initializer(source: Source, one: Field, model: Structure, depth: int) -> None:
    tensor = _read_tensor(source, one.end)
    model.parameters += math.prod(tensor.dims)
    if tensor.is_external:
        model.external.append(tensor.external)
    if depth == 0:
        model.initializers.add(tensor.name)


def _read_sparse(source: Source, end: int, model: Structure, depth: int) -> None:
    """A SparseTensorProto: its values are a tensor, its indices are none that was learnt."""
    for one in fields(source, end):
        if one.number == 1 and one.wire == LENGTH:
            _read_initializer(source, one, model, depth)


def _read_node(source: Source, end: int, model: Structure, depth: int) -> None:
    operator = domain = ""
    for one in fields(source, end):
        if one.wire != LENGTH:
            continue
        match one.number:
            case 4:
                operator = text(source, one)
            case 7:
                domain = text(source, one)
            case 5:
                _read_attribute(source, one.end, model, depth)
            case _:
                pass
    model.operators[operator if domain in {"", "ai.onnx"} else f"{domain}.{operator}"] += 1
    model.domains.add("" if domain == "ai.onnx" else domain)


def _read_attribute(source: Source, end: int, model: Structure, depth: int) -> None:
    """Graphs and tensors in attributes: bodies of If, Loop and Scan, and constants."""
    for one in fields(source, end, _LISTS):
        if one.wire != LENGTH:
            continue
        if one.number in {6, 11}:
            _read_graph(source, one.end, model, depth + 1)
        elif one.number in {5, 10}:
            tensor = _read_tensor(source, one.end)
            if tensor.is_external:
                model.external.append(tensor.external)


def _read_function(source: Source, end: int, model: Structure) -> None:
    for one in fields(source, end):
        if one.number == 7 and one.wire == LENGTH:
            _read_node(source, one.end, model, depth=1)


def _read_tensor(source: Source, end: int) -> Tensor:
    tensor = Tensor()
    dims: list[int] = []
    for one in fields(source, end, _TENSOR_STRINGS):
        match one.number:
            case 1:
                dims.extend(numbers(source, one))
            case 8 if one.wire == LENGTH:
                tensor.name = text(source, one)
            case 13 if one.wire == LENGTH:
                key, value = _read_entry(source, one.end)
                tensor.external[key] = value
            case 14 if one.wire == VARINT:
                tensor.is_external = one.value == 1
            case _:
                pass
    if len(dims) > 64 or any(size < 0 for size in dims):
        raise CorruptFileError(f"{source.name} is damaged", why=f"the tensor {tensor.name!r} has impossible dimensions")
    tensor.dims = tuple(dims)
    return tensor


def _read_value(source: Source, end: int) -> Value:
    value = Value("")
    for one in fields(source, end):
        if one.wire == LENGTH and one.number == 1:
            value.name = text(source, one)
        elif one.wire == LENGTH and one.number == 2:
            _read_type(source, one.end, value)
    return value


def _read_type(source: Source, end: int, value: Value) -> None:
    for one in fields(source, end):
        if one.wire == LENGTH and one.number == 1:  # tensor_type; sequences, maps and optionals have no shape to tell
            for part in fields(source, one.end):
                if part.number == 1 and part.wire == VARINT:
                    value.element = part.value
                elif part.number == 2 and part.wire == LENGTH:
                    value.dims = [_read_dim(source, dim) for dim in fields(source, part.end) if dim.number == 1]


def _read_dim(source: Source, dim: Field) -> Dim | None:
    found: Dim | None = None
    for one in fields(source, dim.end):
        if one.number == 1 and one.wire == VARINT:
            found = signed(one.value)
        elif one.number == 2 and one.wire == LENGTH:
            found = text(source, one) or None
    return found
