"""What a load goes by: errors refuse, warnings take the user's word, and the word is for these very bytes."""

from __future__ import annotations

import hashlib

import pytest

from mlpack.core.errors import TrustError, UnsafeFileError
from mlpack.core.finding import Finding
from mlpack.core.trust import NO_TRUST, Trust
from mlpack.scan.trusted import is_vouched, open_vouched

ERROR = Finding(
    "pickle/name", "error", "it calls os.system", offset=3, hint="do not load this file", use="os:system:called"
)
WARNING = Finding("pickle/unlisted", "warning", "it builds an object of own.Model", use="own:Model:built")
NOTE = Finding("file/note", "note", "worth knowing")


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "model.pkl"
    path.write_bytes(b"model")
    return path


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("trust", [NO_TRUST, Trust.of(["0" * 64])], ids=["no trust", "trust in another"])
def test_nothing_found_takes_no_trust(path, trust):
    assert is_vouched(path, [], trust) is False
    assert is_vouched(path, [NOTE], trust) is False


def test_a_warning_takes_trust_in_the_file_or_in_the_use(path):
    with pytest.raises(TrustError, match="needs your trust") as caught:
        is_vouched(path, [WARNING], NO_TRUST)
    assert caught.value.findings == (WARNING,)
    assert f"--trust {sha256(path)}" in caught.value.hint
    assert is_vouched(path, [WARNING], Trust.of([sha256(path)])) is True
    assert is_vouched(path, [WARNING], Trust.of((), [WARNING.use])) is False, (
        "a use that is allowed needs no trust in the file"
    )
    with pytest.raises(TrustError):
        is_vouched(path, [WARNING], Trust.of((), ["own:Model:called"]))


def test_an_error_is_not_lifted_by_trust_in_the_file(path):
    with pytest.raises(UnsafeFileError, match="refused") as caught:
        is_vouched(path, [WARNING, ERROR], Trust.of([sha256(path)]))
    assert "os.system" in caught.value.why
    assert "byte 3" in caught.value.why
    assert is_vouched(path, [ERROR], Trust.of((), [ERROR.use])) is False


def test_what_is_read_is_what_was_hashed(path):
    with open_vouched(path, Trust.of([sha256(path)])) as copy:
        path.write_bytes(b"changed after it was hashed")
        assert copy.read() == b"model"
    with pytest.raises(TrustError, match="needs your trust"), open_vouched(path, Trust.of(["1" * 64])):
        pass
