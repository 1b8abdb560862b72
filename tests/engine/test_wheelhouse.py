"""Wheels are those of the index, checked, kept, and enough to install in an image that reaches nothing."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from engine import wheelhouse
from engine.output import output_of
from engine.wheelhouse import wheels as make

from mlpack.core.errors import EngineError


@pytest.fixture
def own_cache(monkeypatch, tmp_path) -> Path:
    monkeypatch.setattr(wheelhouse, "cache", lambda name: tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def hashed(wheels, tmp_path_factory) -> Path:
    """Requirements with the hash of the one wheel that they name."""
    folder = tmp_path_factory.mktemp("requirements")
    (folder / "plain.txt").write_text("iniconfig==2.1.0\n")
    (wheel,) = wheels(folder / "plain.txt").iterdir()
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    (folder / "hashed.txt").write_text(f"iniconfig==2.1.0 --hash=sha256:{digest}\n")
    return folder / "hashed.txt"


def test_a_container_that_reaches_nothing_installs_from_them(engine, base_image, wheels, hashed) -> None:
    shown = {str(wheels(hashed)): {"bind": "/wheels", "mode": "ro"}, str(hashed): {"bind": "/r.txt", "mode": "ro"}}
    install = "pip install --quiet --no-index --find-links /wheels --require-hashes -r /r.txt"
    script = f"{install} && python -c 'import iniconfig; print(iniconfig.IniConfig)'"
    assert "IniConfig" in output_of(engine, base_image, ["sh", "-c", script], volumes=shown, network_mode="none")


def test_they_are_kept_for_the_next_run(own_cache, hashed, monkeypatch) -> None:
    first = make(hashed)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(own_cache / "nothing"))
    assert make(hashed) == first
    assert [path.suffix for path in first.iterdir()] == [".whl"]


def test_a_wrong_hash_is_refused_and_nothing_is_kept(own_cache, tmp_path_factory) -> None:
    wrong = tmp_path_factory.mktemp("wrong") / "requirements.txt"
    wrong.write_text(f"iniconfig==2.1.0 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(EngineError, match="no wheels") as caught:
        make(wrong)
    assert "0" * 64 in caught.value.details
    assert not [path for path in own_cache.iterdir() if path.suffix != ".lock"]
