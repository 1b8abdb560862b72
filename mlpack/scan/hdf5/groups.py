"""The members of an HDF5 group: by its B-tree and heap, or by link messages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mlpack.scan.hdf5.blocks import UNDEFINED, Blocks, number
from mlpack.scan.hdf5.messages import LINK, LINK_INFO, SYMBOL_TABLE, Message
from mlpack.scan.hdf5.trees import NAMES, leaves_of
from mlpack.scan.rules import hdf5

_PLAIN, _CACHED, _SOFT = 0, 1, 2
"""What a symbol table entry keeps beside the address: nothing, a copy of a group's table, or the text of a soft link."""
_KINDS = {1: "a soft", 64: "an external"}
_MAX_NODES = 1_000_000
_MAX_NAME = 4096


@dataclass(frozen=True)
class Member:
    """A name in a group. ``table`` is the copy of a group's B-tree and heap that its parent keeps; readers may go by it."""

    name: str
    address: int
    table: bytes = b""


def is_group(messages: Sequence[Message]) -> bool:
    """Whether an object header is a group's."""
    return any(message.kind in {LINK_INFO, LINK, SYMBOL_TABLE} for message in messages)


def check_table(blocks: Blocks, member: Member, messages: Sequence[Message], path: str) -> None:
    """Raises UnsafeFileError where the parent's copy of a group's table is another than the group's own.

    A group that went over to link messages leaves an old copy behind, which nobody reads.
    """
    own = [message.data[:16] for message in messages if message.kind == SYMBOL_TABLE]
    if member.table and own and own != [member.table]:
        raise blocks.refused(hdf5.TWICE, f"{path} lists its members twice, and differently", member.address)


def members(blocks: Blocks, messages: Sequence[Message], path: str) -> Iterator[Member]:
    """The objects in a group. Raises UnsafeFileError for links that are not hard ones."""
    for message in messages:
        if message.kind == SYMBOL_TABLE:
            yield from _in_table(blocks, number(message.data, 0, 8), number(message.data, 8, 8), path)
        elif message.kind == LINK:
            yield _linked(blocks, message, path)
        elif message.kind == LINK_INFO:
            heap = number(message.data, 10 if message.data[1:2] and message.data[1] & 1 else 2, 8)
            if heap != UNDEFINED:
                raise blocks.refused(
                    hdf5.LAYOUT,
                    f"{path or '/'} lists its members in a fractal heap, which mlpack does not read",
                    message.address,
                )


def _in_table(blocks: Blocks, tree: int, heap: int, path: str) -> Iterator[Member]:
    """Format: III.A.1 (B-trees, version 1), III.B (symbol table nodes), III.D (local heaps)."""
    head = blocks.at(heap, 32)
    if head[:4] != b"HEAP":
        raise blocks.damaged("a group without a heap of names")
    names = blocks.at(number(head, 24, 8), number(head, 8, 8))
    seen: set[int] = set()
    for leaf in leaves_of(blocks, tree, NAMES, 8, _MAX_NODES):
        for offset in range(8, len(leaf), 16):
            address = number(leaf, offset, 8)
            node = blocks.at(address, 8)
            if node[:4] != b"SNOD" or address in seen:
                raise blocks.damaged(f"no table of names at {address:#x}")
            seen.add(address)
            yield from _entries(blocks, address, number(node, 6, 2), names, path)


def _entries(blocks: Blocks, address: int, count: int, names: bytes, path: str) -> Iterator[Member]:
    table = blocks.at(address + 8, 40 * count)
    for offset in range(0, len(table), 40):
        start = number(table, offset, 8)
        end = names.find(b"\0", start)
        if not 0 <= start <= end <= start + _MAX_NAME:
            raise blocks.damaged("a member without a name")
        name = names[start:end].decode("utf-8", "replace")
        target, kind = number(table, offset + 8, 8), number(table, offset + 16, 4)
        if kind == _SOFT or target == UNDEFINED:
            leads = names[number(table, offset + 24, 4) :].partition(b"\0")[0][:200].decode("utf-8", "replace")
            raise blocks.refused(hdf5.LINK, f"{path}/{name} is a soft link to {leads!r}", address + 8 + offset)
        if kind not in {_PLAIN, _CACHED}:
            raise blocks.damaged(f"{path}/{name} is an entry of an unknown kind")
        yield Member(name, target, table[offset + 24 : offset + 40] if kind == _CACHED else b"")


def _linked(blocks: Blocks, message: Message, path: str) -> Member:
    """Format: IV.A.2.g, the link message."""
    data = message.data
    if len(data) < 4 or data[0] != 1 or message.shared:
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
        raise blocks.refused(
            hdf5.LINK, f"{path}/{name} is {_KINDS.get(kind, 'a foreign')} link{_target(data, offset + length)}",
            message.address,
        )  # fmt: skip
    if offset + length + 8 > len(data) or "\0" in name:
        raise blocks.damaged("a link that is cut off")
    return Member(name, number(data, offset + length, 8))


def _target(data: bytes, offset: int) -> str:
    """Where a soft or external link leads: texts behind a length of two bytes."""
    parts = data[offset + 2 : offset + 2 + min(number(data, offset, 2), 200)].strip(b"\0").split(b"\0")
    shown = " in ".join(repr(part.decode("utf-8", "replace")) for part in reversed(parts) if part)
    return f" to {shown}" if shown else ""
