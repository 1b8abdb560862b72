"""What of a file's values stands in a message."""

from __future__ import annotations

import pytest
from scan.endless import endless

from mlpack.scan.plainly import shown


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("a text", "'a text'"),
        (b"\x00", "b'\\x00'"),
        (None, "None"),
        (1.5, "1.5"),
        ("x" * 200, f"'{'x' * 80}'"),
        (1 << 2000, str(1 << 2000)[:80]),
    ],
)
def test_plain_values_are_written_as_python_does(value, told):
    assert shown(value) == told


def test_what_unfolds_without_end_is_named_by_its_type():
    assert shown(endless()) == "a tuple"


def test_a_text_that_writes_itself_otherwise_is_not_asked():
    class Text(str):
        __slots__ = ()

        def __repr__(self):
            raise AssertionError

    assert shown(Text("a")) == "a Text"
