"""Where a dataset's values lie, how they are packed, and how many bytes of the file they really are."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import NoReturn

from mlpack.core.errors import CorruptFileError
from mlpack.scan.hdf5.blocks import UNDEFINED, Blocks, number
from mlpack.scan.hdf5.heaps import heap_object
from mlpack.scan.hdf5.messages import Message
from mlpack.scan.hdf5.trees import CHUNKS, leaves_of
from mlpack.scan.rules import hdf5

_COMPACT, _CONTIGUOUS, _CHUNKED, _VIRTUAL = 0, 1, 2, 3
_FILTERS = {1: "gzip", 2: "shuffle", 3: "fletcher32"}
"""The filters that every libhdf5 has built in and Keras users meet; numbers from 256 on load a plug-in."""
_FREE = 16 << 20
"""Bytes that a dataset may claim whatever it stores: a layer of zeros compresses to nothing."""
_MAX_RATIO = 200
_MAX_CHUNKS = 1_000_000
_MAX_SHOWN = 200


@dataclass(frozen=True)
class Stored:
    """``count`` bytes of the file hold a dataset's values; ``at_once`` is the most that is unpacked in one piece."""

    count: int
    at_once: int = 0


def check_size(blocks: Blocks, path: str, shape: Sequence[int], itemsize: int, stored: Stored, address: int) -> int:
    """The bytes that a dataset unfolds to. Raises UnsafeFileError where the file holds far less than that."""
    declared = math.prod(shape) * itemsize
    held = min(stored.count, blocks.length)
    if max(declared, stored.at_once) > max(_FREE, _MAX_RATIO * held):
        shown = " × ".join(f"{size:,}" for size in shape)
        raise blocks.refused(
            hdf5.SIZE,
            f"{path} claims {shown} values in {max(declared, stored.at_once):,} bytes, and the file holds {held:,} of them",
            address,
        )
    return declared


def check_total(blocks: Blocks, declared: int) -> None:
    """Raises UnsafeFileError where all datasets together unfold to far more than the file is long."""
    if declared > max(4 * _FREE, _MAX_RATIO * blocks.length):
        raise blocks.refused(
            hdf5.SIZE, f"its arrays unfold to {declared:,} bytes, and the file has {blocks.length:,}", None
        )


def stored_bytes(blocks: Blocks, message: Message, path: str, shape: Sequence[int], itemsize: int) -> Stored:
    """What a layout message says. Raises UnsafeFileError for virtual datasets. Format: IV.A.2.i."""
    data, declared = message.data, math.prod(shape) * itemsize
    version = number(data, 0, 1)
    if version in {1, 2}:
        return _older(blocks, data, path, declared)
    if version not in {3, 4}:
        raise blocks.damaged(f"{path} has a layout of version {version}")
    layout = number(data, 1, 1)
    if layout == _VIRTUAL:
        raise blocks.refused(
            hdf5.VIRTUAL, f"{path} is put together from {_virtual_sources(blocks, data)}", message.address
        )
    if layout == _COMPACT:
        return _held(blocks, path, min(number(data, 2, 2), len(data) - 4), declared)
    if layout == _CONTIGUOUS:
        return _contiguous(blocks, path, number(data, 2, 8), number(data, 10, 8), declared)
    if layout != _CHUNKED:
        raise blocks.damaged(f"{path} has a layout of class {layout}")
    if version == 4:
        return _chunked_newer(blocks, data)
    return _chunked(blocks, data, path, rank=number(data, 2, 1), tree=number(data, 3, 8), sizes=11)


