"""The file in which a user or a project keeps what is trusted: files by their SHA-256, and uses of names."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shlex
import stat
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mlpack.core.errors import OutputError, UsageError
from mlpack.core.trust import Trust, Use, checked_sha256

VARIABLE = "MLPACK_TRUST_FILE"
VERSION = 1
_MOST_BYTES = 16 << 20
_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


@dataclass(frozen=True)
class TrustedFile:
    """A file that may run the code it carries. ``name`` and ``size`` (bytes) are what it had when it was added."""

    sha256: str
    name: str = ""
    size: int | None = None
    date: str = ""
    note: str = ""


@dataclass(frozen=True)
class TrustedUse:
    """A use of a name that any file may make."""

    use: Use
    date: str = ""
    note: str = ""


@dataclass(frozen=True)
class TrustFile:
    """What a trust file holds, in the order in which it was added."""

    files: tuple[TrustedFile, ...] = ()
    uses: tuple[TrustedUse, ...] = ()

    @property
    def trust(self) -> Trust:
        """What it vouches for."""
        return Trust(frozenset(file.sha256 for file in self.files), frozenset(entry.use for entry in self.uses))

    def note_of(self, sha256: str) -> str:
        """Why that file is trusted: the note of its entry, else the name; empty for one that is not in it."""
        return next((entry.note or entry.name or "a hash" for entry in self.files if entry.sha256 == sha256), "")

    def to_json(self) -> dict[str, Any]:
        """What is written."""
        return {
            "version": VERSION,
            "files": [asdict(entry) for entry in self.files],
            "uses": [{**asdict(entry), "use": str(entry.use)} for entry in self.uses],
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> TrustFile:
        """What `to_json` gave. Raises UsageError, ValueError, KeyError or TypeError for anything else."""
        if document["version"] != VERSION:
            raise ValueError(f"it has version {document['version']!r}, this mlpack reads {VERSION}")
        return cls(
            tuple(
                TrustedFile(
                    checked_sha256(entry["sha256"]),
                    str(entry.get("name") or ""),
                    entry.get("size"),
                    str(entry.get("date") or ""),
                    str(entry.get("note") or ""),
                )
                for entry in document["files"]
            ),
            tuple(
                TrustedUse(Use.parse(entry["use"]), str(entry.get("date") or ""), str(entry.get("note") or ""))
                for entry in document["uses"]
            ),
        )


def trust_path(named: str | Path | None = None) -> Path:
    """The trust file that is ``named``, else that of MLPACK_TRUST_FILE, else the user's own in the configuration folder (XDG).

    None is ever looked for in the working folder: who can put a model there could put its trust beside it. So a relative
    XDG_CONFIG_HOME is no place, as its specification has it, and neither is a relative home. Raises UsageError.
    """
    chosen = named or os.environ.get(VARIABLE)
    if chosen:
        return Path(chosen)
    folder = Path(os.environ.get("XDG_CONFIG_HOME", ""))
    try:
        folder = folder if folder.is_absolute() else Path.home() / ".config"
    except RuntimeError:  # a user without a name and without HOME, as in many a container
        folder = Path()
    if not folder.is_absolute():
        raise UsageError("there is no home folder to keep trust in", hint=f"name a file: {VARIABLE}=/some/trust.json")
    return folder / "mlpack" / "trust.json"


def own_trust() -> TrustFile:
    """What the trust file of MLPACK_TRUST_FILE holds, else the user's own; nothing where there is none.

    Raises UsageError for one that is damaged or could have been written by others. A configuration folder that cannot be
    entered, or is not there, holds no trust.
    """
    if os.environ.get(VARIABLE):
        return named_trust_file(trust_path())
    try:
        path = trust_path()
        there = path.exists()
    except (UsageError, PermissionError):
        return TrustFile()
    return read_trust_file(path) if there else TrustFile()


def gathered(hashes: Iterable[str] = (), allowed: Iterable[str] = ()) -> Trust:
    """What a call names and what the trust file holds. Raises UsageError."""
    return Trust.of(hashes, allowed).joined(own_trust().trust)


def named_trust_file(path: Path) -> TrustFile:
    """The trust file that a call names, which has to be there. Raises UsageError."""
    if not path.exists():
        raise UsageError(
            f"the trust file {path} does not exist",
            hint=f"make it with: mlpack trust add MODEL --file {shlex.quote(str(path))}",
        )
    return read_trust_file(path)


def read_trust_file(path: Path) -> TrustFile:
    """What the trust file at ``path`` holds; nothing where there is no file.

    Raises UsageError for a damaged one, and for one that somebody else could have written into.
    """
    try:
        with path.open("rb") as file:
            _check_owner(path, os.fstat(file.fileno()))
            text = file.read(_MOST_BYTES)
        return TrustFile.from_json(json.loads(text))
    except FileNotFoundError:
        return TrustFile()
    except UsageError as error:
        raise UsageError(f"the trust file {path} is refused", why=_reason(error), hint=error.hint) from error
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise UsageError(
            f"the trust file {path} cannot be read",
            why=f"{type(error).__name__}: {error}",
            hint=f"look at it; to begin anew: rm {shlex.quote(str(path))}",
        ) from error


def change_trust_file(path: Path, change: Callable[[TrustFile], TrustFile]) -> TrustFile:
    """Read, ``change`` and write the trust file at ``path``, atomically, for its owner alone (0600). Gives what it holds now.

    Two changes at once wait for each other. Raises UsageError, OutputError; nothing is written then.
    """
    place = path.resolve()  # where a dotfiles folder is linked to, the file there is replaced and not the link
    try:
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder = os.open(place.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            before = read_trust_file(path)
            after = change(before)
            if after != before:
                _write(place, after)
        finally:
            os.close(folder)
    except OSError as error:
        raise OutputError(
            f"the trust file {path} cannot be written",
            why=error.strerror or str(error),
            hint="name another with --file, or make room there",
        ) from error
    return after


def _write(path: Path, content: TrustFile) -> None:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    text = json.dumps(content.to_json(), indent=2, ensure_ascii=True) + "\n"
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _check_owner(path: Path, status: os.stat_result) -> None:
    """Refuse a file that others could have written their own trust into. Root reads what is a user's."""
    name = shlex.quote(str(path))
    if not stat.S_ISREG(status.st_mode):
        raise UsageError("it is no regular file", hint="name a file")
    if status.st_mode & _WRITABLE_BY_OTHERS:
        raise UsageError(
            f"others can write into it (its mode is {stat.S_IMODE(status.st_mode):04o}), and so trust in your name",
            hint=f"look at what it holds, then: chmod go-w {name}",
        )
    if os.geteuid() and status.st_uid not in {0, os.geteuid()}:
        raise UsageError(
            f"it belongs to the user {status.st_uid}, who can write into it, and so trust in your name",
            hint=f"look at what it holds, then make it yours: cp {name} trust.json",
        )


def _reason(error: UsageError) -> str:
    return f"{error.message}: {error.why}" if error.why else error.message
