"""NumPy's array files, read as NumPy writes them."""

from __future__ import annotations

import io

import numpy as np
import pytest

from mlpack.scan.numpy_files import is_npy, judge_npy
from mlpack.scan.source import Source

ARRAYS = [
    np.zeros(3),
    np.zeros((0, 4)),
    np.array(7),
    np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    np.array(["ü", "abc"]),
    np.array([b"x"]),
    np.array(["2020-01-01"], dtype="datetime64[D]"),
    np.array([(1, (2.0, 3.0))], dtype=[("a", "<i4"), ("b", "<f8", (2,))]),
    np.array([((1,),)], dtype=[("outer", [("größe", "<i4")])]),
    np.zeros(1, dtype=[(f"column {number}", "<f8") for number in range(3000)]),
]


def saved(array):
    data = io.BytesIO()
    np.save(data, array)
    return data.getvalue()


def judged(data):
    return judge_npy(Source(io.BytesIO(data), "test", end=len(data)))


@pytest.mark.filterwarnings("ignore:Stored array in format")
@pytest.mark.parametrize("array", ARRAYS[:-1])
def test_honest_arrays(array):
    data = saved(array)
    assert is_npy(data)
    assert judged(data) == ()


@pytest.mark.parametrize("array", [np.array([1, None]), np.array([(1, None)], dtype=[("a", "i4"), ("b", "O")])])
def test_objects_are_found(array):
    assert [finding.rule for finding in judged(saved(array))] == ["numpy/objects"]


def test_a_header_that_numpy_would_not_read_by_itself():
    """Format 2 and longer than 10,000 characters."""
    with pytest.warns(UserWarning, match="Stored array in format"):
        data = saved(ARRAYS[-1])
    assert [finding.rule for finding in judged(data)] == ["numpy/header"]


@pytest.mark.parametrize("change", [lambda data: data + b"x", lambda data: data[:-1]])
def test_a_length_that_is_not_the_headers(change):
    assert [finding.rule for finding in judged(change(saved(np.zeros(3))))] == ["numpy/length"]


@pytest.mark.parametrize("cut", [0, 5, 7, 9, 60])
def test_cut_in_the_header(cut):
    assert [finding.rule for finding in judged(saved(np.zeros(3))[:cut])] == ["numpy/header"]
