"""The whole file: every dataset with its shape, and the root's text attributes. No data are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from mlpack.scan.hdf5.blocks import MAGIC, Blocks
from mlpack.scan.hdf5.groups import is_group, members
from mlpack.scan.hdf5.values import dataset_shape, text_attributes

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


def read_hdf5(name: str, file: BinaryIO, length: int, texts: frozenset[str] = frozenset()) -> Contents:
    """Walk ``length`` bytes of HDF5 in ``file``, and read the root's attributes ``texts``.

    Raises CorruptFileError; UnsafeFileError for links out of the file, foreign storage, and types that no weight has.
    """
    blocks = Blocks(name, file, length)
    root = blocks.messages(blocks.root)
    attributes, found = text_attributes(blocks, root, texts)
    if not is_group(root):
        raise blocks.damaged("its root is no group")
    shapes: dict[str, tuple[int, ...]] = {}
    top: set[str] = set()
    pending = [("", root)]
    seen = {blocks.root}
    while pending:
        prefix, messages = pending.pop()
        for key, address in members(blocks, messages, prefix):
            if not prefix:
                top.add(key)
            if address in seen:
                continue
            seen.add(address)
            path = f"{prefix}/{key}"
            if len(seen) > _MAX_OBJECTS or len(path) > _MAX_PATH:
                raise blocks.refused("it has groups without end")
            inner = blocks.messages(address)
            if is_group(inner):
                pending.append((path, inner))
            else:
                shapes[path] = dataset_shape(blocks, inner, path)
    return Contents(shapes, frozenset(attributes | top), found)
