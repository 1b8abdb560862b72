"""A run that wrote one file leaves nothing beside it, and is known all the same."""

import json
import time

import pyarrow.parquet as pq
import pytest
from fsspec.implementations.memory import MemoryFileSystem

import mlpack
from mlpack.core.errors import UsageError


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("MLPACK_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "batch"


def test_one_file_that_is_done_has_nothing_to_do(tmp_path, cache, flowers_bundle, source, small):
    out = tmp_path / "made" / "out.parquet"
    mlpack.batch(flowers_bundle, source, out, keep=["number"], **small)
    assert [path.name for path in out.parent.iterdir()] == ["out.parquet"]
    written = out.stat().st_mtime_ns
    result = mlpack.batch(flowers_bundle, source, out, resume=True)
    assert (result.count.rows, result.count.before, result.batch_rows) == (2500, 2500, 64)
    assert (out.stat().st_mtime_ns, list(out.parent.iterdir())) == (written, [out])
    assert dict(result.view()[1].pairs)["resumed"] == "all rows were answered already"
    with pytest.raises(UsageError, match="cannot go on"):
        mlpack.batch(flowers_bundle, source, out, resume=True, limit=10)
    out.write_bytes(b"something else")
    with pytest.raises(UsageError, match="nothing is known of the run that wrote it"):
        mlpack.batch(flowers_bundle, source, out, resume=True)
    out.unlink()
    assert mlpack.batch(flowers_bundle, source, out, resume=True, **small).count.before == 0
    assert pq.read_table(out).num_rows == 2500


def test_the_rows_of_one_file_that_is_done_have_changed(tmp_path, cache, flowers_bundle, source, make_rows, small):
    out = tmp_path / "out.parquet"
    mlpack.batch(flowers_bundle, source, out, **small)
    pq.write_table(make_rows(100), source)
    with pytest.raises(UsageError, match="cannot go on") as refused:
        mlpack.batch(flowers_bundle, source, out, resume=True)
    assert refused.value.why == f"{source} has changed"


def test_a_run_that_was_killed_as_it_ended(tmp_path, cache, flowers_bundle, source, small):
    """What was put away is there, and what is beside the file is not gone yet: all of it, or its empty folder."""
    out = tmp_path / "out.parquet"
    mlpack.batch(flowers_bundle, source, out, **small)
    folder = tmp_path / ".out.parquet.parts"
    (noted,) = cache.iterdir()
    for content in (noted.read_bytes(), None):
        folder.mkdir()
        if content:
            (folder / "_checkpoint.jsonl").write_bytes(content)
        assert mlpack.batch(flowers_bundle, source, out, resume=True, **small).count.before == 2500
        assert not folder.exists()


def test_without_a_cache_what_was_noted_stays_beside_the_file(tmp_path, monkeypatch, flowers_bundle, source, small):
    (tmp_path / "none").touch()
    monkeypatch.setenv("MLPACK_CACHE", str(tmp_path / "none" / "cache"))
    out = tmp_path / "out.parquet"
    mlpack.batch(flowers_bundle, source, out, **small)
    assert [path.name for path in (tmp_path / ".out.parquet.parts").iterdir()] == ["_checkpoint.jsonl"]
    assert mlpack.batch(flowers_bundle, source, out, resume=True).count.before == 2500


def test_thousands_of_parts_are_counted_at_once(tmp_path, cache, flowers_bundle, source, small):
    """Looking at all parts for each of them took a minute here."""
    out = tmp_path / "out.parquet"
    mlpack.batch(flowers_bundle, source, out, limit=1, **small)
    (noted,) = cache.iterdir()
    header, part, single = map(json.loads, noted.read_text().splitlines())
    parts = [{**part, "part": number} for number in range(5000)]
    noted.write_text("".join(json.dumps(line) + "\n" for line in (header, *parts, single)))
    started = time.monotonic()
    assert mlpack.batch(flowers_bundle, source, out, resume=True).count.before == 5000
    assert time.monotonic() - started < 10


def test_a_run_into_a_store_is_known_on_another_machine(
    tmp_path, monkeypatch, cache, flowers_bundle, source, small, all_in
):
    out = "memory://done/out.parquet"
    mlpack.batch(flowers_bundle, source, out, **small)
    assert not list(cache.glob("*"))
    store = MemoryFileSystem()
    assert store.find("/done") == ["/done/.out.parquet.parts/_checkpoint.jsonl", "/done/out.parquet"]
    before = all_in("/done")
    monkeypatch.setenv("MLPACK_CACHE", str(tmp_path / "of-another"))
    assert mlpack.batch(flowers_bundle, source, out, resume=True, **small).count.before == 2500
    assert all_in("/done") == before
    with pytest.raises(UsageError, match="there already"):
        mlpack.batch(flowers_bundle, source, out, **small)
    mlpack.batch(flowers_bundle, source, out, force=True, limit=10, **small)
    assert mlpack.batch(flowers_bundle, source, out, resume=True).count.before == 10
