"""Writes a rendered project into its folder, and tells one from a folder of somebody else."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shlex
import shutil
from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from pathlib import Path

from mlpack.core.errors import OutputError, UsageError
from mlpack.core.publish import publish_bytes

RUNTIME = Path(__file__).parent.parent / "runtime"
"""What is copied into every project, as it stands."""
MARKER = ".scaffold.json"
"""The file in which a project lists what was rendered, by its SHA-256: what is not in it is the user's own."""

_MOST_LISTED = 8

Files = Mapping[str, bytes | Path]
"""What a project is made of, by the path in it: the bytes, or the file that is copied."""


def check_place(folder: Path, *, force: bool) -> None:
    """Refuse a folder that holds something else than a former project. Raises UsageError, OutputError."""
    if not os.path.lexists(folder):
        _check_parent(folder)
        return
    if not folder.is_dir():
        raise UsageError(f"{folder} exists and is no folder", hint="choose another folder")
    if not os.access(folder, os.W_OK):
        raise OutputError(f"the folder {folder} cannot be written", hint="choose another place")
    if not any(folder.iterdir()):
        return
    if not rendered_files(folder):
        raise UsageError(
            f"{folder} is not empty, and no scaffold",
            why=f"there is no {MARKER} in it, so what it holds was not rendered by mlpack",
            hint="choose another folder",
        )
    if not force:
        edited = _edited(folder, rendered_files(folder))
        raise UsageError(
            f"{folder} holds a scaffold already",
            why=f"edited since they were rendered: {_listed(edited)}" if edited else "none of its files was edited",
            hint="--force renders them anew, and keeps what you edited as FILE.bak; "
            f"or choose another folder than {shlex.quote(str(folder))}",
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


def write_project(files: Files, folder: Path) -> dict[str, str]:
    """Write ``files`` into ``folder``: whole or not at all where it is new, else file by file.

    Files that a former project had and this one has not are removed; the user's own stay. What stood in the place of a file
    and was edited, or the user's own, is kept beside it; the answer is the names of the kept files by those of the written
    ones. Raises OutputError.
    """
    try:
        if folder.exists():
            return _write_over(files, folder)
        _write_new(files, folder)
        return {}
    except OSError as error:
        raise OutputError(
            f"{folder} cannot be written", why=error.strerror or str(error), hint="choose another place"
        ) from error


def _check_parent(folder: Path) -> None:
    parent = folder.absolute().parent
    if not parent.is_dir():
        raise OutputError(f"the folder {parent} does not exist", hint=f"mkdir -p {shlex.quote(str(parent))}")
    if not os.access(parent, os.W_OK):
        raise OutputError(f"the folder {parent} cannot be written", hint="choose another place")


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


def _write_over(files: Files, folder: Path) -> dict[str, str]:
    """The marker is written first and last: a run that is killed between leaves a folder that --force still knows."""
    former = rendered_files(folder)
    publish_bytes(_document(dict.fromkeys(files, "") | former), folder / MARKER)
    edited = _edited(folder, dict.fromkeys(files, "") | former)
    kept = _keep([path for path in edited if _is_other(folder / path, files.get(path))], folder)
    for path in sorted(set(former) - set(files)):
        (folder / path).unlink(missing_ok=True)
    _fill(files, folder)
    publish_bytes(_marker(folder, files), folder / MARKER)
    return kept


def _edited(folder: Path, rendered: Mapping[str, str]) -> list[str]:
    """The files in ``folder`` that are not what was ``rendered``; those that are gone are not among them."""
    there = (path for path in sorted(rendered) if (folder / path).is_file())
    return [path for path in there if _digest(folder / path) != rendered[path]]


def _is_other(file: Path, content: bytes | Path | None) -> bool:
    """Whether a file holds something else than what is about to be written."""
    if content is None:
        return True
    return _digest(file) != (_digest(content) if isinstance(content, Path) else hashlib.sha256(content).hexdigest())


def _keep(paths: Iterable[str], folder: Path) -> dict[str, str]:
    """Move files aside, each to the first name of its own that is free."""
    kept: dict[str, str] = {}
    for path in paths:
        names = (f"{path}.bak{number if number > 1 else ''}" for number in count(1))
        kept[path] = next(name for name in names if not os.path.lexists(folder / name))
        (folder / path).rename(folder / kept[path])
    return kept


def _listed(paths: Sequence[str]) -> str:
    more = len(paths) - _MOST_LISTED
    return ", ".join(paths[:_MOST_LISTED]) + (f" and {more} more" if more > 0 else "")


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
