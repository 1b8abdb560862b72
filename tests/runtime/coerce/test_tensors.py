"""Whole tensors, held against a signature."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlpack.runtime.coerce.fields import numpy_dtype
from mlpack.runtime.coerce.oip import DATATYPES
from mlpack.runtime.coerce.rows import Rows
from mlpack.runtime.coerce.tensors import Tensors, tensor_of_values
from mlpack.runtime.errors import ContractError, MalformedError
from mlpack.runtime.signature import Signature, TensorSpec

MATRIX = TensorSpec("x", "float32", ("batch", 2))


def sample(dtype: str, *shape: int) -> np.ndarray[Any, Any]:
    array = np.ones(shape, dtype=numpy_dtype(dtype))
    return np.full(shape, "a", dtype=object) if dtype == "string" else array


@pytest.mark.parametrize("dtype", DATATYPES)
def test_tensors_of_every_datatype_pass_untouched_and_none_is_cast(dtype):
    signature = Signature((TensorSpec("x", dtype, ("batch", 2)),))
    array = sample(dtype, 3, 2)
    assert Tensors(signature).feed({"x": array})["x"] is array
    assert Tensors(signature).feed({"x": array[:0]})["x"].shape == (0, 2)
    for other in DATATYPES:
        if other != dtype:
            with pytest.raises(ContractError, match=rf"^x: {DATATYPES[other]}, and the model takes {DATATYPES[dtype]}"):
                Tensors(signature).feed({"x": sample(other, 3, 2)})


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ({}, "the input 'x' is missing"),
        ({"x": np.ones((1, 2), np.float32), "y": np.ones(1)}, "there is no input 'y'; there are x"),
        ({"x": np.ones(2, np.float32)}, r"^x: \[2\], and the model takes \[batch, 2\]$"),
        ({"x": np.ones((1, 3), np.float32)}, r"^x: \[1, 3\], and the model takes \[batch, 2\]$"),
        ({"x": np.array([[1, 2], [3, np.nan]], np.float32)}, r"^x\[1\]\[1\]: NaN is no finite number$"),
        ({"x": np.array([[1, -np.inf]], np.float32)}, r"^x\[0\]\[1\]: -Infinity is no finite number$"),
    ],
)
def test_what_does_not_fit_is_named(named, message):
    with pytest.raises(ContractError, match=message):
        Tensors(Signature((MATRIX,))).feed(named)


def test_axes_of_one_name_have_one_size():
    signature = Signature((TensorSpec("ids", "int64", ("batch", "s")), TensorSpec("mask", "int64", ("batch", "s"))))
    good = np.ones((2, 3), np.int64)
    assert set(Tensors(signature).feed({"mask": good, "ids": good})) == {"ids", "mask"}
    for bad, name, size in ((good[:1], "batch", 2), (good[:, :2], "s", 3)):
        with pytest.raises(ContractError, match=rf"^mask: .* and here {name} is {size}$"):
            Tensors(signature).feed({"ids": good, "mask": bad})
    with pytest.raises(ContractError, match="empty axis"):
        Tensors(signature).feed({"ids": good[:, :0], "mask": good[:, :0]})


def test_columns_are_named_where_they_have_names():
    signature = Signature(
        (MATRIX,),
        columns={"x": ("age", "pay")},
        missing=("age",),
        closed=("pay",),
        categories={"pay": (1, 2)},
        ranges={"age": (0, 100)},
    )
    assert Tensors(signature).feed({"x": np.array([[np.nan, 1], [100, 2]], np.float32)})
    for row, message in (
        ([101, 1], r"^x\[1\]\.age: 101\.0 is more than 100$"),
        ([1, 3], r"^x\[1\]\.pay: 3\.0 is none of 1, 2$"),
        ([1, np.nan], r"^x\[1\]\.pay: NaN"),
    ):
        with pytest.raises(ContractError, match=message):
            Tensors(signature).feed({"x": np.array([[1, 1], row], np.float32)})


@given(
    st.sampled_from(["float16", "bfloat16", "float32", "float64"]),
    st.lists(
        st.tuples(*[st.sampled_from([0.0, 1.0, 1.5, 100.0, 101.0, -1.0, math.nan, math.inf, -math.inf])] * 2),
        min_size=1,
        max_size=3,
    ),
    st.fixed_dictionaries(
        {},
        optional={
            "missing": st.sampled_from([("age",), ("age", "pay")]),
            "ranges": st.just({"age": (0.0, 100.0)}),
            "closed": st.just(("pay",)),
        },
    ),
)
def test_a_tensor_is_taken_where_its_rows_are(dtype, tuples, knowledge):
    spec = TensorSpec("x", dtype, ("batch", 2))
    signature = Signature((spec,), columns={"x": ("age", "pay")}, categories={"pay": (1, 1.5)}, **knowledge)
    found = []
    for build in (
        lambda: Rows(signature).feed_of_tuples(tuples, "x"),
        lambda: Tensors(signature).feed({"x": np.array(tuples).astype(numpy_dtype(dtype))}),
    ):
        try:
            found.append(build()["x"].tobytes())
        except ContractError as error:
            found.append(error.message)
    assert found[0] == found[1]


def test_columns_known_by_their_places():
    signature = Signature((MATRIX,), columns={"x": ("x0", "x1")}, missing=("x0", "x1"))
    assert Tensors(signature).feed({"x": np.full((1, 2), np.nan, np.float32)})
    one = Signature((MATRIX,), columns={"x": ("x0", "x1")}, missing=("x0",))
    with pytest.raises(ContractError, match=r"^x\[0\]\[1\]: NaN"):
        Tensors(one).feed({"x": np.full((1, 2), np.nan, np.float32)})


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64", "int32", "uint64"])
def test_bounds_of_an_input_hold_for_all_of_its_values(dtype):
    signature = Signature((TensorSpec("x", dtype, ("batch", "s", 2)),), ranges={"x": (0, 3)})
    array = np.zeros((2, 2, 2), numpy_dtype(dtype))
    array[1, 0, 1] = 3
    assert Tensors(signature).feed({"x": array})
    array[1, 0, 1] = 4
    with pytest.raises(ContractError, match=r"^x\[1\]\[0\]\[1\]: 4(\.0)? is more than 3$"):
        Tensors(signature).feed({"x": array})


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@pytest.mark.parametrize("bound", [0.1, 0.3, 0.7, 1e38])
def test_a_bound_itself_is_taken_in_every_dtype(dtype, bound):
    signature = Signature((TensorSpec("x", dtype, ("batch", 1)),), columns={"x": ("a",)}, ranges={"a": (-bound, bound)})
    kind = numpy_dtype(dtype)
    with np.errstate(over="ignore"):
        edge = np.array([[bound], [-bound]]).astype(kind)
    if np.isfinite(edge.astype(float)).all():
        assert Tensors(signature).feed({"x": edge})
        assert Rows(signature).feed_of_tuples([(bound,), (-bound,)])
        beyond = (edge.astype(float) * 1.02).astype(kind)
        with pytest.raises(ContractError, match=rf"more than {re.escape(str(bound))}$"):
            Tensors(signature).feed({"x": beyond})


def test_scalars():
    signature = Signature((TensorSpec("t", "float32", ()),))
    assert Tensors(signature).feed({"t": np.array(1, np.float32)})
    with pytest.raises(ContractError, match=r"^t: NaN"):
        Tensors(signature).feed({"t": np.array(np.nan, np.float32)})


def test_texts_are_texts():
    signature = Signature((TensorSpec("t", "string", ("batch",)),), closed=("t",), categories={"t": ("a", "b")})
    for value, message in (("c", r'^t\[1\]: "c" is none of "a", "b"$'), (5, "5 is no text"), ("\ud800", "surrogate")):
        with pytest.raises(ContractError, match=message):
            Tensors(signature).feed({"t": np.array(["a", value], object)})


@given(st.sampled_from(sorted(set(DATATYPES) - {"string"})), st.lists(st.integers(0, 1), max_size=6))
def test_values_become_tensors(dtype, values):
    given_values = [bool(value) for value in values] if dtype == "bool" else values
    made = tensor_of_values(given_values, dtype, (len(values), 1), "x")
    assert (made.dtype, made.shape) == (numpy_dtype(dtype), (len(values), 1))
    assert made.ravel().astype(int).tolist() == values


@pytest.mark.parametrize(
    ("values", "dtype", "message"),
    [
        ([1, 2.5], "int64", r"^x\[0\]\[1\]: 2\.5 is no whole number$"),
        ([1, True], "float32", r"^x\[0\]\[1\]: true is no number$"),
        ([1, 1e39], "float32", r"^x\[0\]\[1\]: 1e\+39 is beyond float32$"),
        ([1, None], "float64", r"^x\[0\]\[1\]: null"),
        ([1, 256], "uint8", r"^x\[0\]\[1\]: 256 is beyond uint8"),
        (["a", 1], "string", r"^x\[0\]\[1\]: 1 is no text"),
        ([True, 0], "bool", r"^x\[0\]\[1\]: 0 is no truth value"),
    ],
)
def test_values_that_a_datatype_does_not_take(values, dtype, message):
    with pytest.raises(ContractError, match=message):
        tensor_of_values(values, dtype, (1, 2), "x")


def test_numbers_of_values_and_shapes():
    assert tensor_of_values([math.nan], "float32", (), "x").shape == ()
    for shape in ((3,), (-1, -2), (2**40, 2**40)):
        with pytest.raises(MalformedError):
            tensor_of_values([1, 2], "float32", shape, "x")
