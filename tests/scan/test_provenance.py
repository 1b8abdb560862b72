"""Provenance beside a file belongs to that file alone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mlpack.scan.provenance import from_json, prefixed, read_beside, to_json, write_beside

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.dictionaries(TEXT, TEXT))
def test_json_and_back(provenance):
    assert from_json(to_json(provenance)) == prefixed(provenance)


def test_a_file_that_was_replaced_has_none(tmp_path):
    path = tmp_path / "model.pkl"
    path.write_bytes(b"one")
    write_beside(path, {"verdict": "PASS"})
    assert read_beside(path) == {"mlpack.verdict": "PASS"}
    path.write_bytes(b"two")
    assert read_beside(path) == {}


def test_a_strangers_json_beside_says_nothing(tmp_path):
    path = tmp_path / "model.pkl"
    path.write_bytes(b"one")
    beside = tmp_path / "model.pkl.json"
    for content in (
        b"",
        b"[]",
        b"{",
        b'{"mlpack.verdict": 1}',
        b'{"mlpack.verdict": "PASS"}',
        b"\xff\xfe",
        b"[" * 100_000,
    ):
        beside.write_bytes(content)
        assert read_beside(path) == {}
