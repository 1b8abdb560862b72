"""Shapes, types and text attributes, as the messages of an HDF5 object header give them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from mlpack.scan.hdf5.blocks import UNDEFINED, Blocks, number
from mlpack.scan.hdf5.heaps import heap_object, place_of
from mlpack.scan.hdf5.messages import (
    ATTRIBUTE,
    ATTRIBUTE_INFO,
    DATASPACE,
    DATATYPE,
    EXTERNAL,
    LAYOUT,
    PIPELINE,
    Message,
)
from mlpack.scan.hdf5.storage import check_filters, check_size, refuse_external, stored_bytes
from mlpack.scan.rules import hdf5

_STRING, _VLEN = 3, 9
_WEIGHTS = frozenset({0, 1, 3, 8})
"""Classes of datatypes: whole numbers, floats, strings, and enumerations (h5py's bool)."""
_CLASSES = {2: "time", 4: "bit field", 5: "opaque", 6: "compound", 7: "reference", 9: "variable length", 10: "array"}
_NULL = 2
_REFERENCE = 16
"""Bytes that say of a text in a heap how long it is and where it lies."""


def read_dataset(blocks: Blocks, messages: Sequence[Message], path: str) -> tuple[tuple[int, ...], int]:
    """The shape of a dataset, and the bytes that it unfolds to.

    Raises UnsafeFileError for foreign storage, types that no weight has, plug-ins, and sizes that are not backed.
    """
    found = {message.kind: message for message in messages}
    for kind in (DATASPACE, DATATYPE, LAYOUT, PIPELINE):
        if kind in found and found[kind].shared:
            what = f"the type or layout of {path} is an object of its own"
            raise blocks.refused(hdf5.TYPE, what, found[kind].address)
    if EXTERNAL in found:
        refuse_external(blocks, found[EXTERNAL], path)
    if not {DATASPACE, DATATYPE, LAYOUT} <= found.keys():
        raise blocks.refused(
            hdf5.TYPE, f"{path} is neither a group nor a dataset", messages[0].address if messages else None
        )
    itemsize = _item_size(blocks, found[DATATYPE].data, path, found[DATATYPE].address)
    shape = _dims(blocks, found[DATASPACE].data)
    if PIPELINE in found:
        check_filters(blocks, found[PIPELINE], path)
    stored = stored_bytes(blocks, found[LAYOUT], path, shape, itemsize)
    return shape, check_size(blocks, path, shape, itemsize, stored, found[LAYOUT].address)


def _item_size(blocks: Blocks, datatype: bytes, path: str, address: int, *, texts: bool = False) -> int:
    """Raises UnsafeFileError for what no weight is; ``texts`` of any length are what attributes may hold."""
    kind = number(datatype, 0, 1) & 0x0F
    if kind not in _WEIGHTS and not (texts and _is_text(datatype)):
        shown = _CLASSES.get(kind, f"class {kind}")
        raise blocks.refused(hdf5.TYPE, f"{path} holds values of a type that no weight has ({shown})", address)
    return number(datatype, 4, 4)


def _dims(blocks: Blocks, data: bytes) -> tuple[int, ...]:
    """Format: IV.A.2.b. No dimensions: one value; a null dataspace has none."""
    version, rank = number(data, 0, 1), number(data, 1, 1)
    first = {1: 8, 2: 4}.get(version)
    if first is None or rank > 32 or len(data) < first + 8 * rank:
        raise blocks.damaged("a shape that cannot be")
    if version == 2 and number(data, 3, 1) == _NULL:
        return (0,)
    return tuple(number(data, first + 8 * axis, 8) for axis in range(rank))


def _is_text(datatype: bytes) -> bool:
    """Whether values are texts of any length, which lie in heaps."""
    return number(datatype, 0, 1) & 0x0F == _VLEN and number(datatype, 1, 1) & 0x0F == 1


def text_attributes(
    blocks: Blocks, messages: Sequence[Message], wanted: frozenset[str], path: str = "/"
) -> tuple[set[str], dict[str, str]]:
    """The names of an object's attributes, and the values of those ``wanted`` that are single texts.

    Raises UnsafeFileError for attributes that no model has.
    """
    names: set[str] = set()
    found: dict[str, str] = {}
    for message in messages:
        if message.kind == ATTRIBUTE_INFO:
            heap = number(message.data, 4 if number(message.data, 1, 1) & 1 else 2, 8)
            if heap != UNDEFINED:
                what = f"the attributes of {path} lie in a fractal heap, which mlpack does not read"
                raise blocks.refused(hdf5.LAYOUT, what, message.address)
        if message.kind != ATTRIBUTE:
            continue
        name, datatype, dataspace, value = _attribute(blocks, message, path)
        if name in names:
            raise blocks.refused(hdf5.TWICE, f"{path} has two attributes called {name}", message.address)
        names.add(name)
        dims = _dims(blocks, dataspace)
        itemsize = _item_size(blocks, datatype, f"the attribute {name} of {path}", message.address, texts=True)
        if math.prod(dims) * itemsize > len(value):
            raise blocks.damaged(f"the attribute {name} of {path} is longer than its header")
        if _is_text(datatype):
            if itemsize != _REFERENCE:
                raise blocks.damaged(f"the attribute {name} of {path} holds texts of {itemsize} bytes")
            _check_texts(blocks, value, math.prod(dims))
        if name in wanted and not dims:
            found[name] = _text(blocks, datatype, value)
    return names, found


def _attribute(blocks: Blocks, message: Message, path: str) -> tuple[str, bytes, bytes, bytes]:
    """Name, type, shape and value. Format: IV.A.2.m. Version 1 pads each part to eight bytes, 3 adds a character set."""
    data, version = message.data, number(message.data, 0, 1)
    if version not in {1, 2, 3}:
        raise blocks.damaged("an attribute of an unknown version")
    if message.shared or (version > 1 and number(data, 1, 1)):
        raise blocks.refused(
            hdf5.TYPE, f"an attribute of {path} has a type that is an object of its own", message.address
        )
    offset = 9 if version == 3 else 8
    parts = []
    for width in (number(data, 2, 2), number(data, 4, 2), number(data, 6, 2)):
        parts.append(data[offset : offset + width])
        offset += -(-width // 8) * 8 if version == 1 else width
    if offset > len(data):
        raise blocks.damaged("an attribute that is cut off")
    return parts[0].partition(b"\0")[0].decode("utf-8", "replace"), parts[1], parts[2], data[offset:]


def _check_texts(blocks: Blocks, value: bytes, count: int) -> None:
    """Raises CorruptFileError for texts that lie in no heap, or in a broken one: libhdf5 may not come back from there."""
    for at in range(0, _REFERENCE * count, _REFERENCE):
        if number(value, at, 4):
            place_of(blocks, number(value, at + 4, 8), number(value, at + 12, 4))


def _text(blocks: Blocks, datatype: bytes, value: bytes) -> str:
    text = b""
    if number(datatype, 0, 1) & 0x0F == _STRING:
        text = value[: number(datatype, 4, 4)].rstrip(b"\0")
    elif _is_text(datatype):
        length = number(value, 0, 4)
        text = heap_object(blocks, number(value, 4, 8), number(value, 12, 4))[:length] if length else b""
        text = text.partition(b"\0")[0]  # as C reads it
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise blocks.damaged(f"a text that is no UTF-8 ({error.reason})") from error
