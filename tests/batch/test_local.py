"""Rows in, answers out, on one machine: every row once, in order, and what the model itself says."""

import json
import threading
import time

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest

import mlpack
from mlpack.batch import local
from mlpack.batch.job import Job
from mlpack.batch.models import opened_in
from mlpack.batch.output import output_of
from mlpack.batch.plan import plan_of
from mlpack.batch.sources import files_of
from mlpack.core.errors import DataError, UsageError
from mlpack.runtime.manifest import read_manifest


def write(table, path):
    match path.suffix:
        case ".parquet":
            pq.write_table(table, path, row_group_size=333)
        case ".csv":
            pa.csv.write_csv(table, path)
        case ".arrow":
            with pa.ipc.new_file(path, table.schema) as file:
                file.write_table(table, max_chunksize=450)
        case ".arrows":
            with pa.ipc.new_stream(path, table.schema) as stream:
                stream.write_table(table, max_chunksize=450)
        case ".jsonl":
            path.write_text("".join(json.dumps(row) + "\n" for row in table.to_pylist()))
    return path


def read(path):
    match path.suffix:
        case ".parquet":
            return pq.read_table(path)
        case ".csv":
            return pa.csv.read_csv(path)
        case ".arrow":
            return pa.ipc.open_file(path).read_all()
    return pa.Table.from_pylist([json.loads(line) for line in path.read_text().splitlines()])


def check(found, flowers, table):
    frame = table.drop_columns("number").to_pandas()
    assert found["number"].to_pylist() == table["number"].to_pylist()
    assert found["label"].to_pylist() == flowers.predict(frame).tolist()
    scores = np.stack([found[f"probability_{name}"].to_numpy() for name in flowers.classes_], axis=1)
    assert np.abs(scores - flowers.predict_proba(frame)).max() < 1e-5


@pytest.mark.parametrize("ending", [".parquet", ".csv", ".arrow", ".arrows", ".jsonl"])
def test_every_format_is_read(tmp_path, flowers, flowers_bundle, rows_table, small, ending):
    source = write(rows_table, tmp_path / f"rows{ending}")
    result = mlpack.batch(flowers_bundle, source, tmp_path / "out", keep=["number"], **small)
    assert (result.count.rows, len(result.parts)) == (2500, 9)
    found = pa.dataset.dataset(tmp_path / "out").to_table()
    if ending == ".csv":  # whose cells stay what was written
        found = found.set_column(0, "number", found["number"].cast(pa.int64()))
    check(found, flowers, rows_table)


@pytest.mark.parametrize("ending", [".parquet", ".csv", ".arrow", ".jsonl"])
def test_every_format_is_written_as_one_file(tmp_path, flowers, flowers_bundle, rows_file, rows_table, small, ending):
    out = tmp_path / f"out{ending}"
    mlpack.batch(flowers_bundle, rows_file, out, keep=["number"], **small)
    check(read(out), flowers, rows_table)
    assert [path.name for path in tmp_path.rglob("part-*")] == []


def test_folders_and_globs_are_read_in_the_order_of_their_names(tmp_path, flowers, flowers_bundle, make_rows, small):
    folder = tmp_path / "in"
    (folder / "b").mkdir(parents=True)
    tables = [make_rows(250, seed) for seed in range(3)]
    for table, name in zip(tables, ("a.parquet", "b/first.parquet", "c.parquet"), strict=True):
        pq.write_table(table, folder / name)
    (folder / "_SUCCESS").touch()
    mlpack.batch(flowers_bundle, folder, tmp_path / "all.parquet", keep=["number"], **small)
    check(pq.read_table(tmp_path / "all.parquet"), flowers, pa.concat_tables(tables))
    mlpack.batch(flowers_bundle, folder / "*.parquet", tmp_path / "some.parquet", keep=["number"], **small)
    check(pq.read_table(tmp_path / "some.parquet"), flowers, pa.concat_tables([tables[0], tables[2]]))


def test_only_the_first_rows(tmp_path, flowers, flowers_bundle, rows_file, rows_table, small):
    result = mlpack.batch(flowers_bundle, rows_file, tmp_path / "out", keep=["number"], limit=731, **small)
    assert result.count.rows == 731
    check(pa.dataset.dataset(tmp_path / "out").to_table(), flowers, rows_table.slice(0, 731))


def test_all_columns_are_kept(tmp_path, flowers_bundle, rows_file, rows_table):
    mlpack.batch(flowers_bundle, rows_file, tmp_path / "out.parquet", keep=["*"])
    assert pq.read_table(tmp_path / "out.parquet").select(rows_table.column_names).equals(rows_table)


