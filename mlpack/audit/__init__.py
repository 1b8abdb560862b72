"""Scans files, folders and bundles, and keeps what the user trusts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlpack.audit.report import ScanReport

__all__ = ["scan"]


def scan(
    paths: str | Path | Iterable[str | Path],
    *,
    trust: Sequence[str] = (),
    allow: Sequence[str] = (),
    trust_file: str | Path | None = None,
    sarif: str | Path | None = None,
) -> ScanReport:
    """Judge files, folders and bundles by their bytes. Nothing in them runs, and no model library is imported.

    ``trust`` holds the SHA-256 of files that may run the code they carry, ``allow`` uses of names (``module:name:role``)
    that any file may make, ``trust_file`` is a file of both beside the user's own. ``sarif`` is a file to write a SARIF
    2.1.0 log to.

    What is wrong with a file is in the result. Raises UsageError for a path that does not exist, OutputError.
    """
    from mlpack.audit.command import run_scan

    listed = [paths] if isinstance(paths, str | Path) else list(paths)
    return run_scan(
        [Path(path) for path in listed],
        trust=trust,
        allow=allow,
        trust_file=Path(trust_file) if trust_file is not None else None,
        sarif=Path(sarif) if sarif is not None else None,
    )
