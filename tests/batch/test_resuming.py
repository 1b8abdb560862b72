"""What a run that failed leaves, and what another finds."""

import shutil
from typing import ClassVar

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fsspec.implementations.memory import MemoryFileSystem

import mlpack
from mlpack.batch.checkpoint import FORMAT, Checkpoint
from mlpack.batch.places import place_of
from mlpack.core.errors import DataError, UsageError


@pytest.fixture
def spoilt(tmp_path, rows_table):
    """Gives files of rows with an empty value in the row that is named."""

    def make(row):
        name = "petal width (cm)"
        values = rows_table[name].to_pylist()
        values[row] = None
        table = rows_table.set_column(rows_table.column_names.index(name), name, [values])
        pq.write_table(table, tmp_path / "spoilt.parquet")
        return tmp_path / "spoilt.parquet"

    return make


@pytest.mark.parametrize("name", ["deep/er/out", "deep/er/out.parquet", "out", "out.parquet"])
def test_a_run_that_wrote_no_part_leaves_nothing(tmp_path, flowers_bundle, source, spoilt, small, name):
    out = tmp_path / "new" / name
    with pytest.raises(DataError, match="row 5") as refused:
        mlpack.batch(flowers_bundle, spoilt(5), out, **small)
    assert refused.value.hint == "correct them, or leave them out: --on-error quarantine (or null)"
    assert not (tmp_path / "new").exists()
    assert mlpack.batch(flowers_bundle, source, out, **small).count.rows == 2500


def test_a_folder_that_was_there_stays(tmp_path, flowers_bundle, spoilt, small):
    (tmp_path / "mine").mkdir()
    for out in ("mine", "mine/out.parquet"):
        with pytest.raises(DataError, match="row 5"):
            mlpack.batch(flowers_bundle, spoilt(5), tmp_path / out, **small)
        assert list((tmp_path / "mine").iterdir()) == []


@pytest.mark.parametrize("name", ["out", "out.parquet"])
def test_what_was_killed_before_it_wrote_a_part_is_in_nobodys_way(tmp_path, flowers_bundle, source, small, name):
    """Its checkpoint has the line that says what it is of, and a part may be there that was not noted."""
    out = tmp_path / name
    folder = tmp_path / ".out.parquet.parts" if out.suffix else out
    for more in ({}, {"resume": True}):
        mlpack.batch(flowers_bundle, source, tmp_path / "whole", limit=10, force=True, **small)
        line = (tmp_path / "whole" / "_checkpoint.jsonl").read_text().splitlines(keepends=True)[0]
        folder.mkdir()
        (folder / "_checkpoint.jsonl").write_text(line)
        (folder / "part-00007.parquet").write_bytes(b"PAR1")
        result = mlpack.batch(flowers_bundle, source, out, limit=2000, **small, **more)
        assert (result.count.before, result.count.rows) == (0, 2000)
        assert not (folder / "part-00007.parquet").exists()
        out.unlink() if out.is_file() else shutil.rmtree(out)


@pytest.mark.parametrize("name", ["out", "out.parquet"])
def test_after_some_parts_the_next_step_is_to_go_on(tmp_path, flowers_bundle, spoilt, small, name):
    source, out = spoilt(1000), tmp_path / name
    with pytest.raises(DataError, match="row 1000") as refused:
        mlpack.batch(flowers_bundle, source, out, keep=["number"], **small)
    assert "--resume --on-error quarantine" in refused.value.hint
    with pytest.raises(UsageError, match=r"was begun|there already") as other:
        mlpack.batch(flowers_bundle, source, out, **small)
    assert other.value.hint == "go on where that run ended with --resume, or write over it with --force"
    result = mlpack.batch(flowers_bundle, source, out, resume=True, on_error="quarantine")
    assert (result.count.before, result.count.rows, result.count.refused) == (900, 2500, 1)
    assert result.columns[0] == "number"


def test_a_run_that_ended_before_it_wrote_is_in_nobodys_way(tmp_path, flowers_bundle, source, small):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "_checkpoint.jsonl").touch()
    assert mlpack.batch(flowers_bundle, source, tmp_path / "out", **small).count.rows == 2500


def test_what_is_not_said_is_as_it_was(tmp_path, flowers_bundle, source, small, parts_in):
    """Every option that decides what comes out is known, so the line that goes on is short."""
    out = tmp_path / "out"
    mlpack.batch(flowers_bundle, source, out, keep=["*"], limit=2000, on_error="null", format="csv", **small)
    before = parts_in(out)
    (out / "part-00003.csv").unlink()
    result = mlpack.batch(flowers_bundle, source, out, resume=True)
    assert (result.count.before, result.count.rows, result.on_error, result.format) == (1700, 2000, "null", "csv")
    assert parts_in(out) == before
    with pytest.raises(UsageError, match="cannot go on") as refused:
        mlpack.batch(flowers_bundle, source, out, resume=True, on_error="fail", limit=2000)
    assert refused.value.why == "--on-error was null, and is fail"