def test_a_bare_model_file_is_packed_first(tmp_path, monkeypatch, logistic_pickle, cancer):
    monkeypatch.setenv("MLPACK_CACHE", str(tmp_path / "cache"))
    table = pa.table({f"column {place}": column for place, column in enumerate(cancer[0].T)})
    pq.write_table(table, tmp_path / "rows.parquet")
    result = mlpack.batch(logistic_pickle, tmp_path / "rows.parquet", tmp_path / "out.parquet")
    assert result.count.rows == 569
    import pickle

    expected = pickle.loads(logistic_pickle.read_bytes()).predict(cancer[0])
    assert pq.read_table(tmp_path / "out.parquet")["label"].to_pylist() == expected.tolist()


@pytest.mark.parametrize("shape", ["nested", "flat", "columns"])
def test_images_come_as_lists_or_as_columns(tmp_path, images_bundle, shape):
    images = np.random.default_rng(0).normal(size=(50, 4, 3)).astype(np.float32)
    columns = {
        "nested": {"image": pa.array(images.tolist())},
        "flat": {"image": pa.FixedSizeListArray.from_arrays(pa.array(images.reshape(-1)), 12)},
        "columns": {f"pixel {place}": images.reshape(50, 12)[:, place] for place in range(12)},
    }[shape]
    pq.write_table(pa.table(columns), tmp_path / "rows.parquet")
    mlpack.batch(images_bundle, tmp_path / "rows.parquet", tmp_path / "out.parquet", batch_rows=7)
    found = pq.read_table(tmp_path / "out.parquet")
    assert np.abs(np.array(found["darker"].to_pylist()) - np.tanh(images)).max() < 1e-6
    assert np.abs(found["mean"].to_numpy() - images.mean(axis=(1, 2))).max() < 1e-6
    mlpack.batch(images_bundle, tmp_path / "rows.parquet", tmp_path / "out.csv")
    assert pa.csv.read_csv(tmp_path / "out.csv").column_names == [*(f"darker_{place}" for place in range(12)), "mean"]


def test_an_image_of_another_size_is_set_aside(tmp_path, images_bundle):
    images = np.zeros((5, 4, 3)).tolist()
    images[2] = images[2][:2]
    pq.write_table(pa.table({"image": images}), tmp_path / "rows.parquet")
    result = mlpack.batch(images_bundle, tmp_path / "rows.parquet", tmp_path / "out.parquet", on_error="quarantine")
    assert result.count.refused == 1
    assert pq.read_table(tmp_path / "out.parquet").num_rows == 4
    aside = pq.read_table(tmp_path / "out.quarantine.parquet").to_pylist()
    assert [(row["row"], row["reason"]) for row in aside] == [(2, "rows[2]: 2 values, and 4 belong there")]


def test_nothing_in_nothing_out(tmp_path, flowers_bundle, rows_table):
    pq.write_table(rows_table.slice(0, 0), tmp_path / "rows.parquet")
    for out in ("out", "out.parquet"):
        assert mlpack.batch(flowers_bundle, tmp_path / "rows.parquet", tmp_path / out).count.rows == 0
        assert pq.read_table(tmp_path / out).column_names[0] == "label"


def test_the_answers_are_not_read_as_rows_again(tmp_path, flowers_bundle, rows_table):
    pq.write_table(rows_table, tmp_path / "rows.parquet")
    with pytest.raises(UsageError, match="is where"):
        mlpack.batch(flowers_bundle, tmp_path / "rows.parquet", tmp_path, force=True)


def test_what_is_there_is_not_written_over(tmp_path, flowers_bundle, rows_file, small, parts_in):
    for out in (tmp_path / "out", tmp_path / "out.parquet"):
        mlpack.batch(flowers_bundle, rows_file, out, **small)
        with pytest.raises(UsageError, match="there already"):
            mlpack.batch(flowers_bundle, rows_file, out, **small)
        mlpack.batch(flowers_bundle, rows_file, out, limit=10, force=True, **small)
        assert pq.read_table(out).num_rows == 10


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


def test_the_progress_is_told(tmp_path, flowers_bundle, rows_file, small):
    told = []
    mlpack.batch(flowers_bundle, rows_file, tmp_path / "out", tell=told.append, **small)
    assert [one.rows for one in told] == [*range(100, 701, 100), *range(800, 2501, 100)]
    assert {one.total for one in told} == {2500}


def test_the_number_of_threads_changes_no_byte(tmp_path, flowers_bundle, rows_file, small, parts_in, monkeypatch):
    from mlpack.batch import models

    mlpack.batch(flowers_bundle, rows_file, tmp_path / "some", **small)
    monkeypatch.setattr(models, "threads_for", lambda _: 5)
    mlpack.batch(flowers_bundle, rows_file, tmp_path / "many", **small)
    assert parts_in(tmp_path / "some") == parts_in(tmp_path / "many")


class Slow:
    """A session that takes its time."""

    def __init__(self, session):
        self.session = session

    def run(self, feed):
        time.sleep(0.02)
        return self.session.run(feed)


