"""The folder that mlpack keeps things in from one run to the next. Imports nothing heavy.

``~/.cache/mlpack``, or below ``XDG_CACHE_HOME``, or the folder in ``MLPACK_CACHE``. It is the user's own and nobody
else's: what lies in it is run. An entry is whole or not there; of two processes that want the same one, the second waits.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mlpack
from mlpack.core.errors import OutputError, UsageError

VARIABLE = "MLPACK_CACHE"
_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH
_PACKED = "packed"


def cache_folder(*parts: str) -> Path:
    """A folder in the cache, which is made. Raises OutputError, UsageError where others may write to the cache."""
    root = _root()
    try:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = root.stat()
        folder = root.joinpath(*parts)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"the cache {root} cannot be written",
            why=error.strerror or str(error),
            hint=f"name another folder: {VARIABLE}=DIR",
        ) from error
    if status.st_uid != os.geteuid() or status.st_mode & _WRITABLE_BY_OTHERS:
        raise UsageError(
            f"the cache {root} can be written by others",
            why="what lies in it is run, so it has to be yours alone",
            hint=f"chmod 700 {root}, or name another folder: {VARIABLE}=DIR",
        )
    return folder


@contextmanager
def alone(entry: Path) -> Iterator[None]:
    """Nobody else works on ``entry`` meanwhile: who wants to waits. The lock is gone when its process is."""
    with entry.with_name(f".{entry.name}.lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def key_of(parts: Any) -> str:
    """The name of an entry that is made of ``parts``, JSON-ready values."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:40]


def note_packed(digest: str) -> None:
    """Note that the bundle of the file with this SHA-256 is kept, see `was_packed`."""
    (cache_folder(_PACKED) / f"{digest}-{mlpack.__version__}").touch()


def was_packed(digest: str) -> bool:
    """Whether the file with this SHA-256 has been packed by this mlpack before: its bundle will most likely be found."""
    return (_root() / _PACKED / f"{digest}-{mlpack.__version__}").exists()


def _root() -> Path:
    named = os.environ.get(VARIABLE)
    if named:
        return Path(named).absolute()
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if Path(base).is_absolute() else Path.home() / ".cache") / "mlpack"
