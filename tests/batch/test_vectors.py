from __future__ import annotations

import subprocess
import sys

import numpy as np
import pyarrow as pa
import pytest

from mlpack.batch.vectors import column_of, vector

TYPES = [
    pa.float64(), pa.float32(), pa.float16(), pa.bool_(), pa.int8(), pa.int64(), pa.uint8(), pa.uint64(),
]  # fmt: skip


def values_of(type_, values):
    kinds = {pa.float16(): np.float16, pa.bool_(): bool}
    return pa.array([None if one is None else kinds.get(type_, int)(one) for one in values], type_)


@pytest.mark.parametrize("type_", TYPES, ids=str)
@pytest.mark.parametrize("cut", [slice(0, 5), slice(1, 4), slice(3, 3)], ids=["all", "middle", "nothing"])
def test_a_column_is_the_array_that_pyarrow_makes_of_it(type_, cut):
    column = values_of(type_, [1, 0, 1, 1, 0])[cut]
    expected = column.to_numpy(zero_copy_only=False)
    assert vector(column).dtype == expected.dtype
    np.testing.assert_array_equal(vector(column), expected)


@pytest.mark.parametrize("type_", [one for one in TYPES if one != pa.bool_()], ids=str)
def test_null_is_nan(type_):
    column = values_of(type_, [7, 1, None, 0, None])[1:]
    expected = column.to_numpy(zero_copy_only=False)
    assert vector(column).dtype == expected.dtype
    np.testing.assert_array_equal(vector(column), expected)


def test_a_whole_number_beyond_those_of_float64_is_the_nearest():
    np.testing.assert_array_equal(vector(pa.array([2**53 + 1, None], pa.int64())), [2.0**53, np.nan])


def test_numbers_lie_where_they_lay():
    column = pa.array(np.arange(5.0))
    assert np.shares_memory(vector(column), np.frombuffer(column.buffers()[1]))


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bool", "int8", "int64", "uint64"])
def test_an_array_is_the_column_that_pyarrow_makes_of_it(dtype):
    array = np.array([1, 0, 3, 0, 1]).astype(dtype)[::2]
    assert column_of(array).equals(pa.array(array))
    np.testing.assert_array_equal(vector(column_of(array)), array)


def test_nan_is_not_null():
    assert column_of(np.array([1.5, np.nan])).null_count == 0


def test_pandas_is_not_imported():
    code = (
        "import sys, numpy as np; from mlpack.batch.vectors import column_of, vector\n"
        "for dtype in (float, np.float32, int, bool): vector(column_of(np.ones(3, dtype)))\n"
        "assert 'pandas' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
