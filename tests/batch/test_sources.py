"""What is read of files: rows, and lines that are none."""

import json
import subprocess

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import mlpack
from mlpack.batch.places import place_of
from mlpack.batch.sources import files_of, unreadable
from mlpack.batch.sources.json_lines import JsonLinesReader
from mlpack.core.errors import DataError


@pytest.mark.parametrize("on_error", ["fail", "null", "quarantine"])
def test_a_line_that_is_no_row(tmp_path, flowers_bundle, rows_table, on_error, write_rows):
    path = write_rows(rows_table.slice(0, 1000), tmp_path / "rows.csv")
    lines = path.read_text().splitlines(keepends=True)
    names, rows = lines[0], lines[1:]
    rows[0] = "1,2\n"
    rows[700] = rows[700].rstrip("\n") + ",7,8\n"
    rows[999] = "999,too few\n"
    path.write_text(names + "".join(rows[:300]) + "\n" + "".join(rows[300:]))  # an empty line is none
    options = {"keep": ["number"], "chunk_rows": 100, "part_rows": 300, "batch_rows": 64, "on_error": on_error}
    out = tmp_path / "out.parquet"
    if on_error == "fail":
        with pytest.raises(DataError, match="row 0") as failed:
            mlpack.batch(flowers_bundle, path, out, **options)
        assert failed.value.why == "rows[0]: a line of 2 cells, and 5 belong there"
        return
    result = mlpack.batch(flowers_bundle, path, out, **options)
    assert (result.count.rows, result.count.refused) == (1000, 3)
    numbers = pq.read_table(out)["number"].to_pylist()
    bad = {0, 700, 999}
    if on_error == "null":
        assert numbers == [None if row in bad else str(row) for row in range(1000)]
        labels = pq.read_table(out)["label"].to_pylist()
        assert {row for row, label in enumerate(labels) if label is None} == bad
        return
    assert numbers == [str(row) for row in range(1000) if row not in bad]
    aside = pq.read_table(tmp_path / "out.quarantine.parquet").to_pylist()
    assert [row["row"] for row in aside] == [0, 700, 999]
    assert aside[1]["reason"] == "rows[700]: a line of 7 cells, and 5 belong there"
    assert json.loads(aside[2]["values"]) == {"line": "999,too few"}
    again = tmp_path / "again"
    mlpack.batch(flowers_bundle, path, again, **options)
    before = {path.name: path.read_bytes() for path in again.rglob("part-*")}
    (again / "part-00002.parquet").unlink()
    mlpack.batch(flowers_bundle, path, again, resume=True, **options)
    assert {path.name: path.read_bytes() for path in again.rglob("part-*")} == before


@pytest.mark.parametrize("on_error", ["fail", "null", "quarantine"])
def test_a_line_that_is_no_json(tmp_path, flowers_bundle, rows_table, on_error, write_rows):
    path = write_rows(rows_table.slice(0, 500), tmp_path / "rows.jsonl")
    lines = path.read_text().splitlines(keepends=True)
    bad = {0: '{"number": 0,', 250: "[1, 2]", 499: "\ufffd"}
    for row, text in bad.items():
        lines[row] = f"{text}\n"
    path.write_text("\n" + "".join(lines), newline="")  # an empty line is none
    options = {"keep": ["number"], "chunk_rows": 100, "part_rows": 300, "batch_rows": 64, "on_error": on_error}
    out = tmp_path / "out.parquet"
    if on_error == "fail":
        with pytest.raises(DataError, match="row 0") as failed:
            mlpack.batch(flowers_bundle, path, out, **options)
        assert failed.value.why.startswith("rows[0]: line 2 is no JSON: ")
        return
    result = mlpack.batch(flowers_bundle, path, out, **options)
    assert (result.count.rows, result.count.refused) == (500, 3)
    numbers = pq.read_table(out)["number"].to_pylist()
    if on_error == "null":
        assert numbers == [None if row in bad else row for row in range(500)]
        return
    assert numbers == [row for row in range(500) if row not in bad]
    aside = pq.read_table(tmp_path / "out.quarantine.parquet").to_pylist()
    assert [(row["row"], json.loads(row["values"])["line"]) for row in aside] == list(bad.items())
    assert aside[1]["reason"] == 'rows[250]: line 252 is no object, which a row is: {"NAME": VALUE, ...}'


def test_a_file_without_a_line_of_json(tmp_path, flowers_bundle):
    (tmp_path / "rows.json").write_text('[\n  {"a": 1},\n  {"a": 2},\n]\n')
    with pytest.raises(DataError, match="has no row") as failed:
        mlpack.batch(flowers_bundle, tmp_path / "rows.json", tmp_path / "out")
    assert failed.value.why.startswith("line 1 is no JSON")


def test_no_line_is_a_row(tmp_path, flowers_bundle, rows_table, write_rows):
    names = write_rows(rows_table.slice(0, 0), tmp_path / "rows.csv").read_text()
    (tmp_path / "rows.csv").write_text(names + "1\n2,3\n")
    result = mlpack.batch(flowers_bundle, tmp_path / "rows.csv", tmp_path / "out.csv", on_error="quarantine")
    assert (result.count.rows, result.count.refused) == (2, 2)


