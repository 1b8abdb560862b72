"""Columns are matched with the model before a row is read, and what does not fit is named."""

import pyarrow as pa
import pytest

from mlpack.batch.matching import match
from mlpack.core.errors import DataError, UsageError
from mlpack.runtime.signature import Signature, TensorSpec

NAMED = Signature(
    (TensorSpec("city", "string", ("batch", 1)), TensorSpec("age", "float64", ("batch", 1))),
    columns={"city": ("city",), "age": ("age",)},
)
MATRIX = Signature((TensorSpec("input", "float32", ("batch", 3)),))
IMAGES = Signature((TensorSpec("image", "float32", ("batch", 2, 2)),))
TEXTS = Signature((TensorSpec("text", "string", ("batch",)),))
TURNED = Signature((TensorSpec("image", "float32", (4, "batch")),))


def schema(**columns):
    return pa.schema(list(columns.items()))


def test_columns_are_found_by_their_names_in_any_order():
    found = match(NAMED, schema(age=pa.int32(), more=pa.date32(), city=pa.string()), (), "rows")
    assert (found.flat, found.columns) == (("city", "age"), ("city", "age"))
    kept = match(NAMED, schema(age=pa.int32(), more=pa.date32(), city=pa.string()), ("more",), "rows")
    assert kept.columns == ("city", "age", "more")


def test_a_missing_column_is_named_with_the_nearest():
    with pytest.raises(DataError, match="rows has no column 'age'") as refused:
        match(NAMED, schema(Age=pa.int32(), city=pa.string()), (), "rows")
    assert "'Age' may be 'age'" in refused.value.hint
    assert refused.value.exit_code == 10


def test_columns_of_other_types_are_named_all_at_once():
    with pytest.raises(DataError, match=r"'city' is int64.*'age' is bool"):
        match(NAMED, schema(city=pa.int64(), age=pa.bool_()), (), "rows")


@pytest.mark.parametrize("kind", [pa.decimal128(10, 2), pa.timestamp("ms"), pa.string(), pa.bool_()])
def test_only_numbers_are_numbers(kind):
    with pytest.raises(DataError, match="a number is taken"):
        match(NAMED, schema(city=pa.string(), age=kind), (), "rows")


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string()), pa.null()])
def test_text_in_any_of_its_forms(kind):
    assert match(NAMED, schema(city=kind, age=pa.float16()), (), "rows").flat == ("city", "age")


def test_two_columns_of_one_name():
    with pytest.raises(DataError, match="more than one column called 'age'"):
        match(NAMED, pa.schema([("age", pa.int8()), ("age", pa.int8()), ("city", pa.string())]), (), "rows")


def test_columns_without_names_are_taken_by_position():
    columns = schema(a=pa.float64(), b=pa.int8(), c=pa.float32(), id=pa.string())
    assert match(MATRIX, columns, ("id",), "rows").side_by_side == ("a", "b", "c")
    with pytest.raises(DataError, match="4 columns where the model takes 3"):
        match(MATRIX, columns, (), "rows")
    named = schema(x2=pa.int8(), id=pa.string(), x0=pa.float32(), x1=pa.float32())
    assert match(MATRIX, named, (), "rows").flat == ("x0", "x1", "x2")


def test_whole_tensors_come_in_a_column_of_lists():
    nested = pa.list_(pa.list_(pa.float64(), 2), 2)
    assert match(IMAGES, schema(id=pa.string(), image=nested), (), "rows").whole == ("image",)
    assert match(IMAGES, schema(id=pa.string(), picture=nested), (), "rows").whole == ("picture",)
    assert match(MATRIX, schema(v=pa.list_(pa.float32())), (), "rows").whole == ("v",)
    assert match(IMAGES, schema(**dict.fromkeys("abcd", pa.uint8())), (), "rows").side_by_side == tuple("abcd")
    with pytest.raises(DataError, match="lists are taken"):
        match(IMAGES, schema(image=pa.list_(pa.string())), (), "rows")


def test_a_single_column_of_values():
    assert match(TEXTS, schema(anything=pa.string()), (), "rows").flat == ("anything",)
    assert match(TEXTS, schema(id=pa.string(), text=pa.string()), (), "rows").flat == ("text",)
    assert match(TEXTS, schema(id=pa.string(), said=pa.string()), ("id",), "rows").flat == ("said",)


def test_a_column_to_keep_that_is_not_there():
    with pytest.raises(DataError, match="no column 'ago' to keep") as refused:
        match(NAMED, schema(age=pa.int32(), city=pa.string()), ("ago",), "rows")
    assert refused.value.hint == "--keep age"


def test_a_model_without_a_batch_axis_in_front():
    with pytest.raises(UsageError, match="no batch axis in front"):
        match(TURNED, schema(image=pa.list_(pa.float32())), (), "rows")
