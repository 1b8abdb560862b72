"""Where files lie: on this machine, or in a store that pyarrow or fsspec reaches, by one set of functions.

A path or an address (``s3://bucket/folder/x.parquet?endpoint_override=localhost:9000&scheme=http``) becomes a `Place`.
"""

from __future__ import annotations

import fnmatch
import os
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mlpack.core.errors import OutputError, UsageError
from mlpack.core.libraries import import_library

_ADDRESS = re.compile(r"^[a-z][a-z0-9+.-]+://", re.IGNORECASE)
_GLOB = re.compile(r"[*?\[]")
_STORE = (re.compile(r"curlCode: \d+, ([^;]+)"), re.compile(r"AWS Error (.+)"))
"""What counts of the long words of a store."""
_MOST_WORDS = 300
_HIDDEN = (".", "_")
_WHO = re.compile(r"([a-z][a-z0-9+.-]*://)(?:[^\s/?'\"]*@|[^\s@?'\"]*:[^\s@?'\"]*@)", re.IGNORECASE)
_OPTIONS = re.compile(r"([a-z][a-z0-9+.-]*://[^\s?'\"]*)\?[^\s'\"]*", re.IGNORECASE)


@dataclass(frozen=True)
class Found:
    """A file that is there. ``mtime`` is in nanoseconds, None where the store has none."""

    path: str
    size: int
    mtime: int | None


@dataclass(frozen=True)
class Place:
    """A path in a file system of pyarrow. ``shown`` is what the user wrote, without keys and options.

    What asks for files raises UsageError where the store does not answer.
    """

    files: Any
    path: str
    shown: str
    local: bool

    @property
    def name(self) -> str:
        """The last part of the path."""
        return posixpath.basename(self.path.rstrip("/"))

    @property
    def here(self) -> Path:
        """The path on this machine."""
        assert self.local
        return Path(self.path)

    def child(self, name: str) -> Place:
        """What is called ``name`` in this folder."""
        return replace(self, path=posixpath.join(self.path, name), shown=posixpath.join(self.shown, name))

    def sibling(self, name: str) -> Place:
        """What is called ``name`` beside this."""
        shown = posixpath.join(posixpath.dirname(self.shown), name)
        return replace(self, path=posixpath.join(posixpath.dirname(self.path.rstrip("/")), name), shown=shown)

    def kind(self) -> str:
        """``file``, ``folder``, or ``""`` where nothing is there."""
        from pyarrow.fs import FileType

        found = self._asked(self.path).type
        return {FileType.File: "file", FileType.Directory: "folder"}.get(found, "")

    def listed(self, *, deep: bool = False) -> list[Found]:
        """The files in this folder, by name; ``deep`` goes into folders below. Empty where there is no such folder."""
        from pyarrow.fs import FileSelector, FileType

        selector = FileSelector(self.path, recursive=deep, allow_not_found=True)
        return [
            _found(info)
            for info in sorted(self._asked(selector), key=lambda info: info.path)
            if info.type == FileType.File
        ]

    def found(self) -> Found:
        """The file itself, as it is now."""
        return _found(self._asked(self.path))

    def read(self) -> bytes:
        """All of a small file. Raises UsageError where it cannot be read."""
        try:
            with self.files.open_input_stream(self.path) as stream:
                content: bytes = stream.readall()
        except OSError as error:
            raise unreachable(self.shown, error) from None
        return content

    def remove(self) -> None:
        """Remove this file, where it is there."""
        if self.kind() == "file":
            self.files.delete_file(self.path)

    def _asked(self, what: Any) -> Any:
        try:
            return self.files.get_file_info(what)
        except OSError as error:
            raise unreachable(self.shown, error) from None  # its own words may have the keys in them

    def make_folder(self) -> tuple[Place, ...]:
        """Make this folder, and those above. The ones that were not there, from this one up. Raises OutputError."""
        made = []
        place = self
        while place.kind() == "" and posixpath.dirname(place.path) not in {place.path, ""}:
            made.append(place)
            if not self.local:
                break  # in a store there are none above
            place = replace(place, path=posixpath.dirname(place.path), shown=posixpath.dirname(place.shown))
        try:
            self.files.create_dir(self.path, recursive=True)
        except OSError as error:
            raise OutputError(
                f"{self.shown} cannot be made", why=redacted(str(error)), hint="choose another place"
            ) from error
        return tuple(made)

    def remove_empty(self) -> None:
        """Remove this folder, where it is there and nothing is in it."""
        from pyarrow.fs import FileSelector

        if self.kind() == "folder" and not self._asked(FileSelector(self.path)):
            self.here.rmdir() if self.local else self.files.delete_dir(self.path)


def redacted(text: str) -> str:
    """``text``, an address or a message, without what stands before an ``@`` or after a ``?`` in addresses: keys, tokens."""
    plain = text.partition("?")[0] if _ADDRESS.match(text) else text
    return _OPTIONS.sub(r"\1", _WHO.sub(r"\1", plain))


