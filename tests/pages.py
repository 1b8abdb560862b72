"""Pages that are run: the blocks of Markdown between markers, as a reader would type them."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"```(python|console)\n(.*?)```", re.DOTALL)


def parts(page: str, name: str) -> str:
    """What stands between ``<!-- name -->`` and ``<!-- /name -->``, wherever it does."""
    found = re.findall(rf"<!-- {name} -->(.*?)<!-- /{name} -->", page, re.DOTALL)
    assert found
    return "\n".join(found)


def as_script(language: str, code: str) -> str:
    """A block for a shell: the lines after a dollar sign, or Python."""
    if language == "python":
        return f"{shlex.quote(sys.executable)} - <<'END'\n{code}END"
    return "\n".join(line[2:] for line in code.splitlines() if line.startswith("$ "))


def shown(code: str) -> list[str]:
    """The lines of output in a console block, as they have to appear; `...` stands for anything."""
    lines = [line for line in code.splitlines() if not line.startswith("$ ") and line != "..."]
    return [re.escape(line).replace(re.escape("..."), ".*") for line in lines]


def command_environment(factory: pytest.TempPathFactory) -> dict[str, str]:
    """Where `mlpack` is the command of this very source tree."""
    folder = factory.mktemp("bin")
    command = folder / "mlpack"
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m mlpack "$@"\n')
    command.chmod(0o755)
    cache = str(factory.mktemp("cache"))
    path = f"{folder}:{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "MLPACK_CACHE": cache}


def run_block(language: str, code: str, folder: Path, environment: dict[str, str]) -> None:
    """Run a block in ``folder``; it has to succeed, and to show what the page shows."""
    ended = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", as_script(language, code)],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    if language == "console":
        assert re.search(".*\n(.*\n)*".join(shown(code)), ended.stdout), ended.stdout
