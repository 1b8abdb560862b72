"""Rows to arrays: the same values give the same arrays or the same error, whichever way they come."""

from __future__ import annotations

import math
import struct
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlpack.runtime.coerce.fields import Field, numpy_dtype
from mlpack.runtime.coerce.refusals import refusal
from mlpack.runtime.coerce.rows import Rows
from mlpack.runtime.errors import ContractError
from mlpack.runtime.session import Feed
from mlpack.runtime.signature import Signature, TensorSpec

DTYPES = (
    *("float16", "bfloat16", "float32", "float64", "bool", "string"),
    *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
)
NAMES = ("a", "b", "c d")


def matrix(dtype: str, **knowledge: Any) -> Rows:
    return Rows(Signature((TensorSpec("input", dtype, ("batch", 3)),), columns={"input": NAMES}, **knowledge))


def singles(dtypes: tuple[str, ...], **knowledge: Any) -> Rows:
    inputs = tuple(TensorSpec(name, dtype, ("batch", 1)) for name, dtype in zip(NAMES, dtypes, strict=True))
    return Rows(Signature(inputs, **knowledge))


def columns_of(tuples: list[tuple[Any, ...]]) -> dict[str, list[Any]]:
    return {name: [row[place] for row in tuples] for place, name in enumerate(NAMES)}


