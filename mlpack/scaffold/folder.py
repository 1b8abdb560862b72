"""Writes a rendered project into its folder, and tells one from a folder of somebody else."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path

from mlpack.core.errors import OutputError, UsageError
from mlpack.core.publish import publish_bytes

RUNTIME = Path(__file__).parent.parent / "runtime"
"""What is copied into every project, as it stands."""
MARKER = ".scaffold.json"
"""The file in which a project lists what was rendered, by its SHA-256: what is not in it is the user's own."""

Files = Mapping[str, bytes | Path]
"""What a project is made of, by the path in it: the bytes, or the file that is copied."""


def check_place(folder: Path, *, force: bool) -> None:
    """Refuse a folder that holds something else than a former project. Raises UsageError, OutputError."""
    if not os.path.lexists(folder):
        _check_parent(folder)
        return
    if not folder.is_dir():
        raise UsageError(f"{folder} exists and is no folder", hint="choose another name with -o")
    if not os.access(folder, os.W_OK):
        raise OutputError(f"the folder {folder} cannot be written", hint="choose another place with -o")
    if not any(folder.iterdir()):
        return
    if not rendered_files(folder):
        raise UsageError(
            f"{folder} is not empty, and no scaffold",
            why=f"there is no {MARKER} in it, so what it holds was not rendered by mlpack",
            hint="choose another name with -o",
        )
    if not force:
        raise UsageError(
            f"{folder} holds a scaffold already",
            why="what you changed in the files that were rendered would be lost",
            hint=f"render them anew with --force, or choose another name than {shlex.quote(str(folder))} with -o",
        )


def rendered_files(folder: Path) -> dict[str, str]:
    """What was rendered into ``folder``: SHA-256 by path. Empty where nothing was, or where the list is damaged."""
    try:
        document = json.loads((folder / MARKER).read_bytes())
        files = {str(path): str(digest) for path, digest in document["files"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}
    return files if all(_is_inside(path) for path in files) else {}


def is_whole(folder: Path) -> bool:
    """Whether every file that was rendered into ``folder`` is there as it was rendered."""
    files = rendered_files(folder)
    try:
        return bool(files) and all(_digest(folder / path) == digest for path, digest in files.items())
    except OSError:
        return False


def write_project(files: Files, folder: Path) -> None:
    """Write ``files`` into ``folder``: whole or not at all where it is new, else file by file.

    Files that a former project had and this one has not are removed; the user's own stay. Raises OutputError.
    """
    try:
        if folder.exists():
            _write_over(files, folder)
        else:
            _write_new(files, folder)
    except OSError as error:
        raise OutputError(
            f"{folder} cannot be written", why=error.strerror or str(error), hint="choose another place with -o"
        ) from error


def _check_parent(folder: Path) -> None:
    parent = folder.absolute().parent
    if not parent.is_dir():
        raise OutputError(f"the folder {parent} does not exist", hint=f"mkdir -p {shlex.quote(str(parent))}")
    if not os.access(parent, os.W_OK):
        raise OutputError(f"the folder {parent} cannot be written", hint="choose another place with -o")


def _write_new(files: Files, folder: Path) -> None:
    place = folder.absolute()
    staging = place.with_name(f".{place.name}.part-{os.getpid()}-{secrets.token_hex(4)}")
    try:
        staging.mkdir()
        _fill(files, staging)
        (staging / MARKER).write_bytes(_marker(staging, files))
        staging.rename(place)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _write_over(files: Files, folder: Path) -> None:
    """The marker is written first and last: a run that is killed between leaves a folder that --force still knows."""
    former = rendered_files(folder)
    publish_bytes(_document(former | dict.fromkeys(files, "")), folder / MARKER)
    for path in sorted(set(former) - set(files)):
        (folder / path).unlink(missing_ok=True)
    _fill(files, folder)
    publish_bytes(_marker(folder, files), folder / MARKER)


def _fill(files: Files, folder: Path) -> None:
    for path, content in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)  # never through a link to somewhere else
        if isinstance(content, Path):
            shutil.copyfile(content, target)
        else:
            target.write_bytes(content)


def _marker(folder: Path, files: Files) -> bytes:
    return _document({path: _digest(folder / path) for path in files})


def _document(files: Mapping[str, str]) -> bytes:
    import mlpack

    document = {"mlpack": mlpack.__version__, "files": dict(sorted(files.items()))}
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _is_inside(path: str) -> bool:
    return not Path(path).is_absolute() and ".." not in Path(path).parts
