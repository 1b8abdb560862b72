"""Paths and addresses, and the files that they mean."""

import json
import traceback
from pathlib import Path

import pytest

from mlpack.batch.places import expanded, place_of, redacted, would_mean
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
    ("others", "glob"),
    [
        (["README"], "*.parquet"),
        (["notes.txt", "more.md"], "*.parquet"),
        (["one.csv"], "*.parquet"),
    ],
)
def test_other_files_in_a_folder_are_told_with_the_glob_that_leaves_them_out(tmp_path, others, glob):
    folder = tmp_path / "rows"
    folder.mkdir()
    for name in ("_SUCCESS", ".a.parquet.crc", "a.parquet", "b.parquet", *others):
        (folder / name).write_bytes(b"PAR1" if name.endswith("parquet") else b"read me")
    with pytest.raises(UsageError) as refused:
        files_of(str(folder))
    assert refused.value.hint.endswith(f"in quotes: '{folder}/{glob}'")
    assert [Path(file.name).name for file in files_of(f"{folder}/{glob}")] == ["a.parquet", "b.parquet"]


def test_the_glob_for_files_that_lie_deeper_and_are_packed(tmp_path):
    for name in ("day=1/a.csv.gz", "day=2/a.csv.gz", "README"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"a\n1\n")
    with pytest.raises(UsageError, match="README is of no format") as refused:
        files_of(str(tmp_path))
    assert refused.value.hint.endswith(f"'{tmp_path}/*/*.csv.gz'")
    assert len(files_of(f"{tmp_path}/*/*.csv.gz")) == 2


@pytest.mark.parametrize(
    ("name", "kind"),
    [("a.PARQUET", "parquet"), ("a.csv.gz", "csv"), ("a.tsv", "csv"), ("a.ndjson.zst", "jsonl"), ("a.txt", None)],
)
def test_formats_by_their_endings(name, kind):
    assert kind_of_name(name) == kind


def test_a_glob_means_no_file_with_an_underscore_in_front(folder):
    for name in ("_checkpoint.jsonl", "a.jsonl", ".b.jsonl"):
        (folder / name).write_text("{}\n")
    assert names(folder / "*.jsonl") == ["a.jsonl"]
    assert names(folder / "_*.jsonl") == ["_checkpoint.jsonl"]
    assert names(folder / "*" / "d.parquet") == []
    assert names(folder / "_tmp" / "*.parquet") == ["d.parquet"]


@pytest.mark.parametrize("pattern", ["*.parquet", "?.parquet", "[ab].parquet"])
def test_files_of_a_glob_are_called_by_their_paths(folder, pattern):
    assert [file.name for file in files_of(str(folder / pattern))] == [f"{folder}/a.parquet", f"{folder}/b.parquet"]


def test_a_folder_with_signs_of_a_glob_in_its_name(tmp_path):
    folder = tmp_path / "rows [1]"
    folder.mkdir()
    (folder / "a.csv").write_text("a\n1\n")
    assert [file.name for file in files_of(str(folder))] == [f"{folder}/a.csv"]


def test_what_would_be_meant(folder, monkeypatch):
    def meant(text, other):
        return would_mean(place_of(str(text)), place_of(str(other)))

    assert meant(folder, folder / "out" / "part-00000.parquet")
    assert meant(folder, folder / "new.parquet")
    assert meant(folder / "*.parquet", folder / "new.parquet")
    assert meant(folder / "?.csv", folder / "deep" / ".." / "y.csv")
    assert meant(folder / "a.parquet", folder / "a.parquet")
    assert not meant(folder / "a.parquet", folder / "b.parquet")
    assert not meant(folder / "*.parquet", folder / "new.csv")
    assert not meant(folder / "*.parquet", folder / "out" / "part-00000.parquet")
    assert not meant(folder, folder / "_out" / "part-00000.parquet")
    assert not meant(folder / "deep", folder / "deeper.parquet")
    (folder / "link").symlink_to(folder / "deep")
    assert meant(folder / "link", folder / "deep" / "out.csv")


def test_a_store_that_is_not_there_is_told_in_few_words(monkeypatch):
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(UsageError, match=r"^s3://bucket/rows.csv cannot be reached$") as refused:
        files_of("s3://key:secret@bucket/rows.csv?endpoint_override=127.0.0.1:1&scheme=http&region=us-east-1")
    assert 0 < len(refused.value.why) < 120
    assert "check the address, the network and the keys" in refused.value.hint


SECRET = "wJalr/XUtn"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"s3://AKIA:{SECRET}@bucket/rows/*.parquet?region=x&token={SECRET}", "s3://bucket/rows/*.parquet"),
        (f"https://user:{SECRET}@host/rows.csv?signature={SECRET}", "https://host/rows.csv"),
        (f"abfs://{SECRET.replace('/', '')}@account/rows.csv", "abfs://account/rows.csv"),
        (f"s3://bucket/my rows/a.csv?secret={SECRET}", "s3://bucket/my rows/a.csv"),
        (f"Cannot parse 's3://AKIA:{SECRET}@bucket/x?token={SECRET}', sorry", "Cannot parse 's3://bucket/x', sorry"),
        ("rows?.csv", "rows?.csv"),
        ("s3://bucket/a@b.csv", "s3://bucket/a@b.csv"),
    ],
)
def test_keys_are_not_shown(text, shown):
    assert redacted(text) == shown


def test_no_message_has_keys_in_it():
    for text in (
        f"gopher://user:{SECRET}@hole/rows.csv?key={SECRET}",
        f"s3://AKIA:{SECRET}@bucket/rows.csv?sicret={SECRET}",
        f"memory://user:{SECRET}@none/rows.csv?key={SECRET}",
    ):
        with pytest.raises(UsageError) as refused:
            files_of(text)
        told = "".join(traceback.format_exception(refused.value))
        assert SECRET not in json.dumps(refused.value.to_json()) + told


def test_no_name_of_a_file_has_keys_in_it():
    place = place_of("s3://AKIA:wJalr@bucket/rows/a.csv?region=us-east-1&endpoint_override=localhost:1")
    assert (place.shown, place.path) == ("s3://bucket/rows/a.csv", "bucket/rows/a.csv")
    assert place.child("x").shown == "s3://bucket/rows/a.csv/x"
