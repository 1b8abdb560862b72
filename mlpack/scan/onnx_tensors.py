"""What stands around a tensor's data in an ONNX model: its name, shape, type, and where the data lie.

Field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from mlpack.core.errors import CorruptFileError
from mlpack.scan.protobuf import LENGTH, VARINT, Field, fields, numbers, signed, text, varint
from mlpack.scan.rules import onnx
from mlpack.scan.source import Source

_REPEATED = frozenset({6})
"""``string_data``: many small fields one after the other."""
_INT64, _INT64_DATA, _RAW_DATA = 7, 7, 9
_STRING = 8
_BITS: Mapping[int, int] = {
    1: 32, 2: 8, 3: 8, 4: 16, 5: 16, 6: 32, 7: 64, 8: 16, 9: 8, 10: 16, 11: 64, 12: 32, 13: 64, 14: 64, 15: 128, 16: 16,
    17: 8, 18: 8, 19: 8, 20: 8, 21: 4, 22: 4, 23: 4, 24: 8, 25: 2, 26: 2,
}  # fmt: skip
"""Bits of a value by TensorProto.DataType; a string is at least a tag and a length."""
_KEYS = frozenset({"location", "offset", "length", "checksum"})
_SMALL = 64
_SLACK = 16
"""Values lie packed as numbers of variable length, which are shorter than their type."""


@dataclass
class Tensor:
    """A tensor without its data. ``external`` is the location, offset and length of data in another file.

    ``values`` are the few whole numbers of one that others take for a shape.
    """

    name: str = ""
    element: int = 0
    dims: tuple[int, ...] = ()
    external: dict[str, str] = field(default_factory=dict)
    is_external: bool = False
    values: tuple[int, ...] | None = None
    offset: int = 0

    @property
    def declared(self) -> int:
        """The bytes that its shape and type ask for."""
        return math.prod(self.dims) * _BITS.get(self.element, 8) // 8


def read_tensor(source: Source, whole: Field) -> Tensor:
    """Read a TensorProto. Raises CorruptFileError; UnsafeFileError for one that claims more values than it has."""
    tensor = Tensor(offset=whole.offset)
    dims: list[int] = []
    values: list[int] = []
    for one in fields(source, whole.end, _REPEATED):
        if one.number == 1:
            dims.extend(numbers(source, one))
        elif one.number == _INT64_DATA and len(values) <= _SMALL:
            values += _small(source, one)
        elif one.number == _RAW_DATA and one.wire == LENGTH and one.value <= 8 * _SMALL:
            values += _raw(source.read(one.value))
        else:
            _read_part(source, one, tensor)
    if len(dims) > 64 or any(size < 0 for size in dims):
        raise CorruptFileError(f"{source.name} is damaged", why=f"the tensor {tensor.name!r} has impossible dimensions")
    tensor.dims = tuple(dims)
    if tensor.element == _INT64 and values:
        tensor.values = tuple(values)
    _check_backed(source, tensor, whole)
    return tensor


def _read_part(source: Source, one: Field, tensor: Tensor) -> None:
    match one.number:
        case 2 if one.wire == VARINT:
            tensor.element = one.value
        case 8 if one.wire == LENGTH:
            tensor.name = text(source, one)
        case 13 if one.wire == LENGTH:
            _add_entry(source, one, tensor)
        case 14 if one.wire == VARINT:
            tensor.is_external = one.value == 1
        case _:
            pass


def _small(source: Source, one: Field) -> list[int]:
    """The first numbers of ``int64_data``."""
    if one.wire != LENGTH:
        return [signed(one.value)]
    found: list[int] = []
    while source.position < one.end and len(found) <= _SMALL:
        found.append(signed(varint(source)))
    return found


def _raw(data: bytes) -> list[int]:
    return [int.from_bytes(data[at : at + 8], "little", signed=True) for at in range(0, len(data) - 7, 8)]


def _add_entry(source: Source, one: Field, tensor: Tensor) -> None:
    key, value = read_entry(source, one.end)
    if key in tensor.external:
        raise onnx.TWICE.error(
            source.name, f"{tensor.name!r} has two entries {key[:40]!r} of external data", offset=one.offset
        )
    if key not in _KEYS:
        raise onnx.EXTERNAL.error(source.name, f"external data with an entry {key[:40]!r}", offset=one.offset)
    tensor.external[key] = value


def _check_backed(source: Source, tensor: Tensor, whole: Field) -> None:
    count = math.prod(tensor.dims) if tensor.element == _STRING else tensor.declared
    if not tensor.is_external and count > _SLACK * whole.value:
        shape = " × ".join(f"{size:,}" for size in tensor.dims)
        raise onnx.SIZE.error(
            source.name,
            f"the tensor {tensor.name[:80]!r} claims {shape} values, and there are {whole.value:,} bytes of it",
            offset=tensor.offset,
        )


def read_entry(source: Source, end: int) -> tuple[str, str]:
    """A StringStringEntryProto."""
    parts = {1: "", 2: ""}
    for one in fields(source, end):
        if one.number in parts and one.wire == LENGTH:
            parts[one.number] = text(source, one, 1 << 16)
    return parts[1], parts[2]
