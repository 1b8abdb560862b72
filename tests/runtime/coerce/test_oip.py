from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays, scalar_dtypes

from mlpack.runtime.coerce.oip import (
    DATATYPES,
    array_of_bytes,
    bytes_of_array,
    datatype_of,
    datatype_of_array,
    shape_of,
)
from mlpack.runtime.errors import MalformedError
from mlpack.runtime.signature import TensorSpec


@given(arrays(scalar_dtypes().filter(lambda dtype: dtype.name in DATATYPES), array_shapes(min_dims=0, min_side=0)))
def test_numbers_come_back_bit_by_bit(array):
    back = array_of_bytes(bytes_of_array(array), datatype_of_array(array), array.shape)
    assert back.dtype == array.dtype.newbyteorder("=")
    assert back.shape == array.shape
    assert back.tobytes() == array.astype(back.dtype).tobytes()


@given(st.lists(st.text(), max_size=5))
def test_texts_come_back(texts):
    array = np.array([*texts, ""], dtype=object)[: len(texts)]
    assert array_of_bytes(bytes_of_array(array), "BYTES", [len(texts)]).tolist() == texts


def test_texts_have_their_length_in_four_bytes_before_them():
    assert bytes_of_array(np.array(["né", ""], dtype=object)) == b"\x03\x00\x00\x00n\xc3\xa9\x00\x00\x00\x00"


def test_bfloat16_goes_by_its_bits():
    import ml_dtypes

    array = np.array([1.5, -2.0], dtype=ml_dtypes.bfloat16)
    assert datatype_of_array(array) == "BF16"
    assert array_of_bytes(bytes_of_array(array), "BF16", [2]).tolist() == [1.5, -2.0]


def test_an_array_is_aligned_whatever_it_is_a_part_of():
    raw = memoryview(b"x" + np.arange(4, dtype=np.float64).tobytes())[1:]
    array = array_of_bytes(raw, "FP64", [4])
    assert array.flags.aligned
    assert array.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("raw", "datatype", "shape", "reason"),
    [
        (b"\0" * 4, "FP32", [2], "has 4 bytes, and 8 go into [2] of FP32"),
        (b"\0" * 8, "FP32", [-2], "has a shape that no array has: [-2]"),
        (b"", "FP32", [0] * 40, "has a shape that no array has"),
        (b"", "FP32", [0, 1 << 41], "has a shape that no array has"),
        (b"", "FP32", [0, 1 << 30, 1 << 30, 1 << 30], "has a shape that no array has"),
        (b"\2", "BOOL", [1], "has a byte other than 0 and 1 in it"),
        (b"\0", "COMPLEX", [1], "is of 'COMPLEX', and not one of BOOL"),
        (b"\5\0\0\0ab", "BYTES", [1], "has a string in it that is longer than its bytes"),
        (b"\1\0", "BYTES", [1], "has a string in it that is longer than its bytes"),
        (b"\1\0\0\0\xff", "BYTES", [1], "has a string in it that is no UTF-8"),
        (b"\1\0\0\0a", "BYTES", [2], "has 1 strings, and 2 go into [2]"),
    ],
)
def test_what_does_not_fit_is_refused(raw, datatype, shape, reason):
    with pytest.raises(MalformedError) as refused:
        array_of_bytes(raw, datatype, shape, "age")
    assert refused.value.message.startswith("the tensor 'age' ")
    assert reason in refused.value.message


@given(st.binary(max_size=40), st.sampled_from([*DATATYPES.values(), "X"]), st.lists(st.integers(), max_size=4))
def test_any_bytes_are_an_array_or_refused(raw, datatype, shape):
    try:
        array = array_of_bytes(raw, datatype, shape)
    except MalformedError:
        return
    assert list(array.shape) == shape


def test_specs_have_the_names_of_the_protocol():
    spec = TensorSpec("image", "float32", ("batch", 28, "width"))
    assert datatype_of(spec) == "FP32"
    assert shape_of(spec) == [-1, 28, -1]
    assert datatype_of(TensorSpec("text", "string", ("batch",))) == "BYTES"
