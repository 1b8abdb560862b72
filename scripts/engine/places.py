"""Where engines and what they are fed with lie, and the locks that keep two processes from the same work."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mlpack.core.errors import EngineError

ENGINES = Path("/var/tmp/mlpack-engines")  # on a disk, and short: a socket's path has at most 107 bytes
KEPT = "kept"
"""The engine that ``up`` started, which stays until ``down``; the others live as long as the process that wanted them."""


def engines() -> Path:
    """The folder of all engines. Raises EngineError where it is somebody else's: what is in it is run as root."""
    ENGINES.mkdir(mode=0o700, exist_ok=True)
    if ENGINES.is_symlink() or ENGINES.stat().st_uid != os.geteuid():
        raise EngineError(f"{ENGINES} belongs to another user", hint=f"remove {ENGINES}")
    return ENGINES


def cache(name: str) -> Path:
    """A folder that outlasts a run, for what takes minutes to make."""
    kept = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "mlpack-tests" / name
    kept.mkdir(parents=True, exist_ok=True)
    return kept


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """Waits until no other process holds the lock at ``path``; the kernel frees it when its holder dies, however it does."""
    with path.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def held(path: Path) -> bool:
    """Whether a process that lives holds the lock at ``path``."""
    with path.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False
