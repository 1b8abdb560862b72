"""What a scan says of one file."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mlpack.audit.digest import Digest
from mlpack.audit.reading import Reading, look_into
from mlpack.audit.walk import Target
from mlpack.core.finding import Finding, Verdict
from mlpack.core.trust import Trust
from mlpack.core.trust_file import TrustFile
from mlpack.scan.rules import all_rules, files

UNHASHED_BYTES = 1000 * 1000 * 1000
"""A larger file of no format is not hashed to its end: nobody can vouch for it, and ten seconds of zeros tell nothing."""


@dataclass(frozen=True)
class Vouched:
    """``trust`` is all that the user vouches for; ``notes`` is the trust file, which knows why."""

    trust: Trust
    notes: TrustFile = field(default_factory=TrustFile)


@dataclass(frozen=True)
class FileScan:
    """One file of a scan. ``sha256`` is empty where there was nothing to hash; ``what`` says what is in it, in short.

    ``findings`` are all there are, ``lifted`` those of them that the user's trust lifts; ``verdict`` goes by the others.
    """

    path: Path
    format: str | None = None
    what: str = ""
    size: int | None = None
    sha256: str = ""
    findings: tuple[Finding, ...] = ()
    lifted: frozenset[Finding] = frozenset()
    external: tuple[str, ...] = ()
    plain: bool = False

    @property
    def verdict(self) -> Verdict:
        """Unsafe before corrupt: a file that is damaged behind what it wants to run is unsafe."""
        standing = [one for one in self.findings if one not in self.lifted]
        errors = [one for one in standing if one.severity == "error"]
        if any(not is_damage(one) for one in errors):
            return "unsafe"
        if errors:
            return "corrupt"
        return "needs-trust" if any(one.severity == "warning" for one in standing) else "safe"

    def with_findings(self, more: Iterable[Finding]) -> FileScan:
        """The same, with ``more`` held against it."""
        return replace(self, findings=(*self.findings, *more))

    def to_json(self) -> dict[str, Any]:
        """The five keys that are frozen; a finding has ``trusted`` where the user's trust lifts it."""
        return {
            "path": str(self.path),
            "format": self.format,
            "sha256": self.sha256 or None,
            "verdict": self.verdict,
            "findings": [{**one.to_json(), "trusted": one in self.lifted} for one in self.findings],
        }


def is_damage(finding: Finding) -> bool:
    """Whether it says that the file could not be judged, and not that it wants something."""
    rule = all_rules().get(finding.rule)
    return rule is not None and rule.damage


def scan_file(target: Target, vouched: Vouched) -> FileScan:
    """Judge and hash one file, over the same bytes. Never raises for what is wrong with the file."""
    if target.trouble:
        return FileScan(target.path, findings=(target.trouble,))
    try:
        status = target.path.stat()
        if not stat.S_ISREG(status.st_mode):
            return FileScan(target.path, findings=(_special(status.st_mode),))
        # Without O_NONBLOCK a pipe that was put here since would hold the scan up for ever.
        descriptor = os.open(target.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        hint = f"chmod +r {target.path}" if isinstance(error, PermissionError) else ""
        found = files.UNREADABLE.finding(f"it cannot be opened: {error.strerror}", hint=hint)
        return FileScan(target.path, findings=(found,))
    try:
        return _scan_open(target, descriptor, vouched)
    finally:
        os.close(descriptor)


def _scan_open(target: Target, descriptor: int, vouched: Vouched) -> FileScan:
    before = os.fstat(descriptor)
    if not stat.S_ISREG(before.st_mode):
        return FileScan(target.path, findings=(_special(before.st_mode),))
    with Digest(descriptor) as digest:
        reading = look_into(target.path)
        plain = reading.plain and not target.named
        found = [] if plain else list(reading.findings)
        sha256 = ""
        if _is_worth_a_hash(target, reading, before.st_size):
            try:
                sha256 = digest.result()
            except OSError as error:
                found.append(files.UNREADABLE.finding(f"it cannot be read: {error.strerror}"))
    changed = _change(target.path, before, os.fstat(descriptor))
    if changed:
        found.append(files.CHANGED.finding(changed))
    lifted, notes = _lifted(found, sha256, vouched)
    return FileScan(
        path=target.path,
        format=reading.format,
        what=reading.what,
        size=before.st_size,
        sha256=sha256,
        findings=(*found, *notes),
        lifted=lifted,
        external=reading.external,
        plain=plain and not changed,
    )


def _is_worth_a_hash(target: Target, reading: Reading, size: int) -> bool:
    if reading.plain and not target.named and not target.bundle:
        return False
    return reading.format is not None or target.bundle is not None or size <= UNHASHED_BYTES


def _lifted(found: Iterable[Finding], sha256: str, vouched: Vouched) -> tuple[frozenset[Finding], tuple[Finding, ...]]:
    """What the user's trust lifts, and a note that says so where the trust is in this very file."""
    findings = [one for one in found if one.severity != "note"]
    lifted = frozenset(findings) - frozenset(vouched.trust.remaining(findings, sha256))
    if not lifted or not vouched.trust.vouches_for(sha256):
        return lifted, ()
    note = vouched.notes.note_of(sha256)
    message = f"trusted as {note!r}, by the trust file" if note else "trusted, by --trust"
    return lifted, (files.TRUSTED.finding(message),)


def _change(path: Path, before: os.stat_result, after: os.stat_result) -> str:
    """What happened to the file while it was read: the hash is of the open file, and the reader opened it by its path."""
    now = None
    with suppress(OSError):
        now = path.stat()
    if now is None or (now.st_dev, now.st_ino) != (before.st_dev, before.st_ino):
        return "another file was put in its place while it was scanned"
    if _state(before) != _state(after):
        return "it was written to while it was scanned"
    return ""


def _state(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _special(mode: int) -> Finding:
    kinds = ((stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"), (stat.S_ISDIR, "a folder"))
    kind = next((name for test, name in kinds if test(mode)), "a device")
    return files.SPECIAL.finding(f"it is {kind}, not a regular file")