def test_room_for_one_chunk_is_room_enough(tmp_path, monkeypatch, flowers_bundle, rows_file, small):
    monkeypatch.setattr(local, "_MOST_BYTES", 1)
    job = Job(flowers_bundle, str(rows_file), str(tmp_path), **small)
    manifest = read_manifest(flowers_bundle)
    plan = plan_of(job, manifest.signature, files_of(job.input), output_of(job))
    parts = []
    with opened_in(flowers_bundle, manifest.model_format, manifest.model_sha256, 3) as model:
        run = threading.Thread(
            target=lambda: local.run_local(plan, Slow(model.session), 3, 64, {}, parts.append, lambda _: None),
            daemon=True,
        )
        run.start()
        run.join(60)
        assert not run.is_alive()
    assert [part.first for part in parts] == list(range(0, 2500, 300))


def test_the_next_run_would_read_the_answers(tmp_path, flowers_bundle, rows_table):
    folder = tmp_path / "rows"
    folder.mkdir()
    pq.write_table(rows_table, folder / "rows.parquet")
    for source, out in ((folder, "out"), (folder, "out.parquet"), (folder / "*.parquet", "out.parquet")):
        with pytest.raises(UsageError, match="is where") as refused:
            mlpack.batch(tmp_path / "none.mlpack", source, folder / out)
        assert refused.value.exit_code == 2
    assert [path.name for path in folder.iterdir()] == ["rows.parquet"]


@pytest.mark.parametrize("on_error", ["fail", "null", "quarantine"])
def test_a_line_that_is_no_row(tmp_path, flowers_bundle, rows_table, on_error):
    path = write(rows_table.slice(0, 1000), tmp_path / "rows.csv")
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


def test_no_line_is_a_row(tmp_path, flowers_bundle, rows_table):
    names = write(rows_table.slice(0, 0), tmp_path / "rows.csv").read_text()
    (tmp_path / "rows.csv").write_text(names + "1\n2,3\n")
    result = mlpack.batch(flowers_bundle, tmp_path / "rows.csv", tmp_path / "out.csv", on_error="quarantine")
    assert (result.count.rows, result.count.refused) == (2, 2)


def test_many_lines_are_read_in_their_order(tmp_path, monkeypatch, rows_table):
    from mlpack.batch.places import place_of
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


def test_one_file_of_text_without_rows_has_its_names(tmp_path, flowers_bundle, rows_table):
    pq.write_table(rows_table.slice(0, 0), tmp_path / "rows.parquet")
    mlpack.batch(flowers_bundle, tmp_path / "rows.parquet", tmp_path / "out.csv", keep=["number"])
    assert pa.csv.read_csv(tmp_path / "out.csv").column_names[:2] == ["number", "label"]


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


def test_texts_that_look_like_dates_are_kept_as_written(tmp_path, flowers_bundle, rows_table):
    whens = ["2024-01-02", "2024-01-02T03:04:05Z", "soon"]
    rows = rows_table.slice(0, 3).to_pylist()
    lines = [json.dumps({**row, "when": when, "all": [when]}) for row, when in zip(rows, whens, strict=True)]
    path = tmp_path / "rows.jsonl"
    path.write_text("\n".join(lines[:2]) + "\n")
    mlpack.batch(flowers_bundle, path, tmp_path / "out.parquet", keep=["when", "all"])
    assert pq.read_table(tmp_path / "out.parquet")["when"].to_pylist() == whens[:2]
    assert pq.read_table(tmp_path / "out.parquet")["all"].to_pylist() == [[when] for when in whens[:2]]


def test_columns_that_are_kept_have_one_type(tmp_path, flowers_bundle, make_rows):
    folder = tmp_path / "rows"
    folder.mkdir()
    table = make_rows(10)
    kinds = {"a": pa.int64(), "b": pa.int32(), "c": pa.null()}
    for name, kind in kinds.items():
        numbers = pa.nulls(10) if kind == pa.null() else table["number"].cast(kind)
        pq.write_table(table.set_column(0, "number", numbers), folder / f"{name}.parquet")
    mlpack.batch(flowers_bundle, folder, tmp_path / "out.parquet", keep=["number"])
    assert pq.read_table(tmp_path / "out.parquet")["number"].to_pylist() == [*range(10)] * 2 + [None] * 10
    pq.write_table(table.set_column(0, "number", table["number"].cast(pa.string())), folder / "d.parquet")
    with pytest.raises(DataError, match="'number' is int64 at first, and string in"):
        mlpack.batch(flowers_bundle, folder, tmp_path / "more", keep=["number"])
    assert not (tmp_path / "more").exists()


def test_a_column_that_no_file_of_the_format_holds(tmp_path, flowers_bundle, make_rows):
    table = make_rows(10)
    table = table.set_column(0, "number", pa.array([{}] * 10, pa.struct([])))
    with pa.ipc.new_file(tmp_path / "rows.arrow", table.schema) as file:
        file.write_table(table)
    with pytest.raises(UsageError, match="no place for one of the columns"):
        mlpack.batch(flowers_bundle, tmp_path / "rows.arrow", tmp_path / "out", keep=["number"])
    assert not list((tmp_path / "out").glob(".part-*"))
