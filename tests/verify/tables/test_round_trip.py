"""What is written with the standard writers is read back the same."""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mlpack.core.errors import DataError
from mlpack.runtime.session import Feed
from mlpack.runtime.signature import Signature, TensorSpec
from mlpack.verify.data import read_data

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8)
CELLS = {
    "float64": st.floats(width=64),
    "float32": st.floats(width=32),
    "int64": st.integers(-(2**63), 2**63 - 1),
    "uint8": st.integers(0, 255),
    "bool": st.booleans(),
    "string": TEXT,
}


@st.composite
def tables(draw: st.DrawFn) -> tuple[Signature, list[dict[str, Any]]]:
    dtypes = draw(st.lists(st.sampled_from(list(CELLS)), min_size=1, max_size=4))
    specs = tuple(TensorSpec(f"c{place}", dtype, ("batch", 1)) for place, dtype in enumerate(dtypes))
    row = st.fixed_dictionaries({spec.name: CELLS[spec.dtype] for spec in specs})
    return Signature(specs), draw(st.lists(row, min_size=1, max_size=5))


def check(path: Path, signature: Signature, rows: list[dict[str, Any]]) -> None:
    feed = read_data(path, signature)
    for spec in signature.inputs:
        dtype = object if spec.dtype == "string" else spec.dtype
        assert feed[spec.name].dtype == dtype
        np.testing.assert_array_equal(feed[spec.name].ravel(), np.array([row[spec.name] for row in rows], dtype))


@settings(deadline=None, max_examples=150)
@given(tables(), st.sampled_from([",", ";", "\t"]), st.sampled_from(["\n", "\r\n"]))
@example((Signature((TensorSpec("c0", "string", ("batch", 1)),)), [{"c0": ""}]), ",", "\n")
def test_csv(table: tuple[Signature, list[dict[str, Any]]], delimiter: str, newline: str) -> None:
    signature, rows = table
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            names = [spec.name for spec in signature.inputs]
            writer = csv.DictWriter(file, names, delimiter=delimiter, lineterminator=newline, quoting=csv.QUOTE_ALL)
            writer.writeheader()
            writer.writerows(rows)
        # CSV has no other word for a missing text than an empty one.
        check(path, signature, [{name: None if cell == "" else cell for name, cell in row.items()} for row in rows])


@settings(deadline=None, max_examples=100)
@given(tables(), st.booleans(), st.booleans())
def test_json(table: tuple[Signature, list[dict[str, Any]]], lines: bool, ascii_only: bool) -> None:
    signature, rows = table
    with TemporaryDirectory() as folder:
        path = Path(folder) / ("a.jsonl" if lines else "a.json")
        parts = [json.dumps(row, ensure_ascii=ascii_only) for row in rows]
        path.write_text("\n".join(parts) if lines else json.dumps(rows, indent=1), encoding="utf-8", newline="")
        check(path, signature, rows)


@settings(deadline=None, max_examples=60)
@given(tables(), st.booleans())
def test_npz(table: tuple[Signature, list[dict[str, Any]]], compressed: bool) -> None:
    signature, rows = table
    arrays = {
        spec.name: np.array([row[spec.name] for row in rows], str if spec.dtype == "string" else spec.dtype)
        for spec in signature.inputs
    }
    for row in rows:  # NumPy's fixed-width text drops trailing NULs, which are excluded, and nothing else
        assert not any(isinstance(cell, str) and "\x00" in cell for cell in row.values())
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.npz"
        (np.savez_compressed if compressed else np.savez)(path, **arrays)
        check(path, signature, rows)


@settings(deadline=None, max_examples=50)
@given(tables())
def test_parquet(table: tuple[Signature, list[dict[str, Any]]]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    signature, rows = table
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.parquet"
        columns = {
            spec.name: pa.array(
                [row[spec.name] for row in rows],
                {"float64": pa.float64(), "float32": pa.float32(), "bool": pa.bool_()}.get(spec.dtype),
            )
            for spec in signature.inputs
        }
        pq.write_table(pa.table(columns), path)
        check(path, signature, rows)


def outcome(path: Path, signature: Signature) -> Feed | DataError:
    try:
        return read_data(path, signature)
    except DataError as error:
        return error


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=300), st.sampled_from([".csv", ".jsonl", ".json", ".npz", ".npy", ".parquet", ".dat"]))
def test_any_bytes_are_read_or_refused(content: bytes, ending: str) -> None:
    signature = Signature((TensorSpec("x", "float64", ("batch", 2)), TensorSpec("y", "string", ("batch", 1))))
    magic = {".npz": b"PK\x03\x04", ".npy": b"\x93NUMPY", ".parquet": b"PAR1"}.get(ending, b"")
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"a{ending}"
        path.write_bytes(magic + content)
        read = outcome(path, signature)
        assert read.hint if isinstance(read, DataError) else read["x"].shape == (len(read["y"]), 2)


@settings(deadline=None, max_examples=200)
@given(st.text(st.sampled_from('0123456789.,;"\n\r\t|-eE nax{}[]:'), max_size=80), st.sampled_from([".csv", ".jsonl"]))
def test_any_text_is_read_or_refused(content: str, ending: str) -> None:
    signature = Signature((TensorSpec("input", "float32", ("batch", 2)),))
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"a{ending}"
        path.write_text(content, newline="")
        read = outcome(path, signature)
        if isinstance(read, DataError):
            assert read.hint
        else:
            assert read["input"].shape[1] == 2
            assert read["input"].shape[0] > 0


def test_missing_values_are_nan_and_none() -> None:
    signature = Signature((TensorSpec("a", "float64", ("batch", 1)), TensorSpec("b", "string", ("batch", 1))))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "a.jsonl"
        path.write_text('{"a": null, "b": null}')
        feed = read_data(path, signature)
    assert math.isnan(feed["a"][0, 0])
    assert feed["b"][0, 0] is None
