"""Folders of wheels for the requirements of an image, for builds that reach no index."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from engine.debian import python_version
from engine.places import alone, cache
from mlpack.core.errors import EngineError


def wheels(requirements: Path) -> Path:
    """A folder with the wheels of everything in ``requirements``, hashes checked where it has them.

    The files are those of the index, unchanged, so that their hashes hold again in the image. The folder is kept for the next
    run, and nobody may write to it. Raises EngineError where pip cannot have one of them.
    """
    version = python_version()
    key = hashlib.sha256(f"{version}\n{requirements.read_text()}".encode()).hexdigest()[:16]
    folder = cache("wheels")
    made = folder / key
    with alone(folder / f"{key}.lock"):
        if not made.exists():
            with tempfile.TemporaryDirectory(dir=folder) as temporary:
                _download(interpreter(version), requirements, Path(temporary) / key)
                (Path(temporary) / key).rename(made)
    return made


def interpreter(version: str) -> str:
    """A Python of ``version``, as the base image has it. Raises EngineError where this machine has none."""
    if sys.version_info[:2] == tuple(int(part) for part in version.split(".")):
        return sys.executable
    other = shutil.which(f"python{version}")
    if not other:
        raise EngineError(f"no Python {version}, which the base image has", hint=f"apt-get install python{version}")
    return other


def _download(python: str, requirements: Path, folder: Path) -> None:
    words = ["download", "--quiet", "--only-binary=:all:", "--requirement", str(requirements), "--dest", str(folder)]
    ended = subprocess.run([python, "-m", "pip", *words], capture_output=True, text=True, check=False)
    if ended.returncode:
        lines = ended.stderr.splitlines()
        raise EngineError("pip found no wheels for an image", why=" ".join(lines[-1:]), details="\n".join(lines[-40:]))
