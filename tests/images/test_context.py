"""The build context: the same bundle gives the same bytes, whenever and by whomever it is written."""

import hashlib
import io
import os
import tarfile
from pathlib import Path

import pytest

import mlpack
from mlpack.core.errors import OutputError
from mlpack.images.context import write_context
from mlpack.runtime.manifest import read_manifest
from mlpack.scaffold.docker import Recipe, context_files

RECIPE = Recipe("python:3.11-slim", "3.11", "numpy==2.0\n")


def archive(files):
    stream = io.BytesIO()
    write_context(files, stream)
    return stream.getvalue()


def entries(data):
    with tarfile.open(fileobj=io.BytesIO(data)) as opened:
        return opened.getmembers()


def test_two_packs_of_one_model_give_one_context(logistic_pickle, bundle, tmp_path):
    mlpack.pack(logistic_pickle, tmp_path / "cancer.mlpack")
    for path in (tmp_path / "cancer.mlpack").iterdir():
        os.utime(path, (1, 1))
        path.chmod(0o600)
    contexts = [archive(context_files(read_manifest(one), RECIPE)) for one in (bundle, tmp_path / "cancer.mlpack")]
    assert hashlib.sha256(contexts[0]).digest() == hashlib.sha256(contexts[1]).digest()


def test_nothing_of_this_machine_is_in_it(bundle):
    found = entries(archive(context_files(read_manifest(bundle), RECIPE)))
    assert [entry.name for entry in found if entry.isfile()] == sorted(entry.name for entry in found if entry.isfile())
    assert {(entry.uid, entry.gid, entry.uname, entry.gname) for entry in found} == {(0, 0, "", "")}
    assert {entry.mode for entry in found if entry.isfile()} == {0o644}
    assert {entry.mode for entry in found if entry.isdir()} == {0o755}
    assert len({entry.mtime for entry in found}) == 1


def test_the_order_of_files_does_not_matter():
    assert archive({"b": b"2", "a/c": b"1"}) == archive({"a/c": b"1", "b": b"2"})


def test_long_names_and_empty_files_come_through():
    name = "größe/" + "x" * 200
    data = archive({name: b"", "a": b"x"})
    with tarfile.open(fileobj=io.BytesIO(data)) as opened:
        assert {entry.name for entry in opened if entry.isfile()} == {name, "a"}
        assert opened.extractfile("a").read() == b"x"


def test_a_disk_that_is_full_is_told(tmp_path):
    with Path("/dev/full").open("wb", buffering=0) as full, pytest.raises(OutputError, match="build context") as caught:
        write_context({"a": b"x" * 20_000}, full)
    assert "TMPDIR" in caught.value.hint
