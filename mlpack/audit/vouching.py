"""What `mlpack trust` does: files and uses are added to a trust file, listed, and taken out."""

from __future__ import annotations

import datetime as dt
import os
import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlpack.audit.file import FileScan, Vouched, scan_file
from mlpack.audit.vouched import TrustAdded, TrustListed, TrustRemoved
from mlpack.audit.walk import Target
from mlpack.core.errors import CorruptFileError, MlpackError, UnsafeFileError, UsageError
from mlpack.core.model_file import manifest_in, sha256_of
from mlpack.core.trust import NO_TRUST, Use
from mlpack.core.trust_file import TrustedFile, TrustedUse, TrustFile, change_trust_file, read_trust_file, trust_path
from mlpack.runtime.manifest import is_bundle
from mlpack.scan.lists import roles_of, severity_of
from mlpack.scan.mlmodel import mlflow_folder

_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


@dataclass(frozen=True)
class _Wanted:
    """What is to be added, and the files that open without."""

    files: tuple[TrustedFile, ...]
    uses: tuple[TrustedUse, ...]
    opens_without: tuple[Path, ...]


def add_trust(
    items: Sequence[str], *, uses: Sequence[str] = (), note: str = "", file: str | Path | None = None
) -> TrustAdded:
    """Put files (by path, or by SHA-256) and ``uses`` (``module:name:role``) into the trust file.

    A file is scanned first: one that opens without trust is not added, and one that no trust lifts is refused. Either all
    are added or none. Raises UsageError, UnsafeFileError, CorruptFileError, OutputError.
    """
    if not items and not uses:
        raise UsageError(
            "there is nothing to trust", hint="mlpack trust add FILE, or: mlpack trust add --use MODULE:NAME:ROLE"
        )
    today = dt.datetime.now(dt.UTC).date().isoformat()
    wanted = _wanted(items, uses, note, today)
    path = trust_path(file)
    before = read_trust_file(path)
    after = change_trust_file(path, lambda content: _with(content, wanted)) if wanted.files or wanted.uses else before
    return TrustAdded(
        path,
        tuple(entry for entry in after.files if entry not in before.files),
        tuple(entry for entry in after.uses if entry not in before.uses),
        wanted.opens_without,
    )


def list_trust(file: str | Path | None = None) -> TrustListed:
    """What the trust file holds. Raises UsageError."""
    path = trust_path(file)
    return TrustListed(path, read_trust_file(path))


def remove_trust(items: Sequence[str], *, uses: Sequence[str] = (), file: str | Path | None = None) -> TrustRemoved:
    """Take files (by path, by SHA-256, or by the name they had) and ``uses`` out of the trust file.

    Raises UsageError for what is not in it; nothing is changed then.
    """
    if not items and not uses:
        raise UsageError("there is nothing to remove", hint="`mlpack trust list` shows what is trusted")
    path = trust_path(file)
    before = read_trust_file(path)
    hashes = {digest for item in items for digest in _hashes_in(before, item, path)}
    gone = {_use_in(before, text, path) for text in uses}
    change_trust_file(
        path,
        lambda content: TrustFile(
            tuple(entry for entry in content.files if entry.sha256 not in hashes),
            tuple(entry for entry in content.uses if entry.use not in gone),
        ),
    )
    return TrustRemoved(
        path,
        tuple(entry for entry in before.files if entry.sha256 in hashes),
        tuple(entry for entry in before.uses if entry.use in gone),
    )


def _wanted(items: Iterable[str], uses: Iterable[str], note: str, today: str) -> _Wanted:
    found: list[TrustedFile] = []
    needless: list[Path] = []
    for item in items:
        if _SHA256.fullmatch(item) and not os.path.lexists(item):
            found.append(TrustedFile(item.lower(), date=today, note=note))
            continue
        path = _model_at(Path(item))
        scan = scan_file(Target(path, named=True), Vouched(NO_TRUST))
        _refuse(scan)
        if scan.verdict == "safe":
            needless.append(path)
        else:
            found.append(TrustedFile(scan.sha256, path.name, scan.size, today, note))
    kept = tuple(TrustedUse(_checked_use(text), today, note) for text in uses)
    return _Wanted(tuple(found), kept, tuple(needless))


