"""Honest archives have nothing in them to find; the hostile corpus has those that do."""

from __future__ import annotations

import gzip
import io
import pickle
import tarfile
import zipfile

import numpy as np
import pytest

from mlpack.scan.members import findings_inside

HONEST = pickle.dumps({"weights": np.arange(10.0), "name": "model"})
HOSTILE = b"cposix\nsystem\n(Vid\ntR."


def zipped(**members):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return data.getvalue()


def tarred(**members):
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return data.getvalue()


def npy(array):
    data = io.BytesIO()
    np.save(data, array)
    return data.getvalue()


def found_in(tmp_path, data):
    path = tmp_path / "file"
    path.write_bytes(data)
    return findings_inside(path)


@pytest.mark.parametrize(
    "data",
    [
        zipped(a=HONEST, b=b"text\n", c=npy(np.zeros(3))),
        tarred(a=HONEST, b=b"text\n"),
        gzip.compress(tarred(a=HONEST)),
        zipped(inner=zipped(inner=gzip.compress(HONEST))),
        npy(np.arange(6).reshape(2, 3)),
        npy(np.array(["a", "b"])),
        npy(np.array([(1, 2.0)], dtype=[("a", "<i4"), ("b", "<f8")])),
        b"x,y\n1,2\n" * 100,
        bytes(range(256)) * 20,
        b"",
    ],
)
def test_nothing_is_found_in_honest_files(data, tmp_path):
    assert found_in(tmp_path, data) == ()


@pytest.mark.parametrize(
    ("data", "member"),
    [
        (zipped(a=HONEST, b=HOSTILE), "b"),
        (tarred(a=HONEST, b=HOSTILE), "b"),
        (zipped(inner=tarred(a=gzip.compress(HOSTILE))), "inner/a"),
        (gzip.compress(zipped(a=HOSTILE)), "a"),
        (b"text\n" * 9 + zipped(a=HOSTILE), "a"),
        (zipped(a=HOSTILE) + b"text", "a"),
        (zipped(a=HOSTILE)[:-30], "a"),
    ],
    ids=["zip", "tar", "gzip in a tar in a zip", "zip in a gzip", "behind text", "before text", "cut"],
)
def test_what_is_found_says_where(data, member, tmp_path):
    named = [finding for finding in found_in(tmp_path, data) if "posix.system" in finding.message]
    assert [finding.member for finding in named] == [member]
    assert named[0].severity == "error"


def test_a_member_that_is_not_all_looked_into(tmp_path):
    rules = [finding.rule for finding in found_in(tmp_path, gzip.compress(bytes(65 << 20), 1))]
    assert rules == ["file/container"]
