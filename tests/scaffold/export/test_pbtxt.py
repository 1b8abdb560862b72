"""Protocol buffers as text, read back by protobuf itself."""

from google.protobuf import struct_pb2, text_encoding, text_format
from hypothesis import given
from hypothesis import strategies as st
from scaffold.cases import HOSTILE

from mlpack.scaffold.export.pbtxt import Word, pbtxt, quoted


@given(st.one_of(st.sampled_from(HOSTILE), st.text()))
def test_any_text_is_read_back(text):
    value = text_format.Parse(pbtxt({"string_value": text}), struct_pb2.Value())
    assert value.string_value == text
    assert text_encoding.CUnescape(quoted(text)[1:-1]) == text.encode()


def test_a_field_a_line():
    message = {
        "name": 'a "b"',
        "most": 3,
        "kind": Word("TYPE_FP32"),
        "dims": [-1, 3],
        "none": [],
        "empty": {},
        "input": [{"name": "x", "reshape": {"shape": []}}, {"name": "y"}],
    }
    assert pbtxt(message).splitlines() == [
        'name: "a \\"b\\""',
        "most: 3",
        "kind: TYPE_FP32",
        "dims: [-1, 3]",
        "none: []",
        "empty {}",
        "input {",
        '  name: "x"',
        "  reshape {",
        "    shape: []",
        "  }",
        "}",
        "input {",
        '  name: "y"',
        "}",
    ]
