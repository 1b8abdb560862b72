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


@settings(deadline=None)
@given(
    st.lists(st.floats(width=32), max_size=50),
    st.lists(st.integers(-(2**63), 2**63 - 1), max_size=50),
    st.lists(st.one_of(st.binary(max_size=9), st.binary(min_size=120, max_size=300)), max_size=50),
    st.integers(1, 3000),
)
def test_repeats_are_passed_over_to_the_very_end(floats, ints, strings, times):
    from onnx import AttributeProto

    attribute = AttributeProto(name="a", floats=floats * times, ints=ints, strings=strings, doc_string="end")
    data = attribute.SerializeToString()
    found = source(data)
    seen = [one.number for one in fields(found, len(data), frozenset({7, 8, 9}))]
    assert found.at_end()
    assert (seen[0], seen[-1]) == (1, 13)
    assert set(seen[1:-1]) == {number for number, part in ((7, floats), (8, ints), (9, strings)) if part}


def test_a_million_floats_are_passed_over_in_a_moment():
    from onnx import AttributeProto

    data = AttributeProto(floats=[0.5] * 1_000_000, ints=list(range(300_000))).SerializeToString()
    found = source(data)
    assert len(list(fields(found, len(data), frozenset({7, 8})))) < 500
    assert found.steps < 500
