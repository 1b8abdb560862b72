"""``python -m engine``, as the Makefile and people type it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from engine import daemon

SCRIPTS = Path(daemon.__file__).parent.parent


def typed(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "engine", *words],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(SCRIPTS), **environment},
        check=False,
    )


def test_run_gives_a_command_an_engine_and_its_exit_code(tmp_path) -> None:
    ping = "import docker, os, sys; print(os.environ['DOCKER_HOST'], docker.from_env().ping()); sys.exit(5)"
    ended = typed("run", "--", sys.executable, "-c", ping, DOCKER_HOST=f"unix://{tmp_path}/none.sock")
    assert ended.returncode == 5
    address, answered = ended.stdout.split()
    assert answered == "True"
    assert not daemon.answers(address)


def test_base_brings_the_image_into_the_engine(engine) -> None:
    ended = typed("base")
    assert ended.returncode == 0
    assert ended.stdout.strip() in engine.images.get(ended.stdout.strip()).tags


def test_what_it_does_not_know_it_explains() -> None:
    for words in ([], ["sideways"], ["run", "--"], ["wheels"]):
        ended = typed(*words)
        assert (ended.returncode, ended.stdout) == (2, "")
        assert "python -m engine" in ended.stderr