def place_of(text: str) -> Place:
    """The place that ``text`` names. Raises UsageError for an address that nothing here reaches."""
    import_library("pyarrow", "data", "reading and writing rows")
    from pyarrow import fs

    if not _ADDRESS.match(text):
        return Place(fs.LocalFileSystem(), Path(text).absolute().as_posix(), text, local=True)
    try:
        files, path = fs.FileSystem.from_uri(_without_glob(text))
    except OSError as error:
        raise unreachable(text, error) from None  # its own words may have the keys in them
    except (ValueError, NotImplementedError) as error:
        return _by_fsspec(text, error)
    local = isinstance(files, fs.LocalFileSystem)
    return Place(files, path + _glob_of(text), path if local else redacted(text), local=local)


def unreachable(text: str, error: OSError) -> UsageError:
    """The error of a store that does not answer, or does not let us in; ``text`` is the address."""
    why = redacted(str(error).replace(text, redacted(text)).partition("\n")[0])
    found = next((found[1].strip() for pattern in _STORE if (found := pattern.search(why))), why)
    is_store = bool(_ADDRESS.match(text))
    return UsageError(
        f"{redacted(text)} cannot be {'reached' if is_store else 'read'}",
        why=found[:_MOST_WORDS],
        hint="check the address, the network and the keys (of s3://: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION)"
        if is_store
        else "check the path, and that you may read it",
    )


def expanded(place: Place) -> Iterator[Found]:
    """The files that ``place`` means: itself, those in a folder and the folders below, or those of a glob."""
    base, pattern = _split(place.path)
    if pattern and place.kind() == "":
        for found in replace(place, path=base).listed(deep=True):
            if _is_meant(found.path, place.path):
                yield found
        return
    if place.kind() == "file":
        yield place.found()
        return
    root = place.path.rstrip("/")
    for found in place.listed(deep=True):
        inner = found.path.removeprefix(root).split("/")
        if not any(part.startswith(_HIDDEN) for part in inner if part):
            yield found


def would_mean(place: Place, other: Place) -> bool:
    """Whether `expanded` would find ``other`` at ``place``, were it there."""
    if type(place.files) is not type(other.files):
        return False
    wanted, path = _real(place), _real(other).path
    if _split(wanted.path)[1] and place.kind() == "":
        return _is_meant(path, wanted.path)
    root = wanted.path.rstrip("/")
    inner = path.removeprefix(f"{root}/").split("/")
    return path == root or (path.startswith(f"{root}/") and not any(part.startswith(_HIDDEN) for part in inner))


def _real(place: Place) -> Place:
    """``place`` by the path that its links lead to, up to the first sign of a glob."""
    if not place.local:
        return place
    base, pattern = _split(place.path)
    return replace(place, path=posixpath.join(os.path.realpath(base), pattern) if pattern else os.path.realpath(base))


def _is_meant(path: str, pattern: str) -> bool:
    """Whether a glob means ``path``, part by part, as in a shell: a star goes into no folder, and means no hidden name.

    A name with an underscore in front is hidden too: it is how readers of folders tell what is no row.
    """
    parts, patterns = path.split("/"), pattern.split("/")
    return len(parts) == len(patterns) and all(
        fnmatch.fnmatchcase(part, wanted) and (not part.startswith(_HIDDEN) or wanted.startswith(part[0]))
        for part, wanted in zip(parts, patterns, strict=True)
    )


def _split(path: str) -> tuple[str, str]:
    """The folder before the first part with a sign of a glob in it, and the rest."""
    parts = path.split("/")
    first = next((place for place, part in enumerate(parts) if _GLOB.search(part)), None)
    if first is None:
        return path, ""
    return "/".join(parts[:first]) or "/", "/".join(parts[first:])


def _without_glob(text: str) -> str:
    """An address that pyarrow parses. Only ``*`` and ``[`` are globs in one: a question mark begins its options."""
    before, sign, options = text.partition("?")
    return re.sub(r"[*\[].*$", "", before) + sign + options


def _glob_of(text: str) -> str:
    found = re.search(r"[*\[].*$", text.partition("?")[0])
    return ("/" if text.partition("?")[0][: found.start()].endswith("/") else "") + found[0] if found else ""


def _by_fsspec(text: str, reason: Exception) -> Place:
    """The place by fsspec, which knows more stores than pyarrow where their libraries are installed."""
    fsspec = import_library("fsspec", "data", f"reading {redacted(text)}")
    from pyarrow import fs

    try:
        files, path = fsspec.core.url_to_fs(text)
    except (ValueError, ImportError, OSError) as error:
        raise UsageError(
            f"{redacted(text)} cannot be reached",
            why=redacted(str(reason or error).replace(text, redacted(text))),
            hint="install what fsspec needs for it, or copy it here",
        ) from None  # its own words may have the keys in them
    return Place(fs.PyFileSystem(fs.FSSpecHandler(files)), path, redacted(text), local=False)


def _found(info: Any) -> Found:
    return Found(info.path, int(info.size or 0), int(info.mtime_ns) if info.mtime_ns else None)
