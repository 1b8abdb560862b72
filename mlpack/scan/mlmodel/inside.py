"""Paths that a document names, which have to stay in its folder."""

from __future__ import annotations

import stat
from pathlib import Path, PurePosixPath

from mlpack.core.errors import CorruptFileError
from mlpack.scan.rules import mlflow


def inside(folder: Path, named: object, what: str) -> Path:
    """What ``named``, a path in the MLmodel of ``folder``, leads to: a file or a folder in it, by no link.

    ``what`` says which path it is. Raises UnsafeFileError, CorruptFileError for what is no path or not there.
    """
    if not isinstance(named, str) or not named:
        raise CorruptFileError(f"the MLmodel of {folder} names no {what}", hint="save the model again")
    parts = PurePosixPath(named).parts
    if named.startswith(("/", "~")) or ".." in parts or "\\" in named or ":" in named or not named.isprintable():
        raise mlflow.PATH.error(str(folder), f"its {what} is {named!r}, which is no path within the folder")
    place = folder
    for part in parts:
        place = place / part
        mode = _mode(place, folder, what)
        if stat.S_ISLNK(mode):
            raise mlflow.PATH.error(str(folder), f"its {what} goes by the link {place.relative_to(folder)}")
        if not stat.S_ISDIR(mode) and not stat.S_ISREG(mode):
            raise mlflow.PATH.error(str(folder), f"its {what} is {named!r}, which is neither a file nor a folder")
    return place


def _mode(place: Path, folder: Path, what: str) -> int:
    try:
        return place.lstat().st_mode
    except OSError as error:
        raise CorruptFileError(
            f"{folder} has no {place.relative_to(folder)}",
            why=f"its MLmodel names it as the {what}: {error.strerror}",
            hint="copy the whole folder again",
        ) from error
