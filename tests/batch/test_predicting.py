"""Rows that the model does not take: they end a run, are null, or are set aside where they can be found again."""

import json

import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest

import mlpack
from mlpack.core.errors import DataError


@pytest.mark.parametrize("on_error", ["null", "quarantine"])
def test_rows_that_are_refused(tmp_path, flowers_bundle, rows_table, small, on_error):
    name = "petal width (cm)"
    values = rows_table[name].to_pylist()
    wrong = {3: None, 64: float("nan"), 1299: float("inf"), 2499: None}
    for row, value in wrong.items():
        values[row] = value
    table = rows_table.set_column(rows_table.column_names.index(name), name, pa.array(values))
    pq.write_table(table, tmp_path / "rows.parquet")
    with pytest.raises(DataError, match="row 3") as failed:
        mlpack.batch(flowers_bundle, tmp_path / "rows.parquet", tmp_path / "failed", **small)
    assert 'rows[3]["petal width (cm)"]: null, and a value may not be missing here' in failed.value.why
    out = tmp_path / "out"
    result = mlpack.batch(flowers_bundle, tmp_path / "rows.parquet", out, keep=["number"], on_error=on_error, **small)
    assert result.count.refused == 4
    assert result.to_json()["answered"] == result.count.rows - 4
    assert result.view()[0].text.startswith(f"{result.count.rows - 4:,} of {result.count.rows:,} rows answered: ")
    found = pa.dataset.dataset(out, exclude_invalid_files=False).to_table()
    if on_error == "null":
        labels = found["label"].to_pylist()
        assert [row for row, label in enumerate(labels) if label is None] == list(wrong)
        assert found["number"].to_pylist() == list(range(2500))
        return
    assert found["number"].to_pylist() == [row for row in range(2500) if row not in wrong]
    aside = pa.dataset.dataset(sorted((out / "_quarantine").iterdir())).to_table().to_pylist()
    assert [row["row"] for row in aside] == list(wrong)
    assert aside[2]["reason"] == 'rows[1299]["petal width (cm)"]: Infinity is no finite number'
    assert json.loads(aside[0]["values"])["number"] == 3


def test_rows_set_aside_are_found_again_in_their_files(tmp_path, flowers_bundle, make_rows, small):
    """By the name of the file and the row in it, whatever part and chunk they were in."""
    folder = tmp_path / "rows"
    folder.mkdir()
    name = "petal width (cm)"
    wrong = {"a": [7, 449], "b": [], "c": [0, 150, 349]}
    for file, rows in wrong.items():
        table = make_rows(450 if file == "a" else 350)
        values = table[name].to_pylist()
        for row in rows:
            values[row] = None
        pq.write_table(table.set_column(table.column_names.index(name), name, [values]), folder / f"{file}.parquet")
    with pytest.raises(DataError, match=r"row 7 \(row 7 of .*rows/a.parquet\)"):
        mlpack.batch(flowers_bundle, folder, tmp_path / "failed", **small)
    out = tmp_path / "out.parquet"
    mlpack.batch(flowers_bundle, folder, out, on_error="quarantine", **small)
    aside = pq.read_table(tmp_path / "out.quarantine.parquet")
    assert aside.column_names == ["row", "file", "row_in_file", "reason", "values"]
    found = [(row["file"], row["row_in_file"], row["row"]) for row in aside.to_pylist()]
    assert found == [
        (f"{folder}/{file}.parquet", row, first + row)
        for (file, rows), first in zip(wrong.items(), (0, 450, 800), strict=True)
        for row in rows
    ]


def test_a_run_that_met_a_bad_row_goes_on_without_it(tmp_path, flowers_bundle, rows_table, small):
    name = "petal width (cm)"
    values = rows_table[name].to_pylist()
    values[1000] = None
    table = rows_table.set_column(rows_table.column_names.index(name), name, pa.array(values))
    pq.write_table(table, tmp_path / "rows.parquet")
    source, out = tmp_path / "rows.parquet", tmp_path / "out.parquet"
    with pytest.raises(DataError, match="row 1000"):
        mlpack.batch(flowers_bundle, source, out, **small)
    result = mlpack.batch(flowers_bundle, source, out, resume=True, on_error="quarantine", **small)
    assert (result.count.before, result.count.rows, result.count.refused) == (900, 2500, 1)
    mlpack.batch(flowers_bundle, source, tmp_path / "again.parquet", on_error="quarantine", **small)
    assert out.read_bytes() == (tmp_path / "again.parquet").read_bytes()


def test_what_is_set_aside_is_json(tmp_path, flowers_bundle, rows_table):
    table = rows_table.slice(0, 3).append_column("more", pa.array([float("nan"), float("inf"), 1.0]))
    name = "petal width (cm)"
    table = table.set_column(table.column_names.index(name), name, [[float("nan"), None, None]])
    pq.write_table(table, tmp_path / "rows.parquet")
    out = tmp_path / "out.parquet"
    mlpack.batch(flowers_bundle, tmp_path / "rows.parquet", out, on_error="quarantine", keep=["more"])
    values = pq.read_table(tmp_path / "out.quarantine.parquet")["values"].to_pylist()

    def no_constant(text):
        raise ValueError(text)

    found = [json.loads(one, parse_constant=no_constant) for one in values]
    assert [one["more"] for one in found] == ["NaN", "Infinity", 1.0]
