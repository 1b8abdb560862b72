"""Inputs and outputs of an ONNX graph, with their types and dims.

Field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

from __future__ import annotations

from dataclasses import dataclass

from mlpack.runtime.signature import Dim
from mlpack.scan.protobuf import LENGTH, VARINT, Field, fields, signed, text
from mlpack.scan.source import Source


@dataclass
class Value:
    """An input or output. ``element`` is a TensorProto.DataType, 0 where the value is no tensor; None is a dim unsaid."""

    name: str
    element: int = 0
    dims: list[Dim | None] | None = None


def read_value(source: Source, end: int) -> Value:
    """Read a ValueInfoProto. Raises CorruptFileError."""
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
