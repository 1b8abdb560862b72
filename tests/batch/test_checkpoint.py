"""What a run may go on from, and what it refuses to."""

import json
import multiprocessing
from dataclasses import replace

import pyarrow.csv
import pyarrow.parquet as pq
import pytest

import mlpack
from mlpack.batch.checkpoint import FORMAT, Checkpoint
from mlpack.batch.output import Output
from mlpack.batch.places import place_of
from mlpack.core.errors import CorruptFileError, DataError, MlpackError, OutputError, UsageError


@pytest.fixture
def out(tmp_path, flowers_bundle, source, small):
    """A run that is done."""
    mlpack.batch(flowers_bundle, source, tmp_path / "out", **small)
    return tmp_path / "out"


def cut(out, parts):
    """Make it a run that was ended after ``parts`` parts, while the next was being written."""
    path = out / "_checkpoint.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[: 1 + parts]) + lines[1 + parts][:20])
    (out / f".part-{parts:05d}.parquet.0a1b2c3d.tmp").write_bytes(b"PAR1 and no more")


def test_a_run_goes_on_after_the_last_part_that_was_noted(flowers_bundle, source, out, small, parts_in):
    before = parts_in(out)
    noted = (out / "_checkpoint.jsonl").read_bytes()
    cut(out, 4)
    result = mlpack.batch(flowers_bundle, source, out, resume=True, **small)
    assert (result.count.before, result.count.rows) == (1200, 2500)
    assert parts_in(out) == before
    assert (out / "_checkpoint.jsonl").read_bytes() == noted
    assert not list(out.glob(".part-*"))


def test_a_run_that_is_done_has_nothing_to_do(flowers_bundle, source, out, small):
    result = mlpack.batch(flowers_bundle, source, out, resume=True, **small)
    assert (result.count.before, result.count.rows) == (2500, 2500)


def test_a_part_that_is_gone_or_not_what_it_was_is_written_again(flowers_bundle, source, out, small, parts_in):
    before = parts_in(out)
    (out / "part-00002.parquet").unlink()
    (out / "part-00005.parquet").write_bytes(before["part-00006.parquet"])
    result = mlpack.batch(flowers_bundle, source, out, resume=True, **small)
    assert (result.count.before, result.count.rows) == (1900, 2500)
    assert parts_in(out) == before


def test_the_rows_at_once_are_those_that_were_chosen_first(flowers_bundle, source, out):
    cut(out, 4)
    result = mlpack.batch(flowers_bundle, source, out, resume=True, chunk_rows=100, part_rows=300)
    assert result.batch_rows == 64
    with pytest.raises(UsageError, match="64 rows at once"):
        mlpack.batch(flowers_bundle, source, out, resume=True, chunk_rows=100, part_rows=300, batch_rows=32)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"keep": ["number"]}, "--keep was not given, and is number"),
        ({"limit": 100}, "--limit was not given, and is 100"),
        ({"chunk_rows": 50}, "--chunk-rows was 100, and is 50"),
        ({"format": "csv"}, "--format was parquet, and is csv"),
    ],
)
def test_a_run_with_other_options_does_not_go_on(flowers_bundle, source, out, small, change, says):
    with pytest.raises(UsageError, match="cannot go on") as refused:
        mlpack.batch(flowers_bundle, source, out, resume=True, **{**small, **change})
    assert says in refused.value.why


def test_a_run_of_other_rows_does_not_go_on(flowers_bundle, source, out, small, make_rows):
    pq.write_table(make_rows(2500, seed=1), source)
    with pytest.raises(UsageError, match="cannot go on") as refused:
        mlpack.batch(flowers_bundle, source, out, resume=True, **small)
    assert refused.value.why == f"{source} has changed"
    assert "--force" in refused.value.hint


def test_a_run_of_another_model_does_not_go_on(tmp_path, flowers_bundle, people_bundle, source, out, small):
    line = json.loads((out / "_checkpoint.jsonl").read_text().splitlines()[0])
    rest = (out / "_checkpoint.jsonl").read_text().partition("\n")[2]
    (out / "_checkpoint.jsonl").write_text(json.dumps({**line, "model": "0" * 64}) + "\n" + rest)
    with pytest.raises(UsageError, match="cannot go on") as refused:
        mlpack.batch(flowers_bundle, source, out, resume=True, **small)
    assert "another model" in refused.value.why


