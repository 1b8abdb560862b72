"""Declared against stored: what real files hold is let through, what nothing backs is not."""

from __future__ import annotations

import io

import h5py
import numpy as np
import pytest

from mlpack.core.errors import CorruptFileError, UnsafeFileError
from mlpack.scan.hdf5 import read_hdf5

NOISE = np.random.default_rng(0).random((300, 1000))


def written(fill, **options):
    content = io.BytesIO()
    with h5py.File(content, "w", **options) as file:
        fill(file)
    return content.getvalue()


def walked(content):
    return read_hdf5("test", io.BytesIO(content), len(content))


def found_in(fill, **options):
    with pytest.raises(UnsafeFileError) as refusal:
        walked(written(fill, **options))
    (found,) = refusal.value.findings
    return found


def compact(file):
    settings = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    settings.set_layout(h5py.h5d.COMPACT)
    made = h5py.h5d.create(file.id, b"x", h5py.h5t.IEEE_F32LE, h5py.h5s.create_simple((5,)), settings)
    made.write(h5py.h5s.ALL, h5py.h5s.ALL, np.ones(5, np.float32))


HONEST = {
    "contiguous": lambda file: file.create_dataset("x", data=NOISE),
    "chunked": lambda file: file.create_dataset("x", data=NOISE, chunks=(100, 100)),
    "packed": lambda file: file.create_dataset("x", data=NOISE, compression="gzip", shuffle=True, fletcher32=True),
    "rows to come": lambda file: file.create_dataset("x", data=NOISE, maxshape=(None, 1000), chunks=(7, 1000)),
    "packed zeros": lambda file: file.create_dataset("x", data=np.zeros((300, 1000)), compression="gzip"),
    "compact": compact,
    "never written": lambda file: file.create_dataset("x", (300, 1000)),
}


@pytest.mark.parametrize("libver", ["earliest", "latest"])
@pytest.mark.parametrize("name", HONEST)
def test_arrays_of_real_files_are_let_through(name, libver):
    shape = (5,) if name == "compact" else (300, 1000)
    assert walked(written(HONEST[name], libver=libver)).shapes == {"/x": shape}


@pytest.mark.parametrize("libver", ["earliest", "latest"])
def test_a_few_bytes_do_not_stand_for_terabytes(libver):
    for chunks in (None, (1000,)):
        found = found_in(
            lambda file, chunks=chunks: file.create_dataset("x", (10**12,), "f4", chunks=chunks), libver=libver
        )
        assert (found.rule, "1,000,000,000,000 values" in found.message) == ("hdf5/size", True)
        assert found.offset is not None


def test_many_names_of_the_same_bytes_do_not_add_up():
    """Each claims little enough; all of them together do not."""

    def fill(file):
        for index in range(40):
            file.create_dataset(f"x{index}", ((12 << 20) // 4,), "f4", chunks=(1000,))

    assert "unfold to" in found_in(fill).message


def test_a_chunk_larger_than_its_array():
    def fill(file):
        made = file.create_dataset("x", (10,), "f4", maxshape=(None,), chunks=(1 << 28,), compression="gzip")
        assert made.shape == (10,)

    assert found_in(fill).rule == "hdf5/size"


def test_the_tree_of_chunks_is_held_to_the_file():
    content = bytearray(written(HONEST["chunked"]))
    at = content.index(b"TREE\x01")
    content[at + 24 : at + 28] = b"\xff\xff\xff\x7f"  # the size of the first chunk
    with pytest.raises(CorruptFileError, match="damaged"):
        walked(bytes(content))


@pytest.mark.parametrize("number", [4, 5, 6, 307, 32000, 32015])
def test_other_filters_are_refused_by_their_number(number):
    content = written(HONEST["packed zeros"])
    head = bytes([1, 1, 0, 0, 0, 0, 0, 0, 1, 0])
    assert content.count(head) == 1
    with pytest.raises(UnsafeFileError) as refusal:
        walked(content.replace(head, head[:-2] + number.to_bytes(2, "little")))
    assert f"filter {number}" in refusal.value.why


def test_a_table_that_its_parent_remembers_differently_is_refused():
    def fill(file):
        file.create_group("a")["x"] = np.zeros(3)
        file.create_group("b")["y"] = np.zeros(3)

    content = bytearray(written(fill))
    node = content.index(b"SNOD")
    first = content[node + 8 + 24 : node + 8 + 40]
    content[node + 8 + 40 + 24 : node + 8 + 40 + 40] = first  # what is remembered of b is what is known of a
    with pytest.raises(UnsafeFileError, match="refused") as refusal:
        walked(bytes(content))
    assert "/b lists its members twice" in refusal.value.why


def test_a_driver_of_several_files_is_refused():
    content = bytearray(written(HONEST["contiguous"]))
    content[48:56] = (96).to_bytes(8, "little")
    with pytest.raises(UnsafeFileError, match="refused") as refusal:
        walked(bytes(content))
    assert "several files" in refusal.value.why
