"""An environment for each peer, made once from its pinned requirements and kept in the user's cache."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from serving.process import NotServingError

PEERS = Path(__file__).parent / "peers"
_READY = "ready"


def environment(peer: str) -> Path:
    """The folder with the programs of the environment of ``peer``. Raises NotServingError where it cannot be installed."""
    requirements = PEERS / peer / "requirements.txt"
    made_from = requirements.read_bytes() + sys.version.encode()
    place = _cache() / f"{peer}-{hashlib.sha256(made_from).hexdigest()[:12]}"
    if not (place / _READY).exists():
        print(f"installing {peer} …", file=sys.stderr, flush=True)
        _install(place, requirements)
        (place / _READY).touch()
    return place / "bin"


def _install(place: Path, requirements: Path) -> None:
    shutil.rmtree(place, ignore_errors=True)
    venv.create(place, with_pip=True)
    command = [str(place / "bin" / "python"), "-m", "pip", "install", "--quiet", "--requirement", str(requirements)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        errors = [line for line in ended.stderr.splitlines() if line.startswith("ERROR")]
        raise NotServingError(f"cannot be installed: {' / '.join(errors)[-300:]}")


def _cache() -> Path:
    place = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return place / "mlpack-bench"