def check_filters(blocks: Blocks, message: Message, path: str) -> None:
    """Raises UnsafeFileError for filters that are not in every libhdf5. Format: IV.A.2.l."""
    data = message.data
    version, count = number(data, 0, 1), number(data, 1, 1)
    if version not in {1, 2}:
        raise blocks.damaged(f"{path} is packed in a way of version {version}")
    offset = 8 if version == 1 else 2
    for _ in range(count):
        if offset + 6 > len(data):
            raise blocks.damaged(f"{path} is packed in a way that is cut off")
        kind = number(data, offset, 2)
        if kind not in _FILTERS:
            raise blocks.refused(
                hdf5.FILTER, f"{path} is packed by the HDF5 filter {kind}, which is a plug-in or rare", message.address
            )
        named = version == 1 or kind >= 256
        length = number(data, offset + 2, 2) if named else 0
        values = number(data, offset + (6 if named else 4), 2)
        offset += (8 if named else 6) + -(-length // 8) * 8 + 4 * values
        if version == 1 and values % 2:
            offset += 4


def _older(blocks: Blocks, data: bytes, path: str, declared: int) -> Stored:
    """Versions 1 and 2: rank, class, five bytes, an address but for compact data, and sizes of four bytes."""
    rank, layout = number(data, 1, 1), number(data, 2, 1)
    if layout == _COMPACT:
        size = number(data, 8 + 4 * rank, 4)
        return _held(blocks, path, min(size, len(data) - 12 - 4 * rank), declared)
    if layout == _CONTIGUOUS:
        return _contiguous(blocks, path, number(data, 8, 8), declared, declared)
    if layout == _CHUNKED:
        return _chunked(blocks, data, path, rank=rank, tree=number(data, 8, 8), sizes=16)
    raise blocks.damaged(f"{path} has a layout of class {layout}")


def _held(blocks: Blocks, path: str, size: int, declared: int) -> Stored:
    if size < declared:
        raise blocks.damaged(f"{path} has {declared:,} bytes and {max(size, 0):,} of them are there")
    return Stored(size)


def _contiguous(blocks: Blocks, path: str, address: int, size: int, declared: int) -> Stored:
    if address == UNDEFINED:
        return Stored(0)  # never written: every value is the fill value
    if size < declared:
        raise blocks.damaged(f"{path} has {declared:,} bytes and room for {size:,}")
    blocks.check_bounds(address, size)
    return Stored(size)


def _chunked(blocks: Blocks, data: bytes, path: str, *, rank: int, tree: int, sizes: int) -> Stored:
    """The last of the ``rank`` sizes is that of one value."""
    if not 1 < rank <= 33 or len(data) < sizes + 4 * rank:
        raise blocks.damaged(f"{path} has chunks that cannot be")
    chunk = math.prod(number(data, sizes + 4 * axis, 4) for axis in range(rank))
    return Stored(0 if tree == UNDEFINED else _in_tree(blocks, tree, rank, path), chunk)


def _in_tree(blocks: Blocks, tree: int, rank: int, path: str) -> int:
    """The bytes of all chunks in a B-tree of version 1 (III.A.1): 4 of size, 4 of filter mask, 8 an axis, then the address."""
    width = 8 + 8 * rank
    total = chunks = 0
    for leaf in leaves_of(blocks, tree, CHUNKS, width, _MAX_CHUNKS):
        for offset in range(0, len(leaf), width + 8):
            size = number(leaf, offset, 4)
            blocks.check_bounds(number(leaf, offset + width, 8), size)
            total, chunks = total + size, chunks + 1
        if chunks > _MAX_CHUNKS:
            raise blocks.refused(hdf5.SIZE, f"{path} has over {_MAX_CHUNKS:,} chunks", tree)
    return total


def _chunked_newer(blocks: Blocks, data: bytes) -> Stored:
    """Version 4 has five kinds of index, which are not read: the chunks are at most the whole file."""
    rank, width = number(data, 3, 1), number(data, 4, 1)
    if not 1 < rank <= 33 or not 1 <= width <= 8 or len(data) < 5 + width * rank:
        raise blocks.damaged("chunks that cannot be")
    return Stored(blocks.length, math.prod(number(data, 5 + width * axis, width) for axis in range(rank)))


def refuse_external(blocks: Blocks, message: Message, path: str) -> NoReturn:
    """Raises UnsafeFileError that names the file. Format: IV.A.2.h; the names stand in a local heap."""
    heap, first = number(message.data, 8, 8), number(message.data, 16, 8)
    where = "another file"
    with suppress(CorruptFileError):
        head = blocks.at(heap, 32)
        if head[:4] == b"HEAP":
            names = blocks.at(number(head, 24, 8), number(head, 8, 8))
            where = repr(names[first:].partition(b"\0")[0][:_MAX_SHOWN].decode("utf-8", "replace"))
    raise blocks.refused(hdf5.EXTERNAL, f"the data of {path} lie in {where}", message.address)


def _virtual_sources(blocks: Blocks, data: bytes) -> str:
    """The files that a virtual dataset names in the global heap, as far as they can be read."""
    with suppress(CorruptFileError):
        listed = heap_object(blocks, number(data, 2, 8), number(data, 10, 4))
        names = [part.decode() for part in re.findall(rb"([\x20-\x7e]{2,})\0", listed[:_MAX_SHOWN])]
        if names:
            return f"other files: {', '.join(map(repr, names[:4]))}"
    return "other files"
