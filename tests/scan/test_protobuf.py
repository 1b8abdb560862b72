"""The wire reader against protobuf itself."""

from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlpack.core.errors import CorruptFileError
from mlpack.scan.protobuf import fields, numbers, signed, text, varint
from mlpack.scan.source import Source


def source(data):
    return Source(io.BytesIO(data), "test", end=len(data))


@settings(deadline=None)
@given(st.integers(-(2**63), 2**63 - 1))
def test_numbers_are_those_that_protobuf_wrote(value):
    from onnx import TensorProto

    data = TensorProto(dims=[value]).SerializeToString()
    found = source(data)
    assert [numbers(found, one) for one in fields(found, len(data))] == [[value]]


@settings(deadline=None)
@given(st.integers(-(2**63), 2**63 - 1), st.text(max_size=30), st.text(max_size=30))
def test_a_message_field_by_field(version, producer, domain):
    from onnx import ModelProto

    data = ModelProto(ir_version=version, producer_name=producer, domain=domain).SerializeToString()
    found = source(data)
    read = {one.number: text(found, one) if one.wire == 2 else signed(one.value) for one in fields(found, len(data))}
    assert read == {1: version, 2: producer, 4: domain}


@pytest.mark.parametrize(
    "data", [b"\x08", b"\x08\xff", b"\x0a\x05abc", b"\x00\x00", b"\x0b", b"\x0f", b"\x08" + b"\xff" * 11]
)
def test_what_is_no_protobuf_is_corrupt(data):
    with pytest.raises(CorruptFileError):
        list(fields(source(data), len(data)))


def test_a_varint_ends_after_ten_bytes():
    assert varint(source(b"\xff" * 9 + b"\x01")) == 2**64 - 1
    with pytest.raises(CorruptFileError):
        varint(source(b"\xff" * 10 + b"\x01"))
