"""Shapes, types and text attributes, as the messages of an HDF5 object header give them."""

from __future__ import annotations

from collections.abc import Sequence

from mlpack.scan.hdf5.blocks import UNDEFINED, Blocks, Message, number

DATASPACE, DATATYPE, EXTERNAL, LAYOUT, ATTRIBUTE, ATTRIBUTE_INFO = 0x01, 0x03, 0x07, 0x08, 0x0C, 0x15
_STRING, _VLEN = 3, 9
_WEIGHTS = frozenset({0, 1, 3, 8})
"""Classes of datatypes: whole numbers, floats, strings, and enumerations (h5py's bool)."""
_CONTIGUOUS, _VIRTUAL = 1, 3


def dataset_shape(blocks: Blocks, messages: Sequence[Message], path: str) -> tuple[int, ...]:
    """The shape of a dataset. Raises UnsafeFileError for foreign storage and for types that no weight has."""
    shape: tuple[int, ...] | None = None
    for message in messages:
        if message.kind == EXTERNAL:
            raise blocks.refused(f"the data of {path} lie in another file")
        if message.kind == LAYOUT:
            _check_layout(blocks, message.data, path)
        if message.kind in {DATASPACE, DATATYPE} and message.shared:
            raise blocks.refused(f"the type of {path} is an object of its own")
        if message.kind == DATASPACE:
            shape = _dims(blocks, message.data)
        elif message.kind == DATATYPE:
            kind = number(message.data, 0, 1) & 0x0F
            if kind not in _WEIGHTS and not (kind == _VLEN and _is_text(message.data)):
                raise blocks.refused(f"{path} holds values of a type that no weight has (HDF5 class {kind})")
    if shape is None:
        raise blocks.refused(f"{path} is neither a group nor a dataset")
    return shape


def _check_layout(blocks: Blocks, data: bytes, path: str) -> None:
    """Format: IV.A.2.i. Contiguous data have to lie in the file; virtual data lie in others."""
    version = number(data, 0, 1)
    if version < 3:
        return
    layout = number(data, 1, 1)
    if layout == _VIRTUAL:
        raise blocks.refused(f"{path} is put together from other files")
    address = number(data, 2, 8)
    if layout == _CONTIGUOUS and address != UNDEFINED:
        blocks.check_bounds(address, number(data, 10, 8))


def _dims(blocks: Blocks, data: bytes) -> tuple[int, ...]:
    """Format: IV.A.2.b."""
    version, rank = number(data, 0, 1), number(data, 1, 1)
    first = {1: 8, 2: 4}.get(version)
    if first is None or rank > 32 or len(data) < first + 8 * rank:
        raise blocks.damaged("a shape that cannot be")
    return tuple(number(data, first + 8 * axis, 8) for axis in range(rank))


def _is_text(datatype: bytes) -> bool:
    return number(datatype, 1, 1) & 0x0F == 1


def text_attributes(
    blocks: Blocks, messages: Sequence[Message], wanted: frozenset[str]
) -> tuple[set[str], dict[str, str]]:
    """The names of an object's attributes, and the values of those ``wanted`` that are single texts."""
    names: set[str] = set()
    found: dict[str, str] = {}
    for message in messages:
        if message.kind == ATTRIBUTE_INFO:
            heap = number(message.data, 4 if number(message.data, 1, 1) & 1 else 2, 8)
            if heap != UNDEFINED:
                raise blocks.refused("its attributes lie in a fractal heap, which mlpack does not read")
        if message.kind != ATTRIBUTE or message.shared:
            continue
        name, datatype, dataspace, value = _attribute(blocks, message.data)
        names.add(name)
        if name in wanted and not _dims(blocks, dataspace):
            found[name] = _text(blocks, datatype, value)
    return names, found


def _attribute(blocks: Blocks, data: bytes) -> tuple[str, bytes, bytes, bytes]:
    """Format: IV.A.2.m. Version 1 pads each part to eight bytes, version 3 adds a character set."""
    version = number(data, 0, 1)
    if version not in {1, 2, 3}:
        raise blocks.damaged("an attribute of an unknown version")
    offset = 9 if version == 3 else 8
    parts = []
    for width in (number(data, 2, 2), number(data, 4, 2), number(data, 6, 2)):
        parts.append(data[offset : offset + width])
        offset += -(-width // 8) * 8 if version == 1 else width
    if offset > len(data):
        raise blocks.damaged("an attribute that is cut off")
    return parts[0].rstrip(b"\0").decode("utf-8", "replace"), parts[1], parts[2], data[offset:]


def _text(blocks: Blocks, datatype: bytes, value: bytes) -> str:
    kind = number(datatype, 0, 1) & 0x0F
    if kind == _STRING:
        return value[: number(datatype, 4, 4)].rstrip(b"\0").decode("utf-8", "replace")
    if kind == _VLEN and _is_text(datatype):
        length, heap, index = number(value, 0, 4), number(value, 4, 8), number(value, 12, 4)
        return _in_heap(blocks, heap, index)[:length].decode("utf-8", "replace") if length else ""
    return ""


def _in_heap(blocks: Blocks, address: int, wanted: int) -> bytes:
    """Format: III.E, the global heap."""
    head = blocks.at(address, 16)
    if head[:4] != b"GCOL":
        raise blocks.damaged("a text that lies nowhere")
    collection = blocks.at(address, number(head, 8, 8))
    offset = 16
    while offset + 16 <= len(collection):
        index, size = number(collection, offset, 2), number(collection, offset + 8, 8)
        if index == wanted:
            return collection[offset + 16 : offset + 16 + size]
        if index == 0:
            break
        offset += 16 + -(-size // 8) * 8
    raise blocks.damaged("a text that is not in its heap")
