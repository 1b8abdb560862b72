"""B-trees of version 1, which list the members of a group and the chunks of a dataset. Format: III.A.1."""

from __future__ import annotations

from collections.abc import Iterator

from mlpack.scan.hdf5.blocks import UNDEFINED, Blocks, number

NAMES, CHUNKS = 0, 1
"""What a tree leads to: tables of names, or chunks."""
_HEAD = 24


def leaves_of(blocks: Blocks, tree: int, kind: int, width: int, most: int) -> Iterator[bytes]:
    """The entries of each leaf from left to right: a key of ``width`` bytes, and the address that it leads to.

    Nodes of a level name their neighbours, and libhdf5 goes from one to the next without looking where it was. There may be
    ``most`` nodes. Raises CorruptFileError.
    """
    nodes, seen, level = [tree], {tree}, blocks.at(tree, _HEAD)[5]
    while nodes:
        below: list[int] = []
        row = [UNDEFINED, *nodes, UNDEFINED]
        for place, address in enumerate(nodes):
            head = blocks.at(address, _HEAD)
            if head[:4] != b"TREE" or head[4] != kind or head[5] != level:
                raise blocks.damaged(f"no tree node at {address:#x}")
            if (number(head, 8, 8), number(head, 16, 8)) != (row[place], row[place + 2]):
                raise blocks.damaged(f"the tree node at {address:#x} has other neighbours than its tree")
            entries = blocks.at(address + _HEAD, (width + 8) * number(head, 6, 2))
            if level:
                below += (number(entries, offset, 8) for offset in range(width, len(entries), width + 8))
            else:
                yield entries
        if len(set(below)) < len(below) or not seen.isdisjoint(below) or len(seen) + len(below) > most:
            raise blocks.damaged("a tree that runs in a circle")
        seen.update(below)
        nodes, level = below, level - 1
