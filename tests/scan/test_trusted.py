"""The file is opened once: what was hashed is what is read."""

from __future__ import annotations

import hashlib

import pytest

from mlpack.core.errors import TrustError
from mlpack.scan.trusted import open_trusted


def test_the_flag_to_type_is_exact(tmp_path):
    path = tmp_path / "model.pkl"
    path.write_bytes(b"model")
    digest = hashlib.sha256(b"model").hexdigest()
    with pytest.raises(TrustError) as refusal, open_trusted(path, ()):
        pass
    assert refusal.value.exit_code == 11
    assert f"--trust {digest}" in refusal.value.hint
    with open_trusted(path, ["0" * 64, f" {digest.upper()} "]) as file:
        assert file.read() == b"model"


def test_another_hash_is_another_refusal(tmp_path):
    path = tmp_path / "model.pkl"
    path.write_bytes(b"model")
    with pytest.raises(TrustError, match="not the file that you trusted") as refusal, open_trusted(path, ["0" * 64]):
        pass
    assert "0" * 64 in refusal.value.why


def test_a_file_put_in_its_place_is_not_read(tmp_path):
    path, other = tmp_path / "model.pkl", tmp_path / "other"
    path.write_bytes(b"good")
    other.write_bytes(b"evil")
    with open_trusted(path, [hashlib.sha256(b"good").hexdigest()]) as file:
        other.replace(path)
        assert file.read() == b"good"
