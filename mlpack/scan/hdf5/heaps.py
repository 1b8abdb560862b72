"""Global heaps, in which texts of any length lie. Format: III.E of the specification.

Read as libhdf5 reads them (``H5HG__cache_heap_deserialize``), all of each heap: free space of no size makes it run for ever.
"""

from __future__ import annotations

from mlpack.scan.hdf5.blocks import Blocks, number
from mlpack.scan.rules import hdf5

_HEAD = 16
"""Bytes of a heap's header, and of that of an object in it."""
_FREE_SPACE = 0


def heap_object(blocks: Blocks, address: int, wanted: int) -> bytes:
    """An object in the heap at ``address``. Raises as `place_of`."""
    start, size = place_of(blocks, address, wanted)
    return blocks.at(address + start, size)


def place_of(blocks: Blocks, address: int, wanted: int) -> tuple[int, int]:
    """Where an object lies in the heap at ``address``, and how long it is.

    Raises CorruptFileError for a heap that is damaged anywhere, UnsafeFileError where an object is in it twice.
    """
    if address not in blocks.heaps:
        blocks.heaps[address] = _objects(blocks, address)
    if wanted not in blocks.heaps[address]:
        raise blocks.damaged("a text that is not in its heap")
    return blocks.heaps[address][wanted]


def _objects(blocks: Blocks, address: int) -> dict[int, tuple[int, int]]:
    """Where each object of a heap begins, from the heap's beginning, and how long it is."""
    head = blocks.at(address, _HEAD)
    if head[:4] != b"GCOL":
        raise blocks.damaged("a text that lies nowhere")
    length = number(head, 8, 8)
    blocks.heap_bytes += length
    if blocks.heap_bytes > blocks.length:
        raise blocks.damaged("heaps of texts that lie over each other")
    heap = blocks.at(address, length)
    found: dict[int, tuple[int, int]] = {}
    offset = _HEAD
    while offset + _HEAD <= length:
        index, size = number(heap, offset, 2), number(heap, offset + 8, 8)
        taken = size if index == _FREE_SPACE else _HEAD + -(-size // 8) * 8
        if taken < _HEAD or offset + taken > length:
            raise blocks.damaged("a text longer than its heap")
        if index in found:
            raise blocks.refused(hdf5.TWICE, f"a heap has two texts of the number {index}", address + offset)
        if index != _FREE_SPACE:
            found[index] = offset + _HEAD, size
        offset += taken
    return found