def test_a_file_that_breaks_off_after_some_parts(tmp_path, flowers_bundle, rows_table, small, write_rows):
    """What is to be done is two steps, and both work."""
    path = write_rows(rows_table, tmp_path / "rows.arrows")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="cannot be read as arrow") as failed:
        mlpack.batch(flowers_bundle, path, tmp_path / "out", **small)
    assert failed.value.hint.splitlines() == [
        "check that the file is whole, and what its ending says",
        "then go on after the parts that are written with --resume, or begin anew with --force if rows changed",
    ]
    path.write_bytes(whole)
    with pytest.raises(UsageError, match="cannot go on"):
        mlpack.batch(flowers_bundle, path, tmp_path / "out", resume=True)
    assert mlpack.batch(flowers_bundle, path, tmp_path / "out", force=True, **small).count.rows == 2500


def test_what_fails_first_after_force_says_nothing_of_the_former_parts(
    tmp_path, flowers_bundle, source, small, rows_table, write_rows, parts_in
):
    out = tmp_path / "out"
    mlpack.batch(flowers_bundle, source, out, **small)
    before = parts_in(out)
    path = write_rows(rows_table, tmp_path / "rows.arrows")
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(DataError, match="cannot be read as arrow") as failed:
        mlpack.batch(flowers_bundle, path, out, force=True)
    assert failed.value.hint == "check that the file is whole, and what its ending says"
    assert parts_in(out) == before


def test_what_cannot_be_taken_back_hides_no_error(flowers_bundle, spoilt, small):
    fsspec.register_implementation("keeping", Keeping, clobber=True)
    with pytest.raises(DataError, match="row 5"):
        mlpack.batch(flowers_bundle, spoilt(5), "keeping://hidden/out", **small)
    assert [path for path in Keeping.store if path.endswith("_checkpoint.jsonl")]


class Keeping(MemoryFileSystem):
    """A store in which nothing may be removed."""

    protocol = "keeping"
    store: ClassVar[dict] = {}
    pseudo_dirs: ClassVar[list] = [""]

    def rm(self, path, recursive=False, maxdepth=None):
        raise PermissionError(f"{path} stays")


@pytest.mark.parametrize("change", [{"limit": 100}, {"batch_rows": 32}])
def test_a_run_that_is_refused_leaves_the_one_that_is_under_way(flowers_bundle, source, small, change, all_in):
    """In a store there are no locks. The other run has put its first part, and not noted it yet."""
    store = MemoryFileSystem()
    folder = f"/under-way/{next(iter(change))}"
    mlpack.batch(flowers_bundle, source, f"memory:/{folder}", **small)
    line = store.cat(f"{folder}/_checkpoint.jsonl").splitlines(keepends=True)[0]
    store.pipe(f"{folder}/_checkpoint.jsonl", line)
    before = all_in(folder)
    with pytest.raises(UsageError, match=r"cannot go on|64 rows at once"):
        mlpack.batch(flowers_bundle, source, f"memory:/{folder}", resume=True, **(small | change))
    assert all_in(folder) == before


@pytest.fixture
def images(tmp_path, shelf, images_bundle, monkeypatch):
    """A model file, which is packed first, the bundle of it, and two rows."""
    monkeypatch.setenv("MLPACK_CACHE", str(tmp_path / "cache"))
    pq.write_table(pa.table({"image": [[[0.5] * 3] * 4] * 2}), tmp_path / "images.parquet")
    return shelf / "batch-images.onnx", images_bundle, tmp_path / "images.parquet"


@pytest.mark.parametrize("resume", [False, True])
def test_a_file_that_came_while_the_model_was_packed_is_not_written_over(tmp_path, images, resume):
    model, bundle, rows = images
    out = tmp_path / "out.parquet"

    def other(_):
        mlpack.batch(bundle, rows, out, limit=1)

    with pytest.raises(UsageError, match="is there already"):
        mlpack.batch(model, rows, out, begun=other, resume=resume)
    assert pq.read_table(out).num_rows == 1
    assert not (tmp_path / ".out.parquet.parts").exists()


def test_a_run_that_began_in_a_store_while_the_model_was_packed_goes_on(images, all_in):
    model, bundle, rows = images

    def other(_):
        mlpack.batch(bundle, rows, "memory://meanwhile/out", limit=1)

    with pytest.raises(UsageError, match="is there already"):
        mlpack.batch(model, rows, "memory://meanwhile/out", begun=other)
    assert [path.rpartition("/")[2] for path in all_in("/meanwhile/out")] == ["_checkpoint.jsonl", "part-00000.parquet"]


def test_a_run_that_fails_before_it_began_leaves_what_began_meanwhile(flowers_bundle, source, small):
    """It saw nothing in the store, and its own first line is refused."""
    store = MemoryFileSystem()
    mlpack.batch(flowers_bundle, source, "memory://both/whole", limit=10, **small)
    late = Checkpoint(place_of("memory://both/out/_checkpoint.jsonl"))
    store.pipe("/both/out/_checkpoint.jsonl", store.cat("/both/whole/_checkpoint.jsonl"))
    with pytest.raises(UsageError, match="another run"):
        late.add({"format": FORMAT})
    assert not late.is_ours()
    ours = Checkpoint(place_of("memory://both/other/_checkpoint.jsonl"))
    ours.add({"format": FORMAT})
    assert ours.is_ours()
    store.pipe("/both/other/_checkpoint.jsonl", b"what another wrote")
    assert not ours.is_ours()
