"""Compressions by their first bytes, and bombs."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zlib

import pytest

from mlpack.core.errors import CorruptFileError, UnsafeFileError
from mlpack.scan import compression
from mlpack.scan.compression import Unfolded, compression_of, open_decompressed, unfolded

CONTENT = bytes(range(256)) * 1000
COMPRESSED = {
    "zlib": zlib.compress(CONTENT),
    "gzip": gzip.compress(CONTENT),
    "bz2": bz2.compress(CONTENT),
    "xz": lzma.compress(CONTENT),
    "lzma": lzma.compress(CONTENT, format=lzma.FORMAT_ALONE),
}


@pytest.mark.parametrize("name", COMPRESSED)
def test_told_and_undone(name, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(COMPRESSED[name])
    assert compression_of(COMPRESSED[name][:16]) == name
    with open_decompressed(path, name) as source:
        assert source.read(3) == CONTENT[:3]
        source.skip(200_000)
        assert source.position == 200_003
        assert source.read(len(CONTENT) - 200_003) == CONTENT[200_003:]
        assert source.at_end()


@pytest.mark.parametrize("name", COMPRESSED)
def test_cut_short_is_corrupt(name, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(COMPRESSED[name][:-20])
    with pytest.raises(CorruptFileError), open_decompressed(path, name) as source:
        source.skip(len(CONTENT) + 1)


@pytest.mark.parametrize("head", [b"", b"x", b"xyz", b"model,1,2"])
def test_text_is_not_zlib(head):
    assert compression_of(head) == ""


def test_a_bomb_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(compression, "MAX_BYTES", 1 << 20)
    path = tmp_path / "bomb"
    path.write_bytes(bz2.compress(bytes(100 << 20)))
    assert path.stat().st_size < 1000
    with pytest.raises(UnsafeFileError, match="refused"), open_decompressed(path, "bz2") as source:
        source.skip(100 << 20)


def test_the_ratio_is_capped(tmp_path):
    path = tmp_path / "bomb"
    path.write_bytes(bz2.compress(bytes(200 << 20)))
    with pytest.raises(UnsafeFileError, match="refused"), open_decompressed(path, "bz2") as source:
        source.skip(200 << 20)


@pytest.mark.parametrize("name", COMPRESSED)
def test_a_second_stream_is_a_part_of_it(name, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(COMPRESSED[name] * 2)
    with open_decompressed(path, name) as source:
        assert source.read(2 * len(CONTENT)) == CONTENT * 2
        assert source.at_end()


@pytest.mark.parametrize("name", COMPRESSED)
@pytest.mark.parametrize("behind", [b"x", bytes(4), b"\x80\x04N."])
def test_bytes_behind_the_stream_are_refused(name, behind, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(COMPRESSED[name] + behind)
    with open_decompressed(path, name) as source:
        source.skip(len(CONTENT))
        with pytest.raises(UnsafeFileError) as raised:
            source.at_end()
    assert [finding.rule for finding in raised.value.findings] == ["compression/behind"]


@pytest.mark.parametrize("name", COMPRESSED)
def test_what_comes_before_the_damage(name):
    whole = unfolded(io.BytesIO(COMPRESSED[name]), name, 1 << 20)
    assert whole == Unfolded(CONTENT)
    cut = unfolded(io.BytesIO(COMPRESSED[name][:-4]), name, 1 << 20)
    assert cut.damage
    assert CONTENT.startswith(cut.data)
    assert unfolded(io.BytesIO(COMPRESSED[name]), name, 1000) == Unfolded(CONTENT[:1000], more=True)


def test_a_dictionary_of_gigabytes_is_not_made(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(COMPRESSED["lzma"][:1] + b"\xff\xff\xff\xff" + COMPRESSED["lzma"][5:])
    with pytest.raises(CorruptFileError, match="damaged"), open_decompressed(path, "lzma") as source:
        source.read(1)
