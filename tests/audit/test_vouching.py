"""What may be added to a trust file, and how it is taken out again."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

import mlpack
from mlpack.audit.vouching import add_trust, list_trust, remove_trust
from mlpack.core.errors import CorruptFileError, UnsafeFileError, UsageError
from mlpack.core.trust_file import read_trust_file, trust_path

MINE = "mypackage.features:Scaler:built"


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_file_that_was_added_is_trusted_with_its_note(zoo: Path, unlisted: bytes) -> None:
    assert mlpack.scan(zoo / "mine.pkl").exit_code == 11
    added = add_trust([str(zoo / "mine.pkl")], note="of the risk team")
    (entry,) = added.files
    assert (entry.sha256, entry.name, entry.size) == (digest(zoo / "mine.pkl"), "mine.pkl", len(unlisted))
    assert (entry.note, len(entry.date)) == ("of the risk team", len("2026-01-01"))
    (found,) = mlpack.scan(zoo / "mine.pkl").files
    assert found.verdict == "safe"
    assert found.findings[-1].message == "trusted as 'of the risk team', by the trust file"


def test_trust_is_in_bytes_and_not_in_a_name(zoo: Path, unlisted: bytes) -> None:
    add_trust([str(zoo / "mine.pkl")])
    (zoo / "mine.pkl").write_bytes(unlisted.replace(b"Scaler", b"Sealer"))
    assert mlpack.scan(zoo / "mine.pkl").exit_code == 11


def test_what_opens_without_trust_is_not_added(zoo: Path) -> None:
    added = add_trust([str(zoo / "safe.pkl")])
    assert (added.files, added.opens_without) == ((), (zoo / "safe.pkl",))
    assert not trust_path().exists()
    assert "opens without" in added._repr_html_()


@pytest.mark.parametrize(("name", "kind"), [("unsafe.pkl", UnsafeFileError), ("cut.pkl", CorruptFileError)])
def test_what_no_trust_lifts_is_refused_and_nothing_is_added(zoo: Path, name: str, kind: type[Exception]) -> None:
    with pytest.raises(kind, match="was not added") as refusal:
        add_trust([str(zoo / "mine.pkl"), str(zoo / name)])
    assert refusal.value.findings  # type: ignore[attr-defined]
    assert not trust_path().exists()


def test_a_hash_can_be_added_and_does_not_lift_what_is_unsafe(zoo: Path) -> None:
    add_trust([digest(zoo / "mine.pkl").upper(), digest(zoo / "unsafe.pkl")])
    assert mlpack.scan(zoo / "mine.pkl").exit_code == 0
    assert mlpack.scan(zoo / "unsafe.pkl").exit_code == 4


def test_a_use_is_for_any_file(zoo: Path) -> None:
    assert [str(entry.use) for entry in add_trust([], uses=[MINE]).uses] == [MINE]
    assert mlpack.scan(zoo / "mine.pkl").exit_code == 0
    assert add_trust([], uses=[MINE]).uses == ()


@pytest.mark.parametrize(
    ("use", "says"),
    [
        ("os:system:called", "no model that mlpack knows calls it"),
        ("builtins:eval:called", "no model that mlpack knows calls it"),
        ("numpy:ndarray:referred", "needs no trust"),
        ("mypackage.*:Scaler:built", "names no use"),
        ("mypackage:*:built", "names no use"),
        ("mypackage:Scaler:anything", "names no use"),
        ("mypackage", "names no use"),
    ],
)
def test_no_use_is_a_blanket(use: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        add_trust([], uses=[use])
    assert not trust_path().exists()


def test_what_is_there_keeps_its_entry_until_it_gets_a_note(zoo: Path) -> None:
    add_trust([str(zoo / "mine.pkl")], note="first")
    assert add_trust([str(zoo / "mine.pkl")]).files == ()
    assert [entry.note for entry in add_trust([str(zoo / "mine.pkl")], note="second").files] == ["second"]
    assert len(list_trust().content.files) == 1


@pytest.mark.parametrize("how", ["path", "hash", "name"])
def test_trust_is_taken_back(zoo: Path, how: str) -> None:
    add_trust([str(zoo / "mine.pkl")], uses=[MINE])
    item = {"path": str(zoo / "mine.pkl"), "hash": digest(zoo / "mine.pkl"), "name": "mine.pkl"}[how]
    removed = remove_trust([item], uses=[MINE])
    assert ([entry.name for entry in removed.files], len(removed.uses)) == (["mine.pkl"], 1)
    assert mlpack.scan(zoo / "mine.pkl").exit_code == 11


def test_what_is_not_trusted_cannot_be_removed(zoo: Path) -> None:
    add_trust([str(zoo / "mine.pkl")])
    for items, uses in ((["safe.pkl"], []), ([str(zoo / "safe.pkl")], []), ([], [MINE])):
        with pytest.raises(UsageError, match="is not in the trust file"):
            remove_trust(items, uses=uses)
    assert len(list_trust().content.files) == 1


def test_wrong_calls_say_so(zoo: Path) -> None:
    with pytest.raises(UsageError, match="nothing to trust"):
        add_trust([])
    with pytest.raises(UsageError, match="nothing to remove"):
        remove_trust([])
    with pytest.raises(UsageError, match="is neither a file nor a SHA-256"):
        add_trust(["nothing.pkl"])
    with pytest.raises(UsageError, match="is a folder"):
        add_trust([str(zoo)])


def test_a_project_s_file_is_used_where_it_is_named_and_nowhere_else(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = here / "trust.json"
    add_trust([str(here / "mine.pkl")], file=project)
    assert len(read_trust_file(project).files) == 1
    assert not trust_path().exists()
    for place in ("mlpack/trust.json", ".mlpack/trust.json", "trust.json", ".mlpack-trust.json"):
        (here / place).parent.mkdir(exist_ok=True)
        (here / place).write_bytes(project.read_bytes())
    assert mlpack.scan(here / "mine.pkl").exit_code == 11
    assert mlpack.scan(here / "mine.pkl", trust_file=project).exit_code == 0
    monkeypatch.setenv("MLPACK_TRUST_FILE", str(project))
    assert mlpack.scan(here / "mine.pkl").exit_code == 0
    with pytest.raises(UsageError, match="does not exist"):
        mlpack.scan(here / "mine.pkl", trust_file="none.json")
