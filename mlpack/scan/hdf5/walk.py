"""The whole file: every dataset with its shape, and the root's text attributes. No data are read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from mlpack.scan.hdf5.blocks import MAGIC, UNDEFINED, Blocks
from mlpack.scan.hdf5.groups import check_table, is_group, members
from mlpack.scan.hdf5.messages import LAYOUT, Message, messages_at
from mlpack.scan.hdf5.storage import check_total
from mlpack.scan.hdf5.values import read_dataset, text_attributes
from mlpack.scan.rules import hdf5

_MAX_OBJECTS = 1_000_000
_MAX_PATH = 100_000


@dataclass(frozen=True)
class Contents:
    """``shapes`` by the path of each dataset, ``names`` of the root's members and attributes, ``texts`` asked for."""

    shapes: Mapping[str, tuple[int, ...]]
    names: frozenset[str]
    texts: Mapping[str, str]


def is_hdf5(path: Path, head: bytes) -> bool:
    """Whether the file is HDF5. A user block of 512, 1024... bytes may stand before it."""
    if head.startswith(MAGIC):
        return True
    size, offset = path.stat().st_size, 512
    with path.open("rb") as file:
        while offset < min(size, 1 << 20):
            file.seek(offset)
            if file.read(len(MAGIC)) == MAGIC:
                return True
            offset *= 2
    return False


def read_hdf5(
    name: str, file: BinaryIO, length: int, texts: frozenset[str] = frozenset(), *, member: str = ""
) -> Contents:
    """Walk ``length`` bytes of HDF5 in ``file``, and read the root's attributes ``texts``.

    ``member`` is the part of the file called ``name`` that they are, empty where they are all of it. Raises
    CorruptFileError; UnsafeFileError for links out of the file, foreign storage, types that no weight has, plug-ins, and
    sizes that are not backed by bytes.
    """
    blocks = Blocks(name, file, length, member)
    if blocks.extension != UNDEFINED:
        messages_at(blocks, blocks.extension)
    root = messages_at(blocks, blocks.root)
    attributes, found = text_attributes(blocks, root, texts)
    if not is_group(root):
        raise blocks.damaged("its root is no group")
    shapes: dict[str, tuple[int, ...]] = {}
    top: set[str] = set()
    declared = 0
    pending = [("", root)]
    seen = {blocks.root}
    while pending:
        prefix, messages = pending.pop()
        for child in members(blocks, messages, prefix):
            if not prefix:
                top.add(child.name)
            path = f"{prefix}/{child.name}"
            if child.table:
                check_table(blocks, child, messages_at(blocks, child.address), path)
            if child.address in seen:
                continue
            seen.add(child.address)
            if len(seen) > _MAX_OBJECTS or len(path) > _MAX_PATH:
                raise blocks.refused(hdf5.SIZE, "it has groups without end")
            inner = messages_at(blocks, child.address)
            text_attributes(blocks, inner, frozenset(), path)
            if _is_inner_group(blocks, inner, path):
                pending.append((path, inner))
            else:
                shapes[path], size = read_dataset(blocks, inner, path)
                declared += size
    check_total(blocks, declared)
    return Contents(shapes, frozenset(attributes | top), found)


def _is_inner_group(blocks: Blocks, messages: Sequence[Message], path: str) -> bool:
    both = is_group(messages) and any(message.kind == LAYOUT for message in messages)
    if both:
        raise blocks.refused(hdf5.TWICE, f"{path} is a group and a dataset at once", messages[0].address)
    return is_group(messages)