def _model_at(path: Path) -> Path:
    """The model file at ``path``: itself, or that of a bundle or an MLflow folder.

    Raises UsageError, CorruptFileError; UnsafeFileError, NoRouteError for an MLflow folder.
    """
    if is_bundle(path):
        return manifest_in(path).model_path
    mlflow = mlflow_folder(path)
    if mlflow is not None:
        return mlflow.model
    if path.is_dir():
        raise UsageError(
            f"{path} is a folder, and trust is in single files", hint="name the model files in it, each by its path"
        )
    if not path.exists():
        raise UsageError(
            f"{path} is neither a file nor a SHA-256", hint=f"check the path: ls {shlex.quote(str(path.parent))}"
        )
    return path


def _refuse(scan: FileScan) -> None:
    """Raises UnsafeFileError or CorruptFileError for a file that no trust lifts."""
    if scan.verdict not in {"unsafe", "corrupt"}:
        return
    errors = [finding for finding in scan.findings if finding.severity == "error"]
    why = "\n".join(f"{one.message} ({one.place})" if one.place else one.message for one in errors[:4])
    kind: type[MlpackError] = UnsafeFileError if scan.verdict == "unsafe" else CorruptFileError
    reason = "it is unsafe" if scan.verdict == "unsafe" else "it could not be judged"
    raise kind(
        f"{scan.path} was not added: {reason}, and no trust lifts that",
        why=why,
        hint=errors[0].hint,
        findings=scan.findings,
    )


def _checked_use(text: str) -> Use:
    """The use, where it may be made by every file from now on. Raises UsageError."""
    use = Use.parse(text)
    if use.role in roles_of(use.module, use.name):
        raise UsageError(f"{use} needs no trust", why="it is on mlpack's own list", hint="leave it out")
    if use.role == "called" and severity_of(use.module, use.name, use.role) == "error":
        raise UsageError(
            f"{use} was not added: no model that mlpack knows calls it",
            why="a trust file holds for every file from now on, and whoever may call this may do anything",
            hint=f"allow it for one run, on a file that you know: --allow {use}",
        )
    return use


def _with(content: TrustFile, wanted: _Wanted) -> TrustFile:
    """``content`` and what is ``wanted``: an entry that was there keeps its date unless a new note comes with it."""
    notes = {entry.sha256: entry.note for entry in wanted.files}
    kept = tuple(entry for entry in content.files if not notes.get(entry.sha256))
    there = {entry.sha256 for entry in kept}
    fresh = {entry.sha256: entry for entry in wanted.files if entry.sha256 not in there}
    known = {entry.use for entry in content.uses}
    uses = {entry.use: entry for entry in wanted.uses if entry.use not in known}
    return TrustFile((*kept, *fresh.values()), (*content.uses, *uses.values()))


def _hashes_in(content: TrustFile, item: str, path: Path) -> set[str]:
    known = {entry.sha256 for entry in content.files}
    if item.lower() in known:
        return {item.lower()}
    if Path(item).is_file():
        digest = sha256_of(Path(item))
        if digest in known:
            return {digest}
    named = {entry.sha256 for entry in content.files if entry.name == item}
    if len(named) == 1:
        return named
    raise _not_in(item, path, "several files had that name: give the SHA-256" if named else "")


def _use_in(content: TrustFile, text: str, path: Path) -> Use:
    use = Use.parse(text)
    if use not in {entry.use for entry in content.uses}:
        raise _not_in(str(use), path, "")
    return use


def _not_in(what: str, path: Path, why: str) -> UsageError:
    return UsageError(
        f"{what} is not in the trust file {path}",
        why=why,
        hint=f"see what is: mlpack trust list --file {shlex.quote(str(path))}",
    )
