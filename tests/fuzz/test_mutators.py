"""Mutations give bytes, the same for the same chance, and leave most of their structure whole."""

from __future__ import annotations

import io
import pickle
import pickletools
import zipfile
from random import Random

import pytest
from fuzz.mutators.documents import changed_json
from fuzz.mutators.hdf5 import lookup3
from fuzz.mutators.messages import changed_message, parsed, written
from fuzz.mutators.opcodes import changed_pickle, split
from fuzz.mutators.zips import members_of, packed
from fuzz.seeds import documents
from fuzz.target import all_targets

VALUE = {"a": [1, (2.5, None, "é" * 300)], b"b": {1, 2}}


@pytest.fixture(scope="module")
def onnx_seeds(tmp_path_factory):
    folder = tmp_path_factory.mktemp("seeds")
    documents.write_onnx(folder)
    return [file.read_bytes() for file in sorted((folder / "onnx").iterdir())]


@pytest.mark.parametrize("protocol", range(6))
def test_pickles_are_split_into_their_opcodes(protocol):
    data = pickle.dumps(VALUE, protocol)
    offsets = [at for _, _, at in pickletools.genops(data)]
    assert b"".join(split(data)) == data
    assert [len(b"".join(split(data)[:index])) for index in range(len(offsets))] == offsets


def test_messages_are_parsed_and_written(onnx_seeds):
    for data in onnx_seeds:
        assert written(parsed(data)) == data


def test_archives_are_packed_as_they_were():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/b.json", "{}" * 100)
    with zipfile.ZipFile(io.BytesIO(packed(members_of(buffer.getvalue()), {}))) as again:
        assert again.read("a/b.json") == b"{}" * 100
        assert again.testzip() is None


def test_checksums_are_those_of_lookup3():
    assert lookup3(b"Four score and seven years ago") == 0x17770551
    assert lookup3(b"") == 0xDEADBEEF


@pytest.mark.parametrize("name", all_targets())
def test_every_mutation_takes_any_bytes(name, onnx_seeds):
    mutate = all_targets()[name].mutate
    seeds = [pickle.dumps(VALUE, 4), b'{"a": [1, {"b": null}]}', *onnx_seeds, b"", b"\x00", b"PK\x03\x04", b"\x1f\x8b"]
    for chance in range(600):
        data = seeds[chance % len(seeds)]
        changed = mutate(data, Random(chance), seeds)
        assert isinstance(changed, bytes)
        assert changed == mutate(data, Random(chance), seeds)


@pytest.mark.parametrize("change", [changed_pickle, changed_json, changed_message])
def test_mutations_change_something(change, onnx_seeds):
    data = {changed_pickle: pickle.dumps(VALUE, 4), changed_json: b'{"a": [1, {"b": null}]}'}.get(change, onnx_seeds[0])
    assert len({change(data, Random(chance), [data]) for chance in range(200)}) > 100
