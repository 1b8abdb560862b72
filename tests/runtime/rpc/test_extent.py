"""How many fields a message has: told before it is parsed, whatever stands between them."""

from __future__ import annotations

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from mlpack.runtime.rpc.extent import has_more_fields

EMPTY = b"\x22\x00"
"""A message without fields, as an element of the fourth field: a `message_type` of a file."""


@pytest.mark.parametrize(
    "between",
    [b"", b"\x08\x96\x01", b"\x09" + bytes(8), b"\x0d" + bytes(4), b"\x0a\x03abc", b"\x0b\x0c", b"\x0b\x08\x01\x0c"],
)
def test_what_stands_between_is_counted_too(between):
    raw = (between + EMPTY) * 100
    assert has_more_fields(raw, 99)
    assert not has_more_fields(raw, 400)


@pytest.mark.parametrize("end", [b"\x0a", b"\x0a\x7f", b"\x0f", b"\xff" * 100_000, b"\x80" * 100_000])
def test_an_end_that_is_none_hides_nothing(end):
    assert has_more_fields(EMPTY * 100 + end, 99)
    assert not has_more_fields(end, 99)


def test_a_short_message_is_not_looked_at():
    assert not has_more_fields(EMPTY * 100, 100)


@given(st.binary(max_size=200), st.integers(0, 100))
def test_nothing_that_is_parsed_has_more_than_was_told(raw, most):
    try:
        parsed = FileDescriptorProto.FromString(raw)
    except DecodeError:
        return
    if not has_more_fields(raw, most):
        assert len(parsed.message_type) + len(parsed.dependency) + len(parsed.service) <= most
