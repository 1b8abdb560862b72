"""Trees of names and of chunks: libhdf5's own of several levels are walked, and none whose nodes lead astray."""

from __future__ import annotations

import io

import h5py
import numpy as np
import pytest

from mlpack.core.errors import CorruptFileError
from mlpack.scan.hdf5 import read_hdf5

LEFT, RIGHT = 8, 16


def walked(data):
    return read_hdf5("model.h5", io.BytesIO(data), len(data), frozenset())


def written(fill):
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", libver="earliest") as file:
        fill(file)
    return buffer.getvalue()


def many_members(file):
    for number in range(3000):
        file.create_dataset(f"weights {number}", data=np.zeros(2))


def many_chunks(file):
    file.create_dataset("kernel", data=np.arange(40_000.0).reshape(200, 200), chunks=(4, 4))


def nodes(data):
    at = -1
    while (at := data.find(b"TREE", at + 1)) >= 0:
        yield at


@pytest.mark.parametrize(("fill", "count"), [(many_members, 3000), (many_chunks, 1)])
def test_trees_of_several_levels_are_walked(fill, count):
    data = written(fill)
    assert max(data[at + 5] for at in nodes(data)) > 0, "more than one level"
    assert len(walked(data).shapes) == count


@pytest.mark.parametrize("fill", [many_members, many_chunks])
@pytest.mark.parametrize("side", [LEFT, RIGHT])
def test_a_node_with_another_neighbour_than_its_tree_is_damaged(fill, side):
    """libhdf5 follows neighbours: a node that names itself kept it for ever."""
    whole = written(fill)
    for at in list(nodes(whole))[:3]:
        data = bytearray(whole)
        data[at + side : at + side + 8] = at.to_bytes(8, "little")
        with pytest.raises(CorruptFileError):
            walked(bytes(data))
