"""``python -m engine up|down|run|base|wheels``: the tests' engine, by hand and for other commands.

up                    start an engine that stays, print the line that makes a shell use it
down                  end it
run -- COMMAND ...    run a command with an engine that ends with it
base                  bring the base image into the engine of DOCKER_HOST, print its tag
wheels FILE           make the folder of wheels for a requirements.txt, print its path
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from engine import daemon
from engine.image import base_image
from engine.wheelhouse import wheels
from mlpack.core.errors import EngineError

TASKS = {"up": 0, "down": 0, "run": None, "base": 0, "wheels": 1}
"""How many words each takes."""


def main(words: list[str]) -> int:
    """Do what ``words`` say; the exit code is 8 where there is no engine, as mlpack's is."""
    task, rest = (words or [""])[0], [word for word in words[1:2] if word != "--"] + words[2:]
    if task not in TASKS or (not rest if TASKS[task] is None else len(rest) != TASKS[task]):
        print(__doc__, file=sys.stderr)
        return 2
    try:
        return _do(task, rest)
    except EngineError as error:
        print("\n".join(filter(None, [error.message, error.why, error.hint, error.details])), file=sys.stderr)
        return error.exit_code


def _do(task: str, rest: list[str]) -> int:
    if task == "run":
        with daemon.running() as address:
            return subprocess.run(rest, env={**os.environ, "DOCKER_HOST": address}, check=False).returncode
    if task == "up":
        print(f"export DOCKER_HOST={daemon.keep()}")
    elif task == "down":
        daemon.drop()
    else:
        print(_base() if task == "base" else wheels(Path(rest[0])))
    return 0


def _base() -> str:
    import docker

    client = docker.from_env(timeout=300)
    try:
        return base_image(client)
    finally:
        client.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
