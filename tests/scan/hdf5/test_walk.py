"""Our walk sees what libhdf5 sees, and survives what libhdf5 does not."""

from __future__ import annotations

import contextlib
import io
import math

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlpack.core.errors import CorruptFileError, UnsafeFileError
from mlpack.scan.hdf5 import is_hdf5, read_hdf5


def written(fill, **options):
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", **options) as file:
        fill(file)
    return buffer.getvalue()


def walked(content, *texts):
    return read_hdf5("test", io.BytesIO(content), len(content), frozenset(texts))


def shapes_by_h5py(content):
    found = {}
    with h5py.File(io.BytesIO(content), "r") as file:
        file.visititems(
            lambda name, item: found.update({f"/{name}": item.shape}) if isinstance(item, h5py.Dataset) else None
        )
    return found


def layers(count):
    def fill(file):
        for index in range(count):
            group = file.create_group(f"model/layer_{index}/vars")
            group["0"] = np.zeros((index, 3), np.float32)
            group.create_dataset("1", (4,), "f2", chunks=(2,), compression="gzip")
        file["scalar"] = 3.0
        file["text"] = np.bytes_(b"words")
        file["flags"] = np.array([True, False])
        file.attrs["model_config"] = "ü" * 100_000
        file.attrs["fixed"] = np.bytes_(b"abc")
        file.attrs["backend"] = "torch"
        file.attrs["list"] = ["a", "b"]

    return fill


@pytest.mark.parametrize("count", [0, 1, 9, 600])
def test_every_dataset_is_found(count):
    content = written(layers(count))
    seen = walked(content, "model_config", "backend", "fixed", "list")
    assert seen.shapes == shapes_by_h5py(content)
    assert seen.texts == {"model_config": "ü" * 100_000, "backend": "torch", "fixed": "abc"}
    assert {"model_config", "backend", "scalar"} <= seen.names


@pytest.mark.parametrize(
    "options", [{"libver": "latest"}, {"track_order": True}, {"userblock_size": 1024}, {"libver": "v108"}]
)
def test_other_layouts_are_read_as_well(options):
    def fill(file):
        file.create_group("a/b")["c"] = np.zeros((2, 5))
        file["d"] = np.arange(3)
        file.attrs["backend"] = "jax"

    content = written(fill, **options)
    seen = walked(content, "backend")
    assert seen.shapes == shapes_by_h5py(content) == {"/a/b/c": (2, 5), "/d": (3,)}
    assert seen.texts == {"backend": "jax"}


def test_large_groups_of_the_newest_layout_are_refused_and_not_misread():
    content = written(layers(30), libver="latest")
    with pytest.raises(UnsafeFileError, match="refused"):
        walked(content)


def test_a_user_block_hides_nothing(tmp_path):
    path = tmp_path / "model"
    path.write_bytes(written(layers(1), userblock_size=512))
    assert is_hdf5(path, path.read_bytes()[:100])
    path.write_bytes(b"\0" * 5000)
    assert not is_hdf5(path, path.read_bytes()[:100])


def test_hard_links_in_a_circle_are_walked_once():
    def fill(file):
        file.create_group("a")["up"] = file["/"]
        file["again"] = file["a"]

    assert walked(written(fill)).shapes == {}


CONTENT = written(layers(3))


@settings(max_examples=600, deadline=None)
@given(st.data())
def test_damage_is_read_or_refused(data):
    content = bytearray(CONTENT)
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(content) - 1))
        content[at] = data.draw(st.sampled_from([0, 1, 2, 0x7F, 0x80, 0xFF, content[at] ^ 1]))
    with contextlib.suppress(CorruptFileError, UnsafeFileError):
        seen = walked(bytes(content), "model_config")
        assert all(math.prod(shape) >= 0 for shape in seen.shapes.values())


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(CONTENT) - 1))
def test_truncation_is_corrupt(cut):
    with pytest.raises(CorruptFileError):
        walked(CONTENT[:cut])
