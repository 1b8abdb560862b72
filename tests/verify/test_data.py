from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import sparse
from sklearn.datasets import load_wine

from mlpack.core.errors import DataError
from mlpack.runtime.signature import Signature, TensorSpec
from mlpack.verify.data import read_data, sample_feed

WINE = load_wine(as_frame=True)
NAMES = tuple(WINE.data.columns)
NAMED = Signature((TensorSpec("input", "float64", ("batch", 13)),), columns={"input": NAMES})
UNNAMED = Signature((TensorSpec("input", "float64", ("batch", 13)),))
MIXED = Signature(
    (
        TensorSpec("age", "float64", ("batch", 1)),
        TensorSpec("city", "string", ("batch", 1)),
        TensorSpec("rooms", "int64", ("batch", 1)),
    )
)


def write(folder: Path, name: str, text: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def wine_file(folder: Path, ending: str, frame: pd.DataFrame = WINE.data) -> Path:
    path = folder / f"wine{ending}"
    match ending:
        case ".csv":
            frame.to_csv(path, index=False)
        case ".tsv":
            frame.to_csv(path, index=False, sep="\t")
        case ".parquet":
            frame.to_parquet(path)
        case ".npz":
            np.savez(path, input=frame.to_numpy())
        case ".npy":
            np.save(path, frame.to_numpy())
        case ".jsonl":
            frame.to_json(path, orient="records", lines=True, double_precision=15)
        case ".json":
            frame.to_json(path, orient="records", double_precision=15)
    return path


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".parquet", ".npz", ".npy", ".jsonl", ".json"])
@pytest.mark.parametrize("signature", [NAMED, UNNAMED], ids=["named", "unnamed"])
def test_wine_in_every_format_is_read_exactly(ending: str, signature: Signature, tmp_path: Path) -> None:
    feed = read_data(wine_file(tmp_path, ending), signature)
    assert feed["input"].dtype == np.float64
    np.testing.assert_array_equal(feed["input"], WINE.data.to_numpy())


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".npz", ".npy", ".jsonl", ".json"])
def test_only_the_first_rows_are_read_when_asked(ending: str, tmp_path: Path) -> None:
    feed = read_data(wine_file(tmp_path, ending), NAMED, max_rows=7)
    np.testing.assert_array_equal(feed["input"], WINE.data.to_numpy()[:7])


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".jsonl"])
def test_columns_in_another_order_are_put_right(ending: str, tmp_path: Path) -> None:
    feed = read_data(wine_file(tmp_path, ending, WINE.data[list(reversed(NAMES))]), NAMED)
    np.testing.assert_array_equal(feed["input"], WINE.data.to_numpy())


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".jsonl", ".json"])
def test_a_missing_column_is_named(ending: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no column 'malic_acid'") as raised:
        read_data(wine_file(tmp_path, ending, WINE.data.drop(columns="malic_acid")), NAMED)
    assert raised.value.exit_code == 10
    assert "mlpack inspect" in raised.value.hint


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".jsonl", ".json"])
def test_an_extra_column_is_named(ending: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="does not take: 'target'") as raised:
        read_data(wine_file(tmp_path, ending, WINE.frame), NAMED)
    assert "looks like the answer" in raised.value.hint


def test_a_misspelt_column_gets_a_suggestion(tmp_path: Path) -> None:
    path = wine_file(tmp_path, ".csv", WINE.data.rename(columns={"ash": "Ash"}))
    with pytest.raises(DataError) as raised:
        read_data(path, NAMED)
    assert "did you mean 'ash' where the file says 'Ash'" in raised.value.hint


def test_a_pandas_index_is_recognised(tmp_path: Path) -> None:
    WINE.data.to_csv(tmp_path / "wine.csv")
    with pytest.raises(DataError) as raised:
        read_data(tmp_path / "wine.csv", NAMED)
    assert "index=False" in raised.value.hint