def outcome(build: Callable[[], Feed]) -> Any:
    """The arrays, by their dtypes, shapes and bytes, or the words of the refusal."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            feed = build()
        except ContractError as error:
            return (error.where, error.reason)
    return {
        name: (array.dtype, array.shape, array.tolist() if array.dtype == object else array.tobytes())
        for name, array in feed.items()
    }


def all_ways(rows: Rows, tuples: list[tuple[Any, ...]]) -> list[Any]:
    records = [dict(zip(rows.layout.names, row, strict=True)) for row in tuples]
    return [
        outcome(lambda: rows.feed_of_tuples(tuples)),
        outcome(lambda: rows.feed_of_columns(columns_of(tuples), len(tuples))),
        outcome(lambda: rows.feed_of_instances(records)),
    ]


ODD = st.one_of(
    st.floats(),
    st.integers(),
    st.booleans(),
    st.none(),
    st.text(max_size=3),
    st.sampled_from(
        [0, 1, 127, 128, 255, 256, -129, 2**31, 2**63, 2**64, -1, 10**400, 1e39, 65519.0, 65520.0, -0.0, math.nan, 1.5]
    ),
    st.sampled_from([[], {}, "\ud800", "1", b"1", np.float32(2.5), np.int64(7), np.True_, np.str_("a")]),
)
KNOWLEDGE = st.fixed_dictionaries(
    {},
    optional={
        "missing": st.sampled_from([("a",), NAMES]),
        "ranges": st.sampled_from([{"a": (0.0, 100.0)}, {"b": (-1.5, math.inf), "c d": (-5, 5)}]),
    },
)


@given(dtype=st.sampled_from(DTYPES), knowledge=KNOWLEDGE, tuples=st.lists(st.tuples(ODD, ODD, ODD), max_size=4))
def test_any_values_come_to_the_same_in_every_form(dtype, knowledge, tuples):
    first, *others = all_ways(matrix(dtype, **knowledge), tuples)
    assert all(other == first for other in others)


@given(
    dtypes=st.tuples(*[st.sampled_from(DTYPES)] * 3),
    knowledge=KNOWLEDGE,
    tuples=st.lists(st.tuples(ODD, ODD, ODD), max_size=4),
)
def test_so_they_do_where_each_column_is_an_input(dtypes, knowledge, tuples):
    first, *others = all_ways(singles(dtypes, **knowledge), tuples)
    assert all(other == first for other in others)


@given(dtype=st.sampled_from(DTYPES), knowledge=KNOWLEDGE, data=st.data())
def test_rows_are_taken_if_each_of_their_values_is(dtype, knowledge, data):
    """The check of whole arrays and the words for one value agree on what is wrong, and where it is first."""
    rows = matrix(dtype, **knowledge)
    tuples = data.draw(st.lists(st.tuples(ODD, ODD, ODD), min_size=1, max_size=4))
    wrong = [
        (rows.layout.place("instances", number, field), refusal(value, field))
        for number, row in enumerate(tuples)
        for value, field in zip(row, rows.fields, strict=True)
        if refusal(value, field)
    ]
    found = outcome(lambda: rows.feed_of_tuples(tuples))
    assert found == wrong[0] if wrong else isinstance(found, dict)


def values_of(dtype: str) -> st.SearchStrategy[Any]:
    if dtype == "string":
        return st.text(st.characters(codec="utf-8"), max_size=5)
    if dtype == "bool":
        return st.booleans()
    if "int" in dtype:
        return st.integers(int(np.iinfo(dtype).min), int(np.iinfo(dtype).max))
    width = {"float16": 16, "bfloat16": 16}.get(dtype, 32 if dtype == "float32" else 64)
    return st.floats(width=width, allow_nan=False, allow_infinity=False)


@given(dtype=st.sampled_from(DTYPES), data=st.data())
def test_what_a_dtype_holds_comes_back_out(dtype, data):
    value = values_of(dtype)
    tuples = data.draw(st.lists(st.tuples(value, value, value), max_size=5))
    for feed in (
        matrix(dtype).feed_of_tuples(tuples),
        matrix(dtype).feed_of_tuples(tuples, typed=True, finite=True),
        matrix(dtype).feed_of_columns(columns_of(tuples), len(tuples), typed=True),
    ):
        array = feed["input"]
        assert array.dtype == numpy_dtype(dtype)
        assert array.shape == (len(tuples), 3)
        assert array.flags.writeable
        expected = np.array(tuples, dtype=numpy_dtype(dtype)).reshape(-1, 3)
        assert array.tolist() == expected.tolist()


@given(dtype=st.sampled_from([one for one in DTYPES if one != "string"]), data=st.data())
def test_arrays_are_columns_too(dtype, data):
    """A table has its columns as arrays, of any width of number."""
    given_as = data.draw(st.sampled_from(["float32", "float64", "int64", "uint8", "uint64", "bool", "object"]))
    numbers = data.draw(st.lists(st.integers(0, 300), min_size=1, max_size=5))
    array = np.array(numbers, dtype=object) if given_as == "object" else np.array(numbers).astype(given_as)
    rows, count = matrix(dtype), len(numbers)
    as_arrays = outcome(lambda: rows.feed_of_columns(dict.fromkeys(NAMES, array), count))
    as_lists = outcome(lambda: rows.feed_of_columns(dict.fromkeys(NAMES, array.tolist()), count))
    upright = outcome(lambda: rows.feed_of_columns(dict.fromkeys(NAMES, array.reshape(-1, 1)), count))
    assert as_arrays == as_lists == upright


REFUSED = {
    "text for a number": ("float32", "1", '"1" is no number'),
    "a truth value for a number": ("float64", True, "true is no number"),
    "a truth value for a whole number": ("int32", False, "false is no whole number"),
    "a number for a truth value": ("bool", 1, "1 is no truth value"),
    "a number for a text": ("string", 1.5, "1.5 is no text"),
    "a fraction": ("int64", 1.5, "1.5 is no whole number"),
    "a whole number with a point": ("int64", 3.0, "3.0 is no whole number"),
    "a byte too large": ("uint8", 256, "256 is beyond uint8, which goes from 0 to 255"),
    "a byte too small": ("uint8", -1, "-1 is beyond uint8, which goes from 0 to 255"),
    "a huge whole number": ("int32", 10**5000, "a number of 16610 bits is beyond int32"),
    "a huge number": ("float64", 10**400, "a number of 1329 bits is beyond float64"),
    "beyond single precision": ("float32", 1e39, "1e+39 is beyond float32"),
    "beyond half precision": ("float16", 65520.0, "65520.0 is beyond float16"),
    "beyond bfloat16": ("bfloat16", 3.4e38, "3.4e+38 is beyond bfloat16"),
    "NaN": ("float32", math.nan, "NaN is no finite number"),
    "infinity": ("float32", -math.inf, "-Infinity is no finite number"),
    "nothing": ("float32", None, "null, and a value may not be missing here"),
    "no text": ("string", None, "null, and a value may not be missing here"),
    "a list": ("float32", [1.0], "a list is no number"),
    "an object": ("string", {}, "an object is no text"),
    "half a surrogate pair": ("string", "\ud800", "half a surrogate pair"),
    "a long text": ("float32", "a" * 1000, '"' + "a" * 38 + "… is no number"),
}


@pytest.mark.parametrize(("dtype", "value", "reason"), REFUSED.values(), ids=REFUSED)
def test_a_value_that_is_refused_is_named(dtype, value, reason):
    good = {"string": "a", "bool": True}.get(dtype, 1)
    tuples = [(good, good, good), (good, good, good), (good, good, value), (value, value, value)]
    for found in all_ways(matrix(dtype), tuples):
        assert found[0] == 'instances[2]["c d"]'
        assert reason in found[1]


def test_the_first_culprit_is_named_row_by_row():
    with pytest.raises(ContractError, match=r"^rows\[1\]\.b: \"x\" is no number$"):
        matrix("float32").feed_of_columns({"a": [1, 2, "y"], "b": [1, "x", 1], "c d": [1, 2, "z"]}, 3, "rows")


def test_values_are_missing_only_where_the_model_says_so():
    rows = matrix("float32", missing=("b",))
    array = rows.feed_of_tuples([(1, None, 2), (3, math.nan, 4), (5, 6, 7)])["input"]
    assert np.isnan(array[:, 1]).tolist() == [True, True, False]
    for value, reason in ((math.inf, "Infinity is no"), (1e39, "beyond"), (True, "true is no number")):
        with pytest.raises(ContractError, match=reason):
            rows.feed_of_tuples([(1, value, 2)])
    for value in (None, math.nan):
        with pytest.raises(ContractError, match=r"instances\[0\]\.a"):
            rows.feed_of_tuples([(value, 1, 2)])


def test_a_text_that_is_missing_is_empty():
    rows = singles(("string", "string", "string"), missing=("a",))
    feed = rows.feed_of_tuples([(None, "x", "y"), (math.nan, "", "z")])
    assert feed["a"].tolist() == [[""], [""]]
    assert feed["b"].tolist() == [["x"], [""]]
    with pytest.raises(ContractError, match=r"instances\[0\]\.b: null"):
        rows.feed_of_tuples([("x", None, "y")])


def test_a_text_that_is_missing_is_what_its_column_is_filled_with():
    known = {"categories": {"a": ("Oslo", "Bern")}, "closed": ("a",)}
    rows = singles(("string", "string", "string"), fill={"a": "Oslo"}, missing=("b",), **known)
    feed = rows.feed_of_tuples([(None, None, "y"), (math.nan, "x", "z"), ("Bern", "", "z")])
    assert feed["a"].tolist() == [["Oslo"], ["Oslo"], ["Bern"]]
    assert feed["b"].tolist() == [[""], ["x"], [""]]
    columns = {"a": np.array([None, "Bern"], object), "b": ["x", None], "c d": ["y", "z"]}
    assert rows.feed_of_columns(columns, 2)["a"].tolist() == [["Oslo"], ["Bern"]]
    with pytest.raises(ContractError, match=r'instances\[0\]\.a: "" is none of "Oslo", "Bern"$'):
        rows.feed_of_tuples([("", "x", "y")])


def test_closed_columns_take_their_categories_and_nothing_else():
    cities = tuple(f"city {number}" for number in range(14))
    rows = singles(
        ("string", "int64", "bool"),
        closed=("a", "b", "c d"),
        categories={"a": cities, "b": (1, 2, 3), "c d": (True,)},
    )
    assert rows.feed_of_tuples([("city 13", 3, True)])["b"].tolist() == [[3]]
    for row, where in ((("Rome", 3, True), "a"), (("city 0", 4, True), "b")):
        with pytest.raises(ContractError) as caught:
            rows.feed_of_tuples([row])
        assert caught.value.where == f"instances[0].{where}"
        assert " is none of " in caught.value.reason
    with pytest.raises(ContractError, match=r"false is none of true$"):
        rows.feed_of_tuples([("city 0", 1, False)])
    with pytest.raises(ContractError, match=r'"city 8", "city 9" and 4 more$'):
        rows.feed_of_tuples([("", 1, True)])


def test_categories_may_be_numbers_with_a_point_and_may_be_missing():
    rows = matrix("float32", closed=("a", "b"), categories={"a": (0.1, 2), "b": (1.0,)}, missing=("a",))
    assert rows.feed_of_tuples([(0.1, 1, 5), (None, 1.0, 5), (2, 1, 9)])["input"].shape == (3, 3)
    with pytest.raises(ContractError, match=r"instances\[0\]\.a: 0\.2 is none of 0\.1, 2$"):
        rows.feed_of_tuples([(0.2, 1, 5)])


def test_columns_that_are_open_take_what_the_model_has_not_seen():
    rows = singles(("string", "string", "string"), categories={"a": ("red",)})
    assert rows.feed_of_tuples([("blue", "", "")])["a"].tolist() == [["blue"]]


@pytest.mark.parametrize("dtype", ["float32", "int64", "uint8", "float16", "bfloat16"])
def test_bounds_are_included(dtype):
    rows = matrix(dtype, ranges={"a": (1, 9), "b": (0, math.inf)})
    assert rows.feed_of_tuples([(1, 100, 0), (9, 0, 0)])["input"].shape == (2, 3)
    for value, reason in ((0, "0 is less than 1"), (10, "10 is more than 9")):
        with pytest.raises(ContractError, match=reason):
            rows.feed_of_tuples([(1, 0, 0), (value, 0, 0)])


@pytest.mark.parametrize("dtype", DTYPES)
def test_no_rows_give_arrays_of_the_right_shape(dtype):
    for rows in (matrix(dtype), singles((dtype,) * 3)):
        for build in (
            lambda rows=rows: rows.feed_of_tuples([]),
            lambda rows=rows: rows.feed_of_columns({name: [] for name in NAMES}, 0),
            lambda rows=rows: rows.feed_of_instances([]),
        ):
            for spec in rows.signature.inputs:
                array = build()[spec.name]
                assert (array.shape, array.dtype) == ((0, *spec.shape[1:]), numpy_dtype(dtype))


def test_a_matrix_and_columns_are_filled_from_one_row():
    signature = Signature(
        (
            TensorSpec("numbers", "float32", ("batch", 2)),
            TensorSpec("city", "string", ("batch",)),
            TensorSpec("member", "bool", ("batch", 1)),
        ),
        columns={"numbers": ("age", "pay")},
    )
    feed = Rows(signature).feed_of_tuples([(1, 2.5, "Rome", True), (3, 4, "Oslo", False)])
    assert feed["numbers"].tolist() == [[1.0, 2.5], [3.0, 4.0]]
    assert feed["city"].tolist() == ["Rome", "Oslo"]
    assert feed["member"].tolist() == [[True], [False]]
    assert list(feed) == ["numbers", "city", "member"]


def test_rows_without_names_are_lists():
    rows = Rows(Signature((TensorSpec("input", "float64", ("batch", 2)),)))
    assert rows.feed_of_instances([[1, 2], [3.5, 4]])["input"].tolist() == [[1.0, 2.0], [3.5, 4.0]]
    for instances, message in (
        ([[1, 2], [3]], r"^instances\[1\]: 1 values, and the model takes 2$"),
        ([[1, 2], [1, 2, 3]], r"^instances\[1\]: 3 values"),
        ([[1, 2], 5], r"^instances\[1\]: a list of 2 values is wanted"),
        ([[1, 2], "ab"], r"^instances\[1\]: a list of 2 values is wanted"),
        ([[1, 2], [3, "4"]], r"^instances\[1\]\[1\]: \"4\" is no number"),
    ):
        with pytest.raises(ContractError, match=message):
            rows.feed_of_instances(instances)


def test_texts_are_values():
    rows = Rows(Signature((TensorSpec("text", "string", ("batch",)),)))
    assert rows.feed_of_instances(["a", ""])["text"].tolist() == ["a", ""]
    assert rows.feed_of_columns({"text": ["a"]}, 1)["text"].shape == (1,)
    with pytest.raises(ContractError, match=r"^instances\[1\]: 5 is no text$"):
        rows.feed_of_instances(["a", 5])


def test_fields_are_all_there_and_no_others():
    rows = matrix("float32")
    record = {"a": 1, "b": 2, "c d": 3}
    for instances, message in (
        ([record, {"a": 1, "b": 2}], r"^instances\[1\]: the field 'c d' is missing"),
        ([record, {**record, "e": 5}], r"^instances\[1\]: there is no field 'e'"),
        ([record, [1, 2, 3]], r"^instances\[1\]: an object is wanted"),
    ):
        with pytest.raises(ContractError, match=message):
            rows.feed_of_instances(instances)
    columns = {name: [1.0] for name in NAMES}
    for given_columns, count, message in (
        ({"a": [1.0]}, 1, "the field 'b' is missing"),
        ({**columns, "e": [1.0]}, 1, "there is no field 'e'"),
        (columns, 2, "'a' has 1 values, and there are 2 rows"),
        ({**columns, "b": np.ones((1, 2))}, 1, "values that the model does not take"),
    ):
        with pytest.raises(ContractError, match=message):
            rows.feed_of_columns(given_columns, count)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_single_precision_is_rounded_as_the_processor_rounds(value):
    found = outcome(lambda: matrix("float32").feed_of_tuples([(value, value, value)]))
    with np.errstate(over="ignore"):
        rounded = np.float64(value).astype(np.float32)
    if np.isinf(rounded):
        assert found[0] == "instances[0].a"
        assert "beyond float32" in found[1]
    else:
        assert found["input"][2] == struct.pack("3f", rounded, rounded, rounded)


def test_a_message_of_a_refusal_is_one_line():
    field = Field("a", "a", None, "float", "float32")
    for value in ("a\nb", "\x00", "\u2028" * 3, np.float32("nan"), object(), b"\n"):
        reason = refusal(value, field)
        assert reason
        assert "\n" not in reason