def test_a_checkpoint_that_is_damaged_is_told(flowers_bundle, source, out, small):
    path = out / "_checkpoint.jsonl"
    path.write_text("no JSON\n" + path.read_text())
    with pytest.raises(CorruptFileError, match="damaged"):
        mlpack.batch(flowers_bundle, source, out, resume=True, **small)


def test_two_runs_do_not_write_to_one_place(flowers_bundle, source, out, small):
    held = multiprocessing.get_context("spawn").Event()
    let_go = multiprocessing.get_context("spawn").Event()
    other = multiprocessing.get_context("spawn").Process(
        target=hold, args=(str(out / "_checkpoint.jsonl"), held, let_go)
    )
    other.start()
    assert held.wait(60)
    try:
        with pytest.raises(UsageError, match="another run"):
            mlpack.batch(flowers_bundle, source, out, resume=True, **small)
    finally:
        let_go.set()
        other.join()


def hold(path, held, let_go):
    checkpoint = Checkpoint(place_of(path))
    held.set()
    let_go.wait(60)
    checkpoint.close()


@pytest.fixture
def files_of_text(tmp_path, make_rows):
    """Files that do not say their rows, of which one ends with a part that is full."""
    folder = tmp_path / "texts"
    folder.mkdir()
    for name, rows in {"a": 600, "b": 300, "c": 450, "d": 300, "e": 10}.items():
        pyarrow.csv.write_csv(make_rows(rows, seed=rows), folder / f"{name}.csv")
    return folder


def test_a_file_that_ends_with_a_full_part_is_not_mistaken(tmp_path, flowers_bundle, files_of_text, small, parts_in):
    out = tmp_path / "out"
    mlpack.batch(flowers_bundle, files_of_text, out, **small)
    before = parts_in(out)
    result = mlpack.batch(flowers_bundle, files_of_text, out, resume=True, **small)
    assert (result.count.before, result.count.rows) == (1660, 1660)
    assert parts_in(out) == before
    for kept in range(7):
        cut(out, kept)
        result = mlpack.batch(flowers_bundle, files_of_text, out, resume=True, **small)
        assert result.count.rows == 1660
        assert parts_in(out) == before
    for number in range(7):
        (out / f"part-{number:05d}.parquet").unlink()
        assert mlpack.batch(flowers_bundle, files_of_text, out, resume=True, **small).count.rows == 1660
        assert parts_in(out) == before


def test_what_a_run_wrote_stays_until_another_writes(tmp_path, flowers_bundle, source, out, small, parts_in):
    """A model that is not there, columns that do not fit: nothing of the former run is gone."""
    (tmp_path / "other.csv").write_text("a,b\n1,2\n")
    before, noted = parts_in(out), (out / "_checkpoint.jsonl").read_bytes()
    with pytest.raises(MlpackError):
        mlpack.batch(tmp_path / "none.mlpack", source, out, force=True, **small)
    with pytest.raises(DataError, match="no column"):
        mlpack.batch(flowers_bundle, tmp_path / "other.csv", out, force=True, **small)
    (tmp_path / "damaged.mlpack").mkdir()
    for path in flowers_bundle.iterdir():
        (tmp_path / "damaged.mlpack" / path.name).write_bytes(path.read_bytes())
    (model,) = (tmp_path / "damaged.mlpack").glob("model*.onnx")
    model.write_bytes(model.read_bytes()[:-100])
    with pytest.raises(MlpackError):
        mlpack.batch(tmp_path / "damaged.mlpack", source, out, force=True, **small)
    assert (parts_in(out), (out / "_checkpoint.jsonl").read_bytes()) == (before, noted)


def test_only_parts_are_written_over(flowers_bundle, source, out, small):
    others = ("part-00000-6f1c.snappy.parquet", "part-1.parquet", "part-00000.txt", "notes.txt")
    for name in others:
        (out / name).write_bytes(b"of somebody else")
    result = mlpack.batch(flowers_bundle, source, out, force=True, limit=10, **small)
    assert result.count.rows == 10
    assert [path.name for path in sorted(out.glob("part-*"))] == sorted(["part-00000.parquet", *others[:3]])
    assert all((out / name).read_bytes() == b"of somebody else" for name in others)


