"""What a load goes by: the findings of the scan, and what the user vouched for."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from mlpack.core.errors import TrustError, UnsafeFileError
from mlpack.core.finding import Finding
from mlpack.core.trust import Trust

_CHUNK = 1 << 20


def is_vouched(path: Path, findings: Iterable[Finding], trust: Trust) -> bool:
    """Whether loading ``path`` takes the user's trust in the file, which is there; False where the lists suffice.

    Raises UnsafeFileError where an error was found, TrustError where trust is missing.
    """
    standing = trust.remaining(findings, "")
    if not standing:
        return False
    if any(finding.severity == "error" for finding in standing):
        raise _unsafe(path, standing)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if trust.vouches_for(digest):
        return True
    raise _untrusted(path, digest, trust, standing)


@contextmanager
def open_vouched(path: Path, trust: Trust) -> Iterator[BinaryIO]:
    """A private copy of the file at ``path``, hashed while it was copied: what was hashed is what the caller reads.

    Raises TrustError where ``trust`` does not name that hash.
    """
    with tempfile.TemporaryFile() as copy:
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                copy.write(chunk)
        if not trust.vouches_for(digest.hexdigest()):
            raise _untrusted(path, digest.hexdigest(), trust, ())
        copy.seek(0)
        yield copy


def _unsafe(path: Path, findings: Sequence[Finding]) -> UnsafeFileError:
    errors = [finding for finding in findings if finding.severity == "error"]
    return UnsafeFileError(f"{path} is refused", why=_sentence(errors), hint=errors[0].hint, findings=findings)


def _untrusted(path: Path, digest: str, trust: Trust, findings: Sequence[Finding]) -> TrustError:
    if trust.hashes and not findings:
        named = ", ".join(sorted(trust.hashes))
        return TrustError(
            f"{path} is not the file that you trusted",
            why=f"its SHA-256 is {digest}, and you named {named}",
            hint=f"find out who changed it; if this file is the right one: --trust {digest}",
        )
    return TrustError(
        f"loading {path} needs your trust",
        why=_sentence(findings),
        hint=f"if you know where it comes from: --trust {digest}",
        findings=findings,
    )


def _sentence(findings: Sequence[Finding], most: int = 4) -> str:
    """The first findings in one line, with their places."""
    shown = [
        f"{finding.message} ({finding.place})" if finding.place else finding.message for finding in findings[:most]
    ]
    more = [f"and {len(findings) - most} more"] if len(findings) > most else []
    return "; ".join([*shown, *more])
