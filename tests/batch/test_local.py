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
def test_every_format_is_read(tmp_path, flowers, flowers_bundle, rows_table, small, ending, write_rows):
    source = write_rows(rows_table, tmp_path / f"rows{ending}")
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


def test_one_file_of_text_without_rows_has_its_names(tmp_path, flowers_bundle, rows_table):
    pq.write_table(rows_table.slice(0, 0), tmp_path / "rows.parquet")
    mlpack.batch(flowers_bundle, tmp_path / "rows.parquet", tmp_path / "out.csv", keep=["number"])
    assert pa.csv.read_csv(tmp_path / "out.csv").column_names[:2] == ["number", "label"]


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
