"""The members of an HDF5 group: by its B-tree and heap, or by link messages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mlpack.scan.hdf5.blocks import UNDEFINED, Blocks, Message, number

LINK_INFO, LINK, SYMBOL_TABLE = 0x02, 0x06, 0x11
_SOFT_IN_TABLE = 2
_MAX_NODES = 1_000_000
_MAX_NAME = 4096


def is_group(messages: Sequence[Message]) -> bool:
    """Whether an object header is a group's."""
    return any(message.kind in {LINK_INFO, LINK, SYMBOL_TABLE} for message in messages)


def members(blocks: Blocks, messages: Sequence[Message], path: str) -> Iterator[tuple[str, int]]:
    """Names and addresses of the objects in a group. Raises UnsafeFileError for links that are not hard ones."""
    for message in messages:
        if message.kind == SYMBOL_TABLE:
            yield from _in_table(blocks, number(message.data, 0, 8), number(message.data, 8, 8), path)
        elif message.kind == LINK:
            yield _linked(blocks, message.data, path)
        elif message.kind == LINK_INFO:
            heap = number(message.data, 10 if message.data[1:2] and message.data[1] & 1 else 2, 8)
            if heap != UNDEFINED:
                raise blocks.refused(f"{path or '/'} lists its members in a fractal heap, which mlpack does not read")


def _in_table(blocks: Blocks, tree: int, heap: int, path: str) -> Iterator[tuple[str, int]]:
    """Format: III.A.1 (B-trees, version 1), III.B (symbol table nodes), III.D (local heaps)."""
    head = blocks.at(heap, 32)
    if head[:4] != b"HEAP":
        raise blocks.damaged("a group without a heap of names")
    names = blocks.at(number(head, 24, 8), number(head, 8, 8))
    pending = [tree]
    seen: set[int] = set()
    while pending:
        address = pending.pop()
        if address in seen or len(seen) > _MAX_NODES:
            raise blocks.damaged("a tree of names that runs in a circle")
        seen.add(address)
        node = blocks.at(address, 8)
        if node[:4] == b"TREE":
            count = number(node, 6, 2)
            children = blocks.at(address + 24, 8 + 16 * count)
            pending.extend(number(children, 8 + 16 * index, 8) for index in range(count))
        elif node[:4] == b"SNOD":
            yield from _entries(blocks, address, number(node, 6, 2), names, path)
        else:
            raise blocks.damaged(f"no tree node at {address:#x}")


def _entries(blocks: Blocks, address: int, count: int, names: bytes, path: str) -> Iterator[tuple[str, int]]:
    table = blocks.at(address + 8, 40 * count)
    for offset in range(0, len(table), 40):
        start = number(table, offset, 8)
        end = names.find(b"\0", start)
        if not 0 <= start <= end <= start + _MAX_NAME:
            raise blocks.damaged("a member without a name")
        name = names[start:end].decode("utf-8", "replace")
        target = number(table, offset + 8, 8)
        if number(table, offset + 16, 4) == _SOFT_IN_TABLE or target == UNDEFINED:
            raise blocks.refused(f"{path}/{name} is a link to another place")
        yield name, target


def _linked(blocks: Blocks, data: bytes, path: str) -> tuple[str, int]:
    """Format: IV.A.2.g, the link message."""
    if len(data) < 4 or data[0] != 1:
        raise blocks.damaged("a link of an unknown version")
    flags, offset = data[1], 2
    kind = 0
    if flags & 0x08:
        kind, offset = data[offset], offset + 1
    offset += (8 if flags & 0x04 else 0) + (1 if flags & 0x10 else 0)
    width = 1 << (flags & 3)
    length = number(data, offset, width)
    offset += width
    name = data[offset : offset + min(length, _MAX_NAME)].decode("utf-8", "replace")
    if kind != 0:
        raise blocks.refused(f"{path}/{name} is a link to another place")
    if offset + length + 8 > len(data):
        raise blocks.damaged("a link that is cut off")
    return name, number(data, offset + length, 8)