def test_the_wrong_number_of_columns_by_position(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="14 columns, too many: the model takes 13"):
        read_data(wine_file(tmp_path, ".csv", WINE.frame), UNNAMED)


def test_mixed_columns_of_text_and_numbers(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", 'city,age,rooms\n"Rio, Brazil",41.5,3\n,,2.0\nNA,NA,-1\n')
    feed = read_data(path, MIXED)
    assert feed["city"].ravel().tolist() == ["Rio, Brazil", None, "NA"]
    np.testing.assert_array_equal(feed["age"].ravel(), [41.5, np.nan, np.nan])
    assert feed["rooms"].dtype == np.int64
    assert feed["rooms"].ravel().tolist() == [3, 2, -1]


@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("a.csv", "age,city,rooms\n1,x,2\nold,y,3\n", "a.csv, line 3, column 'age': 'old' is text"),
        ("a.csv", "age,city,rooms\n1,x,2\n3,y,2.5\n", "a.csv, line 3, column 'rooms': '2.5' is no whole number"),
        ("a.csv", "age,city,rooms\n1,x,\n", "a.csv, line 2, column 'rooms': a missing value"),
        ("a.csv", 'age,city,rooms\n1,"x\ny",2\n3,z,??\n', "a.csv, line 4, column 'rooms'"),
        ("a.csv", "age,city,rooms\n1_000,x,2\n", "column 'age': '1_000' is text"),
        ("a.csv", "age;city;rooms\n1,5;x;2\n", "decimal comma"),
        ("a.csv", "age,city,rooms\n1,x,99999999999999999999\n", "beyond int64"),
        ("a.jsonl", '{"age": 1, "city": 5, "rooms": 2}', "a.jsonl, line 1, column 'city': 5"),
        ("a.jsonl", '{"age": 1, "city": "x", "rooms": 2}\n{"age": 1, "city": "x"}\n', "line 2 has no 'rooms'"),
        ("a.jsonl", '{"age": 1, "city": "x", "rooms": 2}\n{"age": \n', "line 2: no JSON"),
        ("a.json", '[{"age": "x", "city": "x", "rooms": 2}]', "record 1, column 'age'"),
        ("a.json", '[{"age": 1, "city": "x", "rooms": 2}, 3]', "record 2: a number, not a record"),
        ("a.json", '[{"age": 1,', "no JSON array"),
    ],
)
def test_a_value_that_does_not_fit_is_found(name: str, text: str, place: str, tmp_path: Path) -> None:
    with pytest.raises(DataError) as raised:
        read_data(write(tmp_path, name, text), MIXED)
    assert place in raised.value.message
    assert raised.value.hint


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", b"", "empty"),
        ("a.csv", b" \n\n", "empty"),
        ("a.csv", b"age,city,rooms\n", "no rows"),
        ("a.csv", b"age,city,rooms\n1,x\n", "line 2: 2 values, and line 1 has 3"),
        ("a.csv", b'age,city,rooms\n1,"x,2\n', "line 2"),
        ("a.csv", b'age,city,rooms\n1,"x"y,2\n', "line 2"),
        ("a.csv", "age,city,rooms\n1,Köln,2\n".encode("latin-1"), "not UTF-8"),
        ("a.csv", "age,city,rooms\n1,x,2\n".encode("utf-16"), "not UTF-8"),
        ("a.csv", b"age,city,age\n1,x,2\n", "more than one column called 'age'"),
        ("a.parquet", b"PAR1 but no Parquet PAR1", "cannot be read as Parquet"),
        ("a.parquet", b"age,city\n1,x\n", "not Parquet"),
        ("a.csv", b"PAR1PAR1", "not text"),
        ("a.npz", b"PK\x03\x04 cut short", "cannot be read"),
        ("a.npy", b"\x93NUMPY\x01\x00cut", "cannot be read"),
        ("a.csv.gz", b"\x1f\x8b\x08\x00", "gzip"),
        ("a.jsonl", b"[]", "no rows"),
        ("a.json", b"[]", "no rows"),
    ],
)
def test_what_is_no_table_is_refused(name: str, content: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError) as raised:
        read_data(write(tmp_path, name, content), MIXED)
    assert message in raised.value.message
    assert raised.value.hint