def test_many_lines_are_read_in_their_order(tmp_path, monkeypatch, rows_table):
    from mlpack.batch.sources import delimited

    monkeypatch.setattr(delimited, "_BLOCK", 400)
    rows = [f"{row},x" if row % 7 and row // 50 != 3 else f"{row}" for row in range(1000)]
    (tmp_path / "rows.csv").write_text("a,b\n" + "\n".join(rows) + "\n")
    for start in (0, 1, 149, 155, 990):
        chunks = list(delimited.DelimitedReader(place_of(str(tmp_path / "rows.csv"))).chunks(start, ["a"]))
        found = [
            chunk.broken[place].text if place in chunk.broken else value
            for chunk in chunks
            for place, value in enumerate(chunk.columns["a"].to_pylist())
        ]
        assert found == [str(row) for row in range(start, 1000)]


def test_texts_that_look_like_dates_are_kept_as_written(tmp_path, flowers_bundle, rows_table):
    whens = ["2024-01-02", "2024-01-02T03:04:05Z", "soon"]
    rows = rows_table.slice(0, 3).to_pylist()
    lines = [json.dumps({**row, "when": when, "all": [when]}) for row, when in zip(rows, whens, strict=True)]
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(lines[:2]) + "\n")
    mlpack.batch(flowers_bundle, path, tmp_path / "out.parquet", keep=["when", "all"])
    assert pq.read_table(tmp_path / "out.parquet")["when"].to_pylist() == whens[:2]
    assert pq.read_table(tmp_path / "out.parquet")["all"].to_pylist() == [[when] for when in whens[:2]]


@pytest.mark.parametrize("encoding", ["windows-1252", "utf-16"])
def test_the_line_that_makes_utf_8_of_another_encoding(tmp_path, monkeypatch, people_bundle, people, encoding):
    monkeypatch.chdir(tmp_path)
    people.to_csv("my rows.csv", index=False, encoding=encoding)
    with pytest.raises(DataError, match="cannot be read as csv") as failed:
        mlpack.batch(people_bundle, "my rows.csv", "out")
    assert failed.value.why == f"it is not in UTF-8, and may be in {encoding.upper()}"
    subprocess.run(["sh", "-c", failed.value.hint], check=True)
    assert mlpack.batch(people_bundle, "my rows-utf8.csv", "out", on_error="null").count.rows == len(people)


def test_a_path_is_no_reason_to_guess_an_encoding(tmp_path, flowers_bundle, rows_table, write_rows):
    path = write_rows(rows_table.slice(0, 5), tmp_path / "invalid utf-8.csv")
    path.with_suffix(".csv.gz").write_bytes(path.read_bytes())
    with pytest.raises(DataError, match="cannot be read as csv") as failed:
        mlpack.batch(flowers_bundle, path.with_suffix(".csv.gz"), tmp_path / "out")
    assert failed.value.hint == "check that the file is whole, and what its ending says"
    (file,) = files_of(str(path))
    told = unreadable(file, OSError(5, f"Cannot read {path}"))
    assert (told.hint, str(path) in told.why) == (failed.value.hint, True)


BAD_LINES = {
    "null": "no object",
    '{"a": 1} {"a": 2}': "no JSON: Extra data",
    '{"a":': "no JSON: Expecting value",
    "2}": "no JSON: Extra data",
    "[1]": "no object",
}


@pytest.mark.parametrize(
    "bad", [["null"], ['{"a": 1} {"a": 2}'], ['{"a":', "2}"], ['{"a": 1} {"a": 2}', '{"a":', "2}"]]
)
@pytest.mark.parametrize("beside", [[], ["[1]"]])
def test_what_a_line_is_does_not_hang_on_its_neighbours(tmp_path, bad, beside):
    """The line beside it has Arrow refuse the block, and all of it read line by line."""
    path = tmp_path / "rows.jsonl"
    lines = ['{"a": 1}', *bad, *beside, '  {"a": 3}', ""]
    path.write_bytes("".join(f"{line}\r\n" for line in [*lines, '{"b": {}}']).encode())
    (chunk,) = JsonLinesReader(place_of(str(path)), {"a": pa.float64()}).chunks(0, ["a"])
    assert chunk.columns["a"].to_pylist() == [1.0, *[None] * len([*bad, *beside]), 3.0, None]
    for row, line in enumerate([*bad, *beside], 1):
        assert chunk.broken[row].reason.startswith(f"line {row + 1} is {BAD_LINES[line]}")
    assert len(chunk.broken) == len([*bad, *beside])


def test_a_line_that_is_not_in_utf_8_is_none_whatever_is_read_of_it(tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_bytes(b'{"a": 1, "b": "\xe9"}\n{"a": 2, "b": "c"}\n')
    reader = JsonLinesReader(place_of(str(path)), {"a": pa.float64()})
    for columns in (["a"], ["a", "b"]):
        (chunk,) = reader.chunks(0, columns)
        assert (chunk.rows, list(chunk.broken)) == (2, [0])
