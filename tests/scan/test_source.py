"""Reading, skipping and lines, over files and streams alike."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlpack.core.errors import CorruptFileError
from mlpack.scan.source import Source

CONTENT = bytes(range(256)) * 1000


@given(
    st.booleans(),
    st.lists(st.tuples(st.sampled_from(["skip", "read", "read_bytearray"]), st.integers(0, 90_000)), max_size=8),
)
def test_what_is_read_is_what_lies_there(seekable, steps):
    source = Source(io.BytesIO(CONTENT), "test", end=len(CONTENT) if seekable else None)
    position = 0
    for step, count in steps:
        if position + count > len(CONTENT):
            with pytest.raises(CorruptFileError):
                getattr(source, step)(count)
            return
        read = getattr(source, step)(count)
        assert read is None if step == "skip" else read == CONTENT[position : position + count]
        assert isinstance(read, bytearray) == (step == "read_bytearray")
        position += count
        assert source.position == position
    assert source.at_end() == (position == len(CONTENT))


def test_a_range_ends_where_it_ends():
    source = Source(io.BytesIO(CONTENT), "test", start=10, end=20)
    assert source.read(10) == CONTENT[10:20]
    assert source.at_end()
    with pytest.raises(CorruptFileError):
        source.byte()


def test_lines_are_kept_up_to_a_limit():
    source = Source(io.BytesIO(b"short\n" + b"x" * 100_000 + b"\nend"), "test", end=100_010)
    assert source.line(100) == (b"short", 5)
    assert source.line(10) == (b"x" * 10, 100_000)
    with pytest.raises(CorruptFileError):
        source.line(10)
