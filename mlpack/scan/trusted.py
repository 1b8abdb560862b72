"""What a load goes by: the findings of the scan, and what the user vouched for."""

from __future__ import annotations

import hashlib
import shlex
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from mlpack.core.errors import TrustError, UnsafeFileError
from mlpack.core.finding import Finding
from mlpack.core.finding_view import one_line, ways_to_trust
from mlpack.core.trust import Trust

_CHUNK = 1 << 20
_MOST_SHOWN = 4


def is_vouched(path: Path, findings: Iterable[Finding], trust: Trust, content: Path | None = None) -> bool:
    """Whether loading ``path`` takes the user's trust in the file, which is there; False where the lists suffice.

    ``content`` leads to the very file that was judged, where that is open already.
    Raises UnsafeFileError where an error was found, TrustError where trust is missing.
    """
    standing = trust.remaining(findings, "")
    if not standing:
        return False
    if any(finding.severity == "error" for finding in standing):
        raise _unsafe(path, standing)
    with (content or path).open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if trust.vouches_for(digest):
        return True
    raise _untrusted(path, digest, trust, standing)


@contextmanager
def open_vouched(path: Path, trust: Trust, content: Path | None = None) -> Iterator[BinaryIO]:
    """A private copy of the file at ``path``, hashed while it was copied: what was hashed is what the caller reads.

    ``content`` leads to the very file that was judged, where that is open already.
    Raises TrustError where ``trust`` does not name that hash.
    """
    with tempfile.TemporaryFile() as copy:
        digest = hashlib.sha256()
        with (content or path).open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                copy.write(chunk)
        if not trust.vouches_for(digest.hexdigest()):
            raise _untrusted(path, digest.hexdigest(), trust, ())
        copy.seek(0)
        yield copy


def _unsafe(path: Path, findings: Sequence[Finding]) -> UnsafeFileError:
    errors = [finding for finding in findings if finding.severity == "error"]
    return UnsafeFileError(f"{path} is refused", why=_listed(path, errors), hint=errors[0].hint, findings=findings)


def _untrusted(path: Path, digest: str, trust: Trust, findings: Sequence[Finding]) -> TrustError:
    why = _listed(path, findings) or "it changed after it was judged"
    if trust.hashes:
        why += f"\nits SHA-256 is not among the {len(trust.hashes):,} that you trust"
    return TrustError(
        f"loading {path} needs your trust",
        why=why,
        hint="\n".join(ways_to_trust(path, findings, digest)),
        findings=findings,
    )


def _listed(path: Path, findings: Sequence[Finding]) -> str:
    """The first findings with their places, a line each."""
    shown = [
        one_line(f"{finding.message} ({finding.place})" if finding.place else finding.message)
        for finding in findings[:_MOST_SHOWN]
    ]
    left = len(findings) - _MOST_SHOWN
    more = [f"and {left:,} more: mlpack scan {shlex.quote(str(path))}"] if left > 0 else []
    return "\n".join([*shown, *more])
