"""What fuzzing found: each input once broke its reader, and is now taken or refused in words."""

from __future__ import annotations

import io
import json
import pickle
from pathlib import Path

import h5py
import numpy as np
import pytest
from fuzz.guard import Guard
from fuzz.mutators.messages import Part, parsed, written
from fuzz.mutators.zips import Member, packed
from fuzz.outcome import execute
from fuzz.seeds import documents
from fuzz.target import all_targets


@pytest.fixture
def taken(tmp_path, monkeypatch):
    """Whether a target takes an input; raises for what is neither that nor a refusal."""
    monkeypatch.chdir(tmp_path)
    return lambda name, data: execute(all_targets()[name], data, Guard(tmp_path))


def keras_weights(**attributes: str) -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.attrs.update(attributes)
    return buffer.getvalue()


def onnx_product(folder: Path) -> bytes:
    documents.write_onnx(folder)
    return (folder / "onnx" / "product").read_bytes()


@pytest.mark.parametrize("name", ["archive", "torch", "members"])
def test_a_directory_that_begins_behind_itself(taken, name):
    """It put the members before the beginning of the file."""
    whole = [Member(b"archive/data.pkl", pickle.dumps({}, 2)), Member(b"archive/version", b"3\n")]
    assert taken(name, packed(whole, {}))
    assert taken(name, packed(whole, {6: 1 << 20})) == (name == "members")


def test_a_directory_of_several_behind_other_bytes(taken):
    """Python's own question whether it is a zip raised."""
    whole = packed([Member(b"a", b"b")], {})
    locator = b"PK\x06\x07" + bytes(12) + (7).to_bytes(4, "little")
    assert taken("members", b"other" + whole[:-22] + locator + whole[-22:])


@pytest.mark.parametrize("name", [["Dense"], {"a": 1}, None, "Dense", "mine>Dense"])
def test_a_registered_name_that_is_no_name(taken, name):
    layer = {"module": "keras.layers", "class_name": "Dense", "registered_name": name, "config": {"units": 1}}
    assert taken("keras-config", json.dumps({"class_name": "Sequential", "config": {"layers": [layer]}}).encode())
    assert taken("keras-config", json.dumps({**layer, "module": None}).encode())


def test_a_vocabulary_of_a_class_that_is_no_name(taken):
    vocabulary = {"class_name": ["__numpy__"], "config": {"value": []}}
    assert taken("keras-config", json.dumps({"class_name": "StringLookup", "vocabulary": vocabulary}).encode())


@pytest.mark.parametrize("wire", [1, 2, 5])
def test_an_opset_version_of_another_kind(taken, wire, tmp_path):
    """onnx does not read it; we took its bits for the version."""
    parts = parsed(onnx_product(tmp_path))
    opset = next(part for part in parts if part.field == 8)
    opset.value = [Part(2, wire, b"18" if wire == 2 else 18)]
    assert taken("onnx-agree", written(parts))


def test_a_text_that_ends_before_its_end(taken):
    """libhdf5 reads as far as the first zero."""
    data = keras_weights(keras_version="3.10.0")
    assert taken("hdf5-open", data)
    assert taken("hdf5-open", data.replace(b"3.10.0", b"3.1\x00.0"))


def test_free_space_of_no_size(taken):
    """libhdf5 1.14 goes round and round in it."""
    data = bytearray(keras_weights(keras_version="3.10.0"))
    at = data.index(b"GCOL") + 16
    while int.from_bytes(data[at : at + 2], "little"):
        at += 16 + -(-int.from_bytes(data[at + 8 : at + 16], "little") // 8) * 8
    assert int.from_bytes(data[at + 8 : at + 16], "little") > 16
    data[at + 8 : at + 16] = bytes(8)
    assert not taken("hdf5-open", bytes(data))
    assert not taken("hdf5", bytes(data))


@pytest.mark.parametrize(
    "line", [b"I-0", b"I 1", b"I+1", b"I1_0", b"I09", b"L 1L", b"L1_0L", b"F1_0", b"F 1", b"F+1.0"]
)
def test_numbers_that_readers_read_differently(taken, line):
    assert not taken("pickle-load", line + b"\n.")


@pytest.mark.parametrize(
    "line", [b"I00", b"I01", b"I0", b"I1", b"I-12", b"L-120L", b"L1", b"F-1.5", b"F1e+300", b"Finf", b"F-nan"]
)
def test_numbers_that_picklers_write(taken, line):
    assert taken("pickle-load", line + b"\n.")


def test_fields_of_a_type_that_are_a_text(taken):
    """They were asked for their values, as a dictionary is."""
    make, arguments, state = np.dtype([("a", "f8")]).__reduce__()

    class Lying:
        def __reduce__(self):
            return make, arguments, (*state[:4], "a", *state[5:])

    assert not taken("pickle-load", pickle.dumps(Lying(), 2))
