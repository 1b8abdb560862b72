"""Paths and addresses, and the files that they mean."""

from pathlib import Path

import pytest

from mlpack.batch.places import expanded, place_of
from mlpack.batch.sources import files_of, kind_of_name
from mlpack.core.errors import UsageError


@pytest.fixture
def folder(tmp_path):
    for name in ("b.parquet", "a.parquet", "deep/c.parquet", "_SUCCESS", ".hidden.parquet", "_tmp/d.parquet", "x.csv"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"PAR1")
    return tmp_path


def names(text):
    place = place_of(str(text))
    return [Path(found.path).name for found in expanded(place)]


def test_a_folder_means_its_files_and_those_below(folder):
    assert names(folder) == ["a.parquet", "b.parquet", "c.parquet", "x.csv"]


def test_a_glob_means_what_a_shell_would_find(folder):
    assert names(folder / "*.parquet") == ["a.parquet", "b.parquet"]
    assert names(folder / "[a]*.parquet") == ["a.parquet"]
    assert names(folder / "*" / "c.parquet") == ["c.parquet"]
    assert names(f"file://{folder}/*.parquet") == ["a.parquet", "b.parquet"]


def test_paths_of_this_folder(folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert place_of("a.parquet").here == Path(folder / "a.parquet")
    assert [file.name for file in files_of("a.parquet")] == ["a.parquet"]


def test_any_store_that_fsspec_knows(tmp_path):
    import fsspec

    with fsspec.open("memory://rows/a.csv", "wb") as file:
        file.write(b"a,b\n1,2\n")
    (file,) = files_of("memory://rows/a.csv")
    assert next(file.open().chunks(0, ["b"])).columns["b"].to_pylist() == ["2"]


def test_what_is_refused(folder):
    with pytest.raises(UsageError, match="no files"):
        files_of(str(folder / "*.arrow"))
    with pytest.raises(UsageError, match="no files"):
        files_of(str(folder / "nothing"))
    with pytest.raises(UsageError, match="several formats: csv, parquet"):
        files_of(str(folder))
    with pytest.raises(UsageError, match="cannot be reached"):
        files_of("gopher://hole/rows.csv")
    (folder / "rows.xlsx").write_bytes(b"PK")
    with pytest.raises(UsageError, match="of no format"):
        files_of(str(folder / "rows.xlsx"))


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.PARQUET", "parquet"), ("a.csv.gz", "csv"), ("a.tsv", "csv"), ("a.ndjson.zst", "jsonl"), ("a.txt", None)],
)
def test_formats_by_their_endings(name, kind):
    assert kind_of_name(name) == kind