def test_one_file_stays_until_another_takes_its_place(tmp_path, flowers_bundle, rows_table, small):
    name = "petal width (cm)"
    values = rows_table[name].to_pylist()
    values[1000] = None
    table = rows_table.set_column(rows_table.column_names.index(name), name, [values])
    pq.write_table(table, tmp_path / "rows.parquet")
    out = tmp_path / "out.parquet"
    mlpack.batch(flowers_bundle, tmp_path / "rows.parquet", out, on_error="quarantine", **small)
    written, aside = out.read_bytes(), (tmp_path / "out.quarantine.parquet").read_bytes()
    with pytest.raises(DataError, match="row 1000"):
        mlpack.batch(flowers_bundle, tmp_path / "rows.parquet", out, force=True, **small)
    assert (out.read_bytes(), (tmp_path / "out.quarantine.parquet").read_bytes()) == (written, aside)
    mlpack.batch(flowers_bundle, tmp_path / "rows.parquet", out, force=True, limit=500, **small)
    assert pq.read_table(out).num_rows == 500
    assert not (tmp_path / "out.quarantine.parquet").exists()


def test_parts_without_a_checkpoint_are_nobodys(flowers_bundle, source, out, small, parts_in):
    before = parts_in(out)
    (out / "_checkpoint.jsonl").unlink()
    with pytest.raises(UsageError, match="no checkpoint"):
        mlpack.batch(flowers_bundle, source, out, resume=True, limit=10, **small)
    assert parts_in(out) == before


def test_parts_are_forgotten_all_at_once(out):
    """Who holds the file sees all of its lines: another takes its place, and nobody else may write to that either."""
    path = out / "_checkpoint.jsonl"
    output = Output(place_of(str(out)), place_of(str(out)), "parquet", single=False)
    (out / "part-00002.parquet").unlink()
    with path.open("rb") as held:
        checkpoint = Checkpoint(place_of(str(path)))
        assert checkpoint.forget_lost(output) == 1
        assert len(held.read().splitlines()) == 10
    with pytest.raises(UsageError, match="another run"):
        Checkpoint(place_of(str(path)))
    checkpoint.add({"more": 1})
    checkpoint.close()
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line.get("part") for line in lines] == [None, 0, 1, 3, 4, 5, 6, 7, 8, None]
    assert not list(out.glob(".part-*"))


def test_two_runs_in_a_store_are_told(tmp_path):
    place = place_of("memory://two/_checkpoint.jsonl")
    one, two = Checkpoint(place), Checkpoint(place)
    one.add({"line": 1})
    with pytest.raises(UsageError, match="another run"):
        two.add({"line": 1})
    one.add({"line": 2})
    assert place.read() == b'{"line": 1}\n{"line": 2}\n'


class Failing:
    """A store whose files cannot be written to the end."""

    def __init__(self, files):
        self.files = files

    def __getattr__(self, name):
        return getattr(self.files, name)

    def open_output_stream(self, path):
        return FailingStream(self.files.open_output_stream(path))


class FailingStream:
    def __init__(self, stream):
        self.stream = stream

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def write(self, content):
        self.stream.write(content[: len(content) // 2])
        raise OSError("the line is down")

    def close(self):
        self.stream.close()


def test_a_store_keeps_the_lines_that_it_had(tmp_path):
    place = place_of("memory://kept/_checkpoint.jsonl")
    Checkpoint(place).add({"line": 1})
    checkpoint = Checkpoint(replace(place, files=Failing(place.files)))
    with pytest.raises(OutputError, match="cannot be written"):
        checkpoint.add({"line": 2})
    assert place.read() == b'{"line": 1}\n'


def test_a_checkpoint_of_another_format_is_not_read(flowers_bundle, source, out, small):
    """Not even the options, which may be others there."""
    path = out / "_checkpoint.jsonl"
    line, sign, rest = path.read_text().partition("\n")
    old = json.loads(line)
    del old["options"]
    path.write_text(json.dumps({**old, "format": 1}) + sign + rest)
    with pytest.raises(UsageError, match="cannot go on") as refused:
        mlpack.batch(flowers_bundle, source, out, resume=True)
    assert refused.value.why == f"its checkpoint has format 1, and this reads {FORMAT}"
    assert "--force" in refused.value.hint
    assert mlpack.batch(flowers_bundle, source, out, force=True, **small).count.rows == 2500


@pytest.mark.parametrize("content", ["no JSON\n", "1\n", "[[1]]\n"])
def test_a_checkpoint_of_no_lines_of_ours_is_damaged(flowers_bundle, source, out, small, content):
    (out / "_checkpoint.jsonl").write_text(content)
    with pytest.raises(CorruptFileError, match="damaged"):
        mlpack.batch(flowers_bundle, source, out, resume=True)
    assert mlpack.batch(flowers_bundle, source, out, force=True, **small).count.rows == 2500
