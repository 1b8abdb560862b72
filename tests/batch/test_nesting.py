"""Whole tensors in columns of lists: the same rows are refused, for the same reasons, however few of them are looked at."""

import math
import sys

import numpy as np
import pyarrow as pa
import pytest

from mlpack.batch.coercion import Coercer
from mlpack.batch.matching import match
from mlpack.batch.nesting import odd_rows
from mlpack.batch.sources.chunk import chunk_of
from mlpack.runtime.signature import Signature, TensorSpec

IMAGE = [[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]] for _ in range(4)]
SIDE = 64


def coercer_of(shape, column):
    spec = TensorSpec("image", "float32", tuple(shape))
    out = TensorSpec("mean", "float32", ("batch",))
    signature = Signature((spec,), (out,))
    return Coercer(signature, match(signature, pa.schema([("image", column.type)]), (), "rows"))


def feed(shape, column):
    return coercer_of(shape, column).feed(chunk_of(pa.record_batch({"image": column})))


def changed(place, value):
    """An image that is otherwise at one place."""
    image = [[list(pixel) for pixel in row] for row in IMAGE]
    target = image
    for index in place[:-1]:
        target = target[index]
    target[place[-1]] = value
    return image


ODD = {
    "null": None,
    "a null in it": changed((1, 2, 1), None),
    "a null list in it": changed((3, 0), None),
    "too short": IMAGE[:3],
    "too short in it": changed((2,), IMAGE[0][:1]),
    "empty": [],
}


@pytest.mark.parametrize("fixed", [False, True])
@pytest.mark.parametrize("odd", ODD)
def test_rows_of_another_form(odd, fixed):
    if fixed and odd in {"too short", "too short in it", "empty"}:
        images, wanted = [ODD["null"], *[IMAGE] * 5, ODD["a null in it"]], [0, 6]
    else:
        images, wanted = [IMAGE, ODD[odd], *[IMAGE] * 5, ODD[odd]], [1, 7]
    kind = pa.float64()
    for size in (2, 3, 4):
        kind = pa.list_(kind, size) if fixed else pa.list_(kind)
    column = pa.array(images, kind)
    assert odd_rows(column, (4, 3, 2)).tolist() == wanted
    assert odd_rows(column.slice(1, 3), (4, 3, 2)).tolist() == [row - 1 for row in wanted if 1 <= row < 4]
    given = feed(("batch", 4, 3, 2), column)
    assert [one.row for one in given.bad] == wanted
    assert given.good.tolist() == [row for row in range(len(images)) if row not in wanted]
    assert given.feed["image"].tolist() == [IMAGE] * (len(images) - 2)
    for one in given.bad:  # alone, it is refused in the same words
        (alone,) = feed(("batch", 4, 3, 2), column.slice(one.row, 1)).bad
        assert (alone.field, alone.reason) == (one.field, one.reason)


def test_an_axis_of_any_size_has_that_of_the_first_row():
    column = pa.array([None, IMAGE, IMAGE[:2], IMAGE, [], IMAGE])
    given = feed(("batch", "rows", 3, 2), column)
    assert [one.row for one in given.bad] == [0, 2, 4]
    assert "another size than the first" in given.bad[1].reason
    assert given.feed["image"].shape == (3, 4, 3, 2)


def test_values_that_are_refused_are_found_among_many():
    images = np.zeros((300, 24))
    wrong = {0: math.nan, 17: math.inf, 18: -math.inf, 255: math.nan, 299: math.nan}
    for row, value in wrong.items():
        images[row, row % 24] = value
    given = feed(("batch", 4, 3, 2), pa.FixedSizeListArray.from_arrays(pa.array(images.reshape(-1)), 24))
    assert [one.row for one in given.bad] == list(wrong)
    assert given.bad[1].field == "[2][2][1]"
    assert given.bad[1].reason == "Infinity is no finite number"
    assert given.feed["image"].shape == (295, 4, 3, 2)


def test_a_row_of_values_without_names_is_refused_by_its_place():
    rows = [[1.0, 2.0, 3.0], [1.0, math.inf, 3.0], None, [1.0, 2.0], [4.0, 5.0, 6.0]]
    given = feed(("batch", 3), pa.array(rows))
    assert [(one.row, one.field) for one in given.bad] == [(1, "[1]"), (2, "[0]"), (3, "[0]")]
    assert given.feed["image"].tolist() == [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]


@pytest.mark.parametrize("shape", [("batch", SIDE, SIDE, 3), ("batch", SIDE * SIDE * 3)])
def test_nothing_is_done_value_by_value(shape):
    """A call of Python's for every value of a row would be some ten thousand a row."""
    width = SIDE * SIDE * 3
    values = pa.array(np.zeros(40 * width, np.float32))
    column = pa.ListArray.from_arrays(pa.array(np.arange(0, 41 * width, width, dtype=np.int32)), values)
    coercer = coercer_of(shape, column)
    chunk = chunk_of(pa.record_batch({"image": column}))
    calls = 0

    def count(frame, event, _):
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        given = coercer.feed(chunk)
    finally:
        sys.setprofile(None)
    assert given.feed["image"].shape == (40, *shape[1:])
    assert calls < 1000
