"""Files of every verdict, written byte by byte: nothing hostile is ever loaded, and nothing is stored."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

SYSTEM = b"\x80\x02cposix\nsystem\nX\x0b\x00\x00\x00touch owned\x85R."
UNLISTED = b"\x80\x02cmypackage.features\nScaler\n)\x81."


@pytest.fixture
def system() -> bytes:
    """A pickle that calls ``os.system("touch owned")`` when it is loaded."""
    return SYSTEM


@pytest.fixture
def unlisted() -> bytes:
    """A pickle that builds an object of a class that no list knows."""
    return UNLISTED


@pytest.fixture(autouse=True)
def _no_trust_of_ours(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """What the developer trusts on this machine is no part of a test."""
    monkeypatch.delenv("MLPACK_TRUST_FILE", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, bytes], Path]:
    """Writes a file in the folder of the test, and the folders that it lies in."""

    def written(name: str, content: bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    return written


@pytest.fixture
def zoo(tmp_path: Path) -> Path:
    """A folder with a file of each verdict, plain files, and a folder in it."""
    (tmp_path / "safe.pkl").write_bytes(pickle.dumps({"weights": [1.0, 2.0]}))
    (tmp_path / "unsafe.pkl").write_bytes(SYSTEM)
    (tmp_path / "mine.pkl").write_bytes(UNLISTED)
    (tmp_path / "cut.pkl").write_bytes(pickle.dumps(list(range(500)))[:300])
    (tmp_path / "notes.txt").write_text("dear diary\n")
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "also.pkl").write_bytes(pickle.dumps([1]))
    (tmp_path / "inner" / "table.csv").write_text("a,b\n1,2\n")
    return tmp_path


@pytest.fixture
def here(zoo: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The zoo as the working folder."""
    monkeypatch.chdir(zoo)
    return Path(os.curdir)
