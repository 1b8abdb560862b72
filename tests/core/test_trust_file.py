"""The trust file: written whole and for its owner alone, and refused where somebody else could have written into it."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from mlpack.core.errors import OutputError, UsageError
from mlpack.core.trust import Trust, Use
from mlpack.core.trust_file import (
    TrustedFile,
    TrustedUse,
    TrustFile,
    change_trust_file,
    gathered,
    read_trust_file,
    trust_path,
)

CONTENT = TrustFile(
    (TrustedFile("a" * 64, "churn.pkl", 12, "2026-01-01", "ours"), TrustedFile("b" * 64)),
    (TrustedUse(Use("mypackage.features", "Scaler", "built"), "2026-01-01"),),
)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    path = tmp_path / "folder" / "trust.json"
    change_trust_file(path, lambda _: CONTENT)
    return path


def test_what_is_written_is_read(written: Path) -> None:
    assert read_trust_file(written) == CONTENT
    assert CONTENT.trust == Trust.of(["a" * 64, "b" * 64], ["mypackage.features:Scaler:built"])
    assert (CONTENT.note_of("a" * 64), CONTENT.note_of("b" * 64), CONTENT.note_of("c" * 64)) == ("ours", "a hash", "")


def test_the_form_is_frozen(written: Path) -> None:
    assert json.loads(written.read_text()) == {
        "version": 1,
        "files": [
            {"sha256": "a" * 64, "name": "churn.pkl", "size": 12, "date": "2026-01-01", "note": "ours"},
            {"sha256": "b" * 64, "name": "", "size": None, "date": "", "note": ""},
        ],
        "uses": [{"use": "mypackage.features:Scaler:built", "date": "2026-01-01", "note": ""}],
    }


def test_it_is_for_its_owner_alone(written: Path) -> None:
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    written.chmod(0o644)
    change_trust_file(written, lambda _: TrustFile())
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    assert os.listdir(written.parent) == ["trust.json"]


def test_no_file_trusts_nothing(tmp_path: Path) -> None:
    assert read_trust_file(tmp_path / "none.json").trust == Trust()


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_can_write_is_refused(written: Path, mode: int) -> None:
    written.chmod(mode)
    with pytest.raises(UsageError, match="is refused") as refusal:
        read_trust_file(written)
    assert f"mode is {mode:04o}" in refusal.value.why
    assert refusal.value.hint.endswith(f"chmod go-w {written}")
    before = written.read_bytes()
    with pytest.raises(UsageError):
        change_trust_file(written, lambda _: TrustFile())
    assert written.read_bytes() == before


def test_a_pipe_is_refused(tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(write)
    with pytest.raises(UsageError, match="is refused"):
        read_trust_file(Path(f"/dev/fd/{read}"))
    os.close(read)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"version": 2, "files": [], "uses": []}',
        '{"version": 1, "files": []}',
        '{"version": 1, "files": [{"sha256": "*"}], "uses": []}',
        '{"version": 1, "files": [], "uses": [{"use": "mypackage:*:built"}]}',
        '{"version": 1, "files": 3, "uses": []}',
        "[" * 100_000,
    ],
)
def test_a_damaged_file_is_an_error_and_never_no_trust(tmp_path: Path, text: str) -> None:
    path = tmp_path / "trust.json"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(UsageError, match=str(path)):
        read_trust_file(path)


def test_the_variable_names_it_and_the_configuration_folder_holds_it(
    written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("MLPACK_TRUST_FILE", raising=False)
    assert trust_path() == tmp_path / "config" / "mlpack" / "trust.json"
    assert gathered(["c" * 64]) == Trust.of(["c" * 64])
    monkeypatch.setenv("MLPACK_TRUST_FILE", str(written))
    assert trust_path() == written
    assert gathered(["c" * 64]).hashes == {"a" * 64, "b" * 64, "c" * 64}
    assert trust_path("named.json") == Path("named.json")


@pytest.mark.parametrize("variable", ["XDG_CONFIG_HOME", "HOME"])
def test_a_relative_home_is_no_place_for_trust(
    variable: str, written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The working folder would be one, and what lies there may have come with the model."""
    monkeypatch.delenv("MLPACK_TRUST_FILE", raising=False)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv(variable, "planted")
    for place in ("planted/mlpack", "planted/.config/mlpack"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "trust.json").write_bytes(written.read_bytes())
    monkeypatch.chdir(tmp_path)
    assert gathered() == Trust()


def test_without_a_home_there_is_no_trust_and_none_can_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "XDG_CONFIG_HOME", "MLPACK_TRUST_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 54321)  # a user who is in no list
    assert gathered() == Trust()
    with pytest.raises(UsageError, match="no home folder") as refusal:
        trust_path()
    assert "MLPACK_TRUST_FILE" in refusal.value.hint


def test_a_link_stays_a_link(written: Path, tmp_path: Path) -> None:
    (tmp_path / "link.json").symlink_to(written)
    change_trust_file(tmp_path / "link.json", lambda _: TrustFile())
    assert (tmp_path / "link.json").is_symlink()
    assert read_trust_file(written) == TrustFile()


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        change_trust_file(tmp_path / "file" / "trust.json", lambda _: CONTENT)


ADDER = """
import sys
from mlpack.core.trust_file import TrustedFile, TrustFile, change_trust_file
from pathlib import Path
for number in range(20):
    entry = TrustedFile(f"{int(sys.argv[2]) * 100 + number:064x}")
    change_trust_file(Path(sys.argv[1]), lambda content: TrustFile((*content.files, entry), content.uses))
"""


def test_two_who_add_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "trust.json"
    both = [subprocess.Popen([sys.executable, "-c", ADDER, str(path), str(number)]) for number in (1, 2)]
    assert [one.wait(60) for one in both] == [0, 0]
    assert len(read_trust_file(path).files) == 40
