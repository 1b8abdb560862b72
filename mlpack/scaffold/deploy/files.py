"""Writes files among those of the user: all of them or none, and over nothing that is there unless told."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

from mlpack.core.errors import OutputError, UsageError


def check_free(folder: Path, files: Mapping[str, bytes], *, force: bool) -> None:
    """Refuse places that are taken. With ``force`` only what is no file is in the way. Raises UsageError."""
    taken = [folder / path for path in files if os.path.lexists(folder / path)]
    blocked = [path for path in taken if path.is_dir()]
    if blocked:
        raise UsageError(f"{_listed(blocked)}: a folder is where a file would be", hint="choose another place with -o")
    if taken and not force:
        raise UsageError(
            f"{_listed(taken)} {'is' if len(taken) == 1 else 'are'} there already",
            why="what you changed would be lost",
            hint="write anew with --force, or choose another place with -o",
        )


def write_files(files: Mapping[str, bytes], folder: Path, *, force: bool) -> None:
    """Write ``files`` below ``folder``, which is made. Raises UsageError as `check_free` does, OutputError.

    All are written beside their places first, and only then put there: what fails leaves nothing behind.
    """
    check_free(folder, files, force=force)
    made: list[Path] = []
    staged: dict[Path, Path] = {}
    try:
        for path, content in files.items():
            target = folder / path
            _make_folder(target.parent, made)
            part = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
            staged[target] = part
            _write(part, content)
        for target, part in staged.items():
            part.replace(target)
        made.clear()
    except OSError as error:
        raise OutputError(
            f"{folder} cannot be written", why=error.strerror or str(error), hint="choose another place with -o"
        ) from error
    finally:
        _take_back([*staged.values()], made)


def _take_back(parts: list[Path], folders: list[Path]) -> None:
    """Remove what lies beside the places, and the folders that were made. What cannot be removed was never there."""
    for part in parts:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
    for folder in reversed(folders):
        with contextlib.suppress(OSError):  # or somebody else has put something into it meanwhile
            folder.rmdir()


def _make_folder(folder: Path, made: list[Path]) -> None:
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    for place in reversed(missing):
        place.mkdir()
        made.append(place)


def _write(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _listed(paths: list[Path]) -> str:
    return ", ".join(map(str, paths))
