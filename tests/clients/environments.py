"""An environment for each client that cannot be installed beside mlpack: made on first use, kept in ``.clients``."""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).parent
KEPT = HERE.parent.parent / ".clients"
_MADE = "made"


def python_of(client: str) -> Path:
    """The interpreter of the environment of ``client``, which ``requirements-CLIENT.txt`` lists whole.

    Raises subprocess.CalledProcessError where it cannot be installed.
    """
    requirements = HERE / f"requirements-{client}.txt"
    key = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()[:12]
    KEPT.mkdir(exist_ok=True)
    with (KEPT / f".{client}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        place = KEPT / f"{client}-{key}"
        if not (place / _MADE).exists():
            for old in KEPT.glob(f"{client}-*"):
                shutil.rmtree(old)
            _make(place, requirements)
    return place / "bin" / "python"


def _make(place: Path, requirements: Path) -> None:
    """With no pip in it and nothing compiled before it is used: that takes half of the time."""
    venv.create(place, with_pip=False)
    pip = [sys.executable, "-m", "pip", "--python", str(place / "bin" / "python"), "--disable-pip-version-check"]
    subprocess.run(
        [*pip, "install", "--quiet", "--no-deps", "--no-compile", "--requirement", str(requirements)], check=True
    )
    (place / _MADE).touch()
