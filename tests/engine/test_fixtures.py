"""Where there is no engine a test fails, with what to install; and what the fixtures set is found by commands."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import docker
from engine import daemon

SCRIPTS = Path(daemon.__file__).parent.parent


def test_a_command_finds_the_engine(engine, base_image) -> None:
    code = "import docker; print(docker.from_env().info()['ID'])"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == engine.info()["ID"]
    assert docker.from_env().info()["ID"] == engine.info()["ID"]


def test_without_an_engine_a_test_fails(tmp_path) -> None:
    (tmp_path / "conftest.py").write_text(
        'pytest_plugins = ["engine.fixtures"]\nfrom engine import daemon\ndaemon.PATH = "/nowhere"\n'
    )
    (tmp_path / "test_it.py").write_text("def test_it(engine): pass\n")
    environment = {**os.environ, "PYTHONPATH": str(SCRIPTS), "DOCKER_HOST": f"unix://{tmp_path}/none.sock"}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(tmp_path), str(tmp_path)]
    ended = subprocess.run(words, capture_output=True, text=True, env=environment, check=False)
    assert ended.returncode == 1
    assert "apt-get install --no-install-recommends" in ended.stdout
    assert "1 error" in ended.stdout
    assert "skipped" not in ended.stdout
