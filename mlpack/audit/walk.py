"""Which files a scan looks at, in an order that is the same every time."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from mlpack.core.errors import UsageError
from mlpack.core.finding import Finding
from mlpack.runtime.manifest import MANIFEST
from mlpack.scan.rules import files

PASSED_OVER = frozenset({".git", ".hg", ".svn", "__pycache__"})
"""Folders that version control and Python write for themselves: what is in them is compressed, or made from source again."""


@dataclass(frozen=True)
class Target:
    """A file to look at. ``named``: the user wrote its very path. ``bundle`` is the bundle that it lies in.

    ``trouble`` is why it cannot be looked at.
    """

    path: Path
    named: bool = False
    bundle: Path | None = None
    trouble: Finding | None = None


def targets(paths: Iterable[Path]) -> Iterator[Target]:
    """The files at ``paths``: themselves, and what lies in them. Links that lead out of a folder are not followed.

    Raises UsageError, before the first is given, for a path that does not exist.
    """
    wanted = list(dict.fromkeys(paths))
    for path in wanted:
        if not os.path.lexists(path):
            raise UsageError(f"{path} does not exist", hint=f"check the path: ls {shlex.quote(str(path.parent))}")
    if not wanted:
        raise UsageError("there is nothing to scan", hint="name a file, a folder or a bundle: mlpack scan PATH")
    return _distinct(target for path in wanted for target in _at(path))


def _distinct(found: Iterable[Target]) -> Iterator[Target]:
    seen: set[Path] = set()
    for target in found:
        if target.path not in seen:
            seen.add(target.path)
            yield target


def _at(path: Path) -> Iterator[Target]:
    if _holds(path.is_dir):
        yield from _in_folder(path)
    elif path.is_symlink() and not _holds(path.exists):
        yield Target(path, named=True, trouble=_leads_nowhere(path))
    else:
        yield Target(path, named=True)


def _in_folder(root: Path) -> Iterator[Target]:
    """Depth first, names in the order of their bytes."""
    real_root = Path(os.path.realpath(root))
    pending: list[_Entry] = [_Entry(root, "folder")]
    while pending:
        entry = pending.pop()
        match entry.kind:
            case "file":
                yield Target(entry.path, bundle=entry.bundle)
            case "link":
                trouble = _link(entry.path, real_root) or (_not_in_a_bundle("a link") if entry.bundle else None)
                if trouble:
                    yield Target(entry.path, bundle=entry.bundle, trouble=trouble)
            case "folder":
                if entry.bundle:
                    yield Target(entry.path, bundle=entry.bundle, trouble=_not_in_a_bundle("a folder"))
                try:
                    pending += reversed(_entries(entry))
                except OSError as error:
                    yield Target(entry.path, bundle=entry.bundle, trouble=_closed(entry.path, error))


@dataclass(frozen=True)
class _Entry:
    path: Path
    kind: Literal["file", "folder", "link"]
    bundle: Path | None = None


def _entries(folder: _Entry) -> list[_Entry]:
    """What lies in a folder, as its own entries tell it: nothing is opened. Raises OSError."""
    listed = sorted(os.scandir(folder.path), key=lambda entry: os.fsencode(entry.name))
    is_bundle = any(entry.name == MANIFEST and entry.is_file(follow_symlinks=False) for entry in listed)
    bundle = folder.bundle or (folder.path if is_bundle else None)
    return [_Entry(folder.path / entry.name, _kind(entry), bundle) for entry in listed if not _is_passed_over(entry)]


def _kind(entry: os.DirEntry[str]) -> Literal["file", "folder", "link"]:
    if entry.is_symlink():
        return "link"
    return "folder" if entry.is_dir(follow_symlinks=False) else "file"


def _holds(test: Callable[[], bool]) -> bool:
    """No, where the file system does not let us ask."""
    with suppress(OSError):
        return test()
    return False


def _closed(path: Path, error: OSError) -> Finding:
    hint = f"chmod u+rx {shlex.quote(str(path))}"
    return files.UNREADABLE.finding(f"the folder cannot be read: {error.strerror}", hint=hint)


def _is_passed_over(entry: os.DirEntry[str]) -> bool:
    return entry.name in PASSED_OVER and entry.is_dir(follow_symlinks=False)


def _link(path: Path, root: Path) -> Finding | None:
    """None for a link to what is scanned under its own name."""
    target = Path(os.path.realpath(path))
    if not _holds(target.exists):
        return _leads_nowhere(path)
    if target.is_relative_to(root) and not PASSED_OVER.intersection(target.relative_to(root).parts):
        return None
    return files.LINK.finding(
        f"it leads out of the folder, to {target}", hint=f"mlpack scan {shlex.quote(str(target))}"
    )


def _leads_nowhere(path: Path) -> Finding:
    return files.LINK.finding(
        f"it leads to {path.readlink()}, which is not there", hint="put the file there, or remove the link"
    )


def _not_in_a_bundle(kind: str) -> Finding:
    return files.MANIFEST.finding(f"it is {kind}, and a bundle holds nothing but files")
