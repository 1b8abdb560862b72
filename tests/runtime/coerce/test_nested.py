"""Rows that are tensors: images, sequences, several inputs, and inputs without a batch axis."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mlpack.runtime.coerce.fields import numpy_dtype
from mlpack.runtime.coerce.rows import Rows
from mlpack.runtime.errors import ContractError
from mlpack.runtime.signature import Signature, TensorSpec


def rows_of(*inputs: TensorSpec, **knowledge: Any) -> Rows:
    return Rows(Signature(inputs, **knowledge))


IMAGE = TensorSpec("image", "uint8", ("batch", 2, 3, 1))
IDS = TensorSpec("ids", "int64", ("batch", "sequence"))
MASK = TensorSpec("mask", "bool", ("batch", "sequence"))


@given(
    arrays.arrays(
        st.sampled_from([np.float32, np.float64, np.int8, np.uint64, np.bool_]),
        arrays.array_shapes(min_dims=3, max_dims=4, min_side=1, max_side=4),
        elements={"allow_nan": False, "allow_infinity": False},
    ),
    st.booleans(),
)
def test_nested_lists_become_the_array_that_they_were(array, typed):
    rows = rows_of(TensorSpec("x", array.dtype.name, ("batch", *array.shape[1:-1], "last")))
    made = rows.feed_of_instances(array.tolist(), typed=typed)["x"]
    assert made.dtype == array.dtype
    assert np.array_equal(made, array)


@pytest.mark.parametrize(
    ("instances", "message"),
    [
        ([[[[1], [2], [3]], [[4], [5]]]], r"^instances\[0\]\[1\]: 2 values, and 3 belong there$"),
        ([[[[1], [2], [3]], 7]], r"^instances\[0\]\[1\]: 7 stands where a list belongs$"),
        ([5], r"^instances\[0\]: 5 stands where a list belongs$"),
        (["abc"], r"^instances\[0\]: \"abc\" stands where a list belongs$"),
        ([[[[1], [2], [3]], [[4], [5], [256]]]], r"^instances\[0\]\[1\]\[2\]\[0\]: 256 is beyond uint8"),
        ([[[[1], [2], [3]], [[4], [5], [None]]]], r"^instances\[0\]\[1\]\[2\]\[0\]: null"),
        ([[[[1], [2], [3]], [[4], [5], [[1]]]]], r"^instances\[0\]\[1\]\[2\]\[0\]: a list is no whole number"),
        ([[]], r"^instances\[0\]: 0 values, and 2 belong there$"),
    ],
)
def test_a_shape_that_is_none_is_named(instances, message):
    with pytest.raises(ContractError, match=message):
        rows_of(IMAGE).feed_of_instances(instances)


def test_sequences_of_one_request_have_one_length():
    rows = rows_of(IDS, MASK, ranges={"ids": (0, 9)})
    feed = rows.feed_of_instances([{"ids": [1, 2], "mask": [True, False]}, {"mask": [True, True], "ids": [3, 9]}])
    assert feed["ids"].tolist() == [[1, 2], [3, 9]]
    assert feed["mask"].dtype == np.bool_
    good = {"ids": [1, 2], "mask": [True, False]}
    for bad, message in (
        ({"ids": [1, 2, 3], "mask": [True] * 3}, r"^instances\[1\]\.ids: 3 values, and 2 belong there$"),
        ({"ids": [1, 2], "mask": [True]}, r"^instances\[1\]\.mask: 1 values, and 2 belong there$"),
        ({"ids": [1, 10], "mask": [True] * 2}, r"^instances\[1\]\.ids\[1\]: 10 is more than 9$"),
        ({"ids": [1, 2], "mask": [True, 1]}, r"^instances\[1\]\.mask\[1\]: 1 is no truth value$"),
        ({"ids": [1, 2]}, r"^instances\[1\]: the input 'mask' is missing$"),
        ({**good, "more": []}, r"^instances\[1\]: there is no input 'more'$"),
        ([1, 2], r"^instances\[1\]: an object is wanted, with ids, mask$"),
    ):
        with pytest.raises(ContractError, match=message):
            rows.feed_of_instances([good, bad])


def test_a_sequence_is_not_empty():
    """Some libraries end the process on one."""
    with pytest.raises(ContractError, match=r"^instances\[0\]: an empty list$"):
        rows_of(IDS).feed_of_instances([[]])


def test_no_rows_have_the_right_shape():
    assert rows_of(IMAGE).feed_of_instances([])["image"].shape == (0, 2, 3, 1)
    feed = rows_of(IDS, MASK).feed_of_instances([])
    assert {name: array.shape for name, array in feed.items()} == {"ids": (0, 1), "mask": (0, 1)}


def test_a_batch_axis_may_be_any():
    made = rows_of(TensorSpec("x", "float32", ("time", "batch", 2))).feed_of_instances(
        [[[1, 2], [3, 4], [5, 6]], [[7, 8], [9, 10], [11, 12]]]
    )["x"]
    assert made.shape == (3, 2, 2)
    assert made[:, 1].tolist() == [[7, 8], [9, 10], [11, 12]]
    assert made.flags.c_contiguous


@pytest.mark.parametrize("dtype", ["float32", "string", "bfloat16"])
def test_an_input_without_a_batch_axis_is_the_same_in_every_row(dtype):
    one, other = ("a", "b") if dtype == "string" else (0.5, 0.25)
    rows = rows_of(TensorSpec("x", "float32", ("batch", 2, 2)), TensorSpec("t", dtype, ()))
    x = [[1, 2], [3, 4]]
    feed = rows.feed_of_instances([{"x": x, "t": one}, {"x": x, "t": one}])
    assert (feed["t"].shape, feed["t"].dtype, feed["t"].item()) == ((), numpy_dtype(dtype), one)
    with pytest.raises(ContractError, match="is the same in every instance"):
        rows.feed_of_instances([{"x": x, "t": one}, {"x": x, "t": other}])
    with pytest.raises(ContractError, match="needs one instance"):
        rows.feed_of_instances([])


def test_missing_values_in_a_tensor():
    spec = TensorSpec("x", "float64", ("batch", "time", 1))
    made = rows_of(spec, missing=("x",)).feed_of_instances([[[1.0], [None], [math.nan]]])["x"]
    assert np.isnan(made.ravel()).tolist() == [False, True, True]
    with pytest.raises(ContractError, match=r"^instances\[0\]\[1\]\[0\]: null"):
        rows_of(spec).feed_of_instances([[[1.0], [None]]])


def test_inputs_come_one_by_one_too():
    rows = rows_of(TensorSpec("x", "float32", ("batch", 2, 2)), IDS)
    x, ids = [[[1, 2], [3, 4]], [[5, 6], [7, 8]]], [[1, 2, 3], [4, 5, 6]]
    expected = rows.feed_of_instances([{"x": one, "ids": other} for one, other in zip(x, ids, strict=True)])
    for feed in (
        rows.feed_of_columns({"ids": ids, "x": x}, 2),
        rows.feed_of_columns({"x": np.array(x, np.float64), "ids": np.array(ids)}, 2),
        rows.feed_of_tuples(list(zip(x, ids, strict=True))),
    ):
        assert {name: array.tolist() for name, array in feed.items()} == {
            name: array.tolist() for name, array in expected.items()
        }
    with pytest.raises(ContractError, match=r"^instances\[1\]\.ids\[0\]: 4\.5 is no whole number$"):
        rows.feed_of_columns({"x": x, "ids": [[1, 2], [4.5, 5]]}, 2)