def test_no_such_file_and_a_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(DataError):
            read_data(path, MIXED)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found(delimiter: str, tmp_path: Path) -> None:
    text = delimiter.join(["age", "city", "rooms"]) + "\r\n" + delimiter.join(["1.5", "x", "2"]) + "\r\n"
    feed = read_data(write(tmp_path, "a.csv", "\ufeff" + text), MIXED)
    assert [feed[name][0, 0] for name in ("age", "city", "rooms")] == [1.5, "x", 2]


def test_a_file_without_header_goes_by_position(tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", "1.5,x,2\n2.5,y,3\n")
    feed = read_data(path, MIXED)
    assert feed["age"].ravel().tolist() == [1.5, 2.5]
    assert feed["city"].ravel().tolist() == ["x", "y"]


def test_an_unknown_header_is_no_row(tmp_path: Path) -> None:
    feed = read_data(write(tmp_path, "a.csv", "a,b\n1,2\n"), Signature((TensorSpec("input", "float32", ("batch", 2)),)))
    assert feed["input"].tolist() == [[1, 2]]


def test_several_tensors_by_name(tmp_path: Path) -> None:
    signature = Signature((TensorSpec("ids", "int64", ("batch", "time")), TensorSpec("scale", "float32", ("batch", 1))))
    np.savez(tmp_path / "a.npz", scale=np.ones(3), ids=np.arange(12, dtype=np.int32).reshape(3, 4))
    feed = read_data(tmp_path / "a.npz", signature)
    assert {name: (array.shape, str(array.dtype)) for name, array in feed.items()} == {
        "ids": ((3, 4), "int64"),
        "scale": ((3, 1), "float32"),
    }
    np.savez(tmp_path / "b.npz", scale=np.ones(2), ids=np.zeros((3, 4)))
    with pytest.raises(DataError, match="'scale' has 2 rows, and 'ids' has 3"):
        read_data(tmp_path / "b.npz", signature)
    np.savez(tmp_path / "c.npz", scale=np.ones(3), id=np.zeros((3, 4)))
    with pytest.raises(DataError) as raised:
        read_data(tmp_path / "c.npz", signature)
    assert "did you mean 'ids'" in raised.value.hint


def test_objects_are_never_unpickled(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", input=np.array([{"a": 1}], dtype=object))
    np.save(tmp_path / "a.npy", np.array([{"a": 1}], dtype=object))
    for name in ("a.npz", "a.npy"):
        with pytest.raises(DataError, match="array of objects"):
            read_data(tmp_path / name, UNNAMED)


def test_shapes_that_do_not_fit(tmp_path: Path) -> None:
    images = Signature((TensorSpec("input", "float32", ("batch", 8, 8, 1)),))
    np.save(tmp_path / "a.npy", np.zeros((8, 8, 1)))
    with pytest.raises(DataError) as raised:
        read_data(tmp_path / "a.npy", images)
    assert "batch axis" in raised.value.hint
    np.save(tmp_path / "b.npy", np.zeros((5, 8, 8)))
    assert read_data(tmp_path / "b.npy", images)["input"].shape == (5, 8, 8, 1)
    np.save(tmp_path / "c.npy", np.zeros((5, 9, 8, 1)))
    with pytest.raises(DataError, match=r"shape \[5, 9, 8, 1\]"):
        read_data(tmp_path / "c.npy", images)


def test_a_value_beyond_float32_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([[1.0], [1e300]]))
    with pytest.raises(DataError, match="row 2, column 'input': 1e\\+300 does not fit float32"):
        read_data(tmp_path / "a.npy", Signature((TensorSpec("input", "float32", ("batch", 1)),)))


def test_pixels_of_a_table_become_an_image(tmp_path: Path) -> None:
    pixels = np.arange(32.0).reshape(2, 16)
    np.savetxt(tmp_path / "a.csv", pixels, delimiter=",")
    feed = read_data(tmp_path / "a.csv", Signature((TensorSpec("input", "float32", ("batch", 4, 4, 1)),)))
    np.testing.assert_array_equal(feed["input"].reshape(2, 16), pixels)


def test_nested_records_are_arrays(tmp_path: Path) -> None:
    path = write(tmp_path, "a.jsonl", json.dumps({"x": [[1, 2], [3, 4]]}) + "\n" + json.dumps({"x": [[5, 6], [7, 8]]}))
    signature = Signature((TensorSpec("x", "float32", ("batch", "time", 2)),))
    assert read_data(path, signature)["x"].shape == (2, 2, 2)
    write(tmp_path, "a.jsonl", '{"x": [[1, 2], [3, 4]]}\n{"x": [[5, 6]]}\n')
    with pytest.raises(DataError, match="line 2, column 'x'"):
        read_data(path, signature)


def test_parquet_of_text_categories_and_an_index(tmp_path: Path) -> None:
    frame = pd.DataFrame({"age": [1.5, None], "city": pd.Categorical(["x", None]), "rooms": [1, 2]}, index=["p", "q"])
    frame.to_parquet(tmp_path / "a.parquet")
    feed = read_data(tmp_path / "a.parquet", MIXED)
    assert feed["city"].ravel().tolist() == ["x", None]
    np.testing.assert_array_equal(feed["age"].ravel(), [1.5, np.nan])


def test_without_a_signature_a_table_is_one_matrix(tmp_path: Path) -> None:
    assert read_data(wine_file(tmp_path, ".csv"), None)["input"].shape == (178, 13)
    feed = read_data(write(tmp_path, "a.csv", "age,city\n1,x\n"), None)
    assert {name: array.dtype.kind for name, array in feed.items()} == {"age": "f", "city": "O"}


@pytest.mark.parametrize(
    "sample",
    [
        WINE.data,
        WINE.data.to_numpy(),
        WINE.data.to_numpy().tolist(),
        WINE.data.to_dict("records"),
        {"input": WINE.data.to_numpy()},
        dict(WINE.data.items()),
        torch.tensor(WINE.data.to_numpy()),
        sparse.csr_matrix(WINE.data.to_numpy()),
        (WINE.data.to_numpy(),),
    ],
    ids=["frame", "array", "rows", "records", "dict", "columns", "tensor", "sparse", "tuple"],
)
def test_what_a_notebook_has_at_hand_becomes_a_feed(sample: object) -> None:
    np.testing.assert_array_equal(sample_feed(sample, NAMED)["input"], WINE.data.to_numpy())


def test_a_frame_with_text_for_inputs_by_column() -> None:
    frame = pd.DataFrame({"city": ["x", None], "rooms": [1, 2], "age": [1, 2]})
    feed = sample_feed(frame, MIXED)
    assert feed["city"].ravel().tolist() == ["x", None]
    assert feed["age"].dtype == np.float64


def test_a_sample_that_does_not_fit() -> None:
    with pytest.raises(DataError, match="no column 'ash'"):
        sample_feed(WINE.data.drop(columns="ash"), NAMED)
    for sample in (WINE.data.to_numpy()[:, :4], WINE.data.iloc[:, :4]):
        with pytest.raises(DataError, match="13"):
            sample_feed(sample, UNNAMED)
    with pytest.raises(DataError, match="is no array"):
        sample_feed([[1, 2], [3]], UNNAMED)


def test_a_frame_without_signature_keeps_its_dtypes() -> None:
    feed = sample_feed(pd.DataFrame({"a": [1, 2], "b": [0.5, 1.5], "c": ["x", "y"]}), None)
    assert {name: (str(array.dtype), array.shape) for name, array in feed.items()} == {
        "a": ("int64", (2, 1)),
        "b": ("float64", (2, 1)),
        "c": ("object", (2, 1)),
    }
