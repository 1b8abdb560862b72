"""Zip archives that lie."""

from __future__ import annotations

import io
import zipfile

import pytest

from mlpack.core.errors import CorruptFileError, UnsafeFileError
from mlpack.scan.archives import Archive, member_names


def written(folder, *members, compression=zipfile.ZIP_STORED):
    path = folder / "archive.zip"
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return path


def opened(path):
    return Archive(str(path), io.BytesIO(path.read_bytes()))


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_members_are_read(compression, tmp_path):
    archive = opened(written(tmp_path, ("a/x", b"one"), ("a/y", b"two"), compression=compression))
    assert archive.names == ("a/x", "a/y")
    assert archive.text("a/x") == b"one"
    with archive.source("a/y") as source:
        assert source.read(3) == b"two"
        assert source.at_end()


def test_a_name_that_comes_twice(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate"):
        path = written(tmp_path, ("a", b"good"), ("a", b"evil"))
    with pytest.raises(UnsafeFileError):
        opened(path)


def test_local_and_central_names_differ(tmp_path):
    path = written(tmp_path, ("config", b"good"))
    path.write_bytes(path.read_bytes().replace(b"config", b"CONFIG", 1))
    with pytest.raises(UnsafeFileError, match="refused") as raised:
        opened(path)
    assert [finding.rule for finding in raised.value.findings] == ["zip/headers"]


def test_members_that_overlap(tmp_path):
    path = written(tmp_path, ("a", b"x" * 100), ("b", b"y" * 100))
    with zipfile.ZipFile(path) as archive:
        second = archive.getinfo("b").header_offset
    content = path.read_bytes()
    directory = content.rindex(b"PK\x01\x02")
    path.write_bytes(content[: directory + 42] + (second - 50).to_bytes(4, "little") + content[directory + 46 :])
    with pytest.raises(UnsafeFileError):
        opened(path)


def test_a_damaged_member(tmp_path):
    path = written(tmp_path, ("a", b"x" * 100))
    path.write_bytes(path.read_bytes().replace(b"xxx", b"yyy", 1))
    with pytest.raises(CorruptFileError):
        opened(path).text("a")


def test_names_of_a_truncated_archive(tmp_path):
    path = written(tmp_path, ("m/data.pkl", b"x" * 100), ("m/code/a.py", b"y" * 100))
    path.write_bytes(path.read_bytes()[:250])
    assert member_names(path) == ("m/data.pkl", "m/code/a.py")
    with pytest.raises(CorruptFileError):
        opened(path)


def test_an_absurdly_large_text_is_refused(tmp_path):
    path = written(tmp_path, ("a", bytes(70 << 20)), compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(UnsafeFileError):
        opened(path).text("a")
