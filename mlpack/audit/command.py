"""What `mlpack scan` does, from paths to a report."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path

from mlpack.audit.bundle import against_manifest
from mlpack.audit.file import FileScan, Vouched, scan_file
from mlpack.audit.report import ScanReport
from mlpack.audit.walk import targets
from mlpack.core.errors import OutputError, UsageError
from mlpack.core.publish import publish_bytes
from mlpack.core.trust import Trust
from mlpack.core.trust_file import TrustFile, named_trust_file, own_trust
from mlpack.scan.rules import files

_LOG_ENDINGS = (".sarif", ".json")


def run_scan(
    paths: Sequence[Path],
    *,
    trust: Sequence[str],
    allow: Sequence[str],
    trust_file: Path | None,
    sarif: Path | None,
) -> ScanReport:
    """See `mlpack.audit.scan`."""
    if sarif is not None:
        _check_log(sarif)
    vouched = vouched_by(trust, allow, trust_file)
    found: list[FileScan] = []
    plain = 0
    for bundle, inner in groupby(targets(paths), key=lambda target: target.bundle):
        scans = [scan_file(target, vouched) for target in inner]
        kept = [scan for scan in scans if not scan.plain] if bundle is None else against_manifest(bundle, scans)
        plain += len(scans) - len(kept)
        found += kept
    report = ScanReport(tuple(paths), tuple(_with_weights(found)), plain)
    if sarif is not None:
        publish_bytes(sarif_bytes(report), sarif)
    return report


def _check_log(sarif: Path) -> None:
    """A log never takes the place of what could be a model. Raises UsageError, OutputError."""
    if sarif.suffix.lower() not in _LOG_ENDINGS or sarif.is_symlink() or (sarif.exists() and not sarif.is_file()):
        raise UsageError(
            f"{sarif} is no place for a SARIF log",
            why=f"it is a file with the ending {' or '.join(_LOG_ENDINGS)}",
            hint="mlpack scan PATH... --sarif scan.sarif",
        )
    if not sarif.parent.is_dir():
        raise OutputError(
            f"the folder {sarif.parent} does not exist", hint=f"mkdir -p {shlex.quote(str(sarif.parent))}"
        )


def vouched_by(trust: Sequence[str], allow: Sequence[str], trust_file: Path | None) -> Vouched:
    """What the call vouches for, the trust file that it names, and the user's own. Raises UsageError."""
    own = own_trust()
    named = named_trust_file(trust_file) if trust_file is not None else TrustFile()
    notes = TrustFile((*named.files, *own.files), (*named.uses, *own.uses))
    return Vouched(Trust.of(trust, allow).joined(notes.trust), notes)


def sarif_bytes(report: ScanReport) -> bytes:
    """The SARIF log as it is written. ASCII alone: a name that is no Unicode stays valid JSON."""
    return (json.dumps(report.to_sarif(), indent=2, ensure_ascii=True) + "\n").encode()


def _with_weights(scans: Iterable[FileScan]) -> list[FileScan]:
    """Files of no format that an ONNX model names as its weights are just that: numbers, which it reads in its own bounds."""
    all_scans = list(scans)
    owners = {scan.path.parent / name: scan.path.name for scan in all_scans for name in scan.external}
    return [
        replace(scan, what=f"weights of {owners[scan.path]}", findings=())
        if scan.path in owners and {one.rule for one in scan.findings} == {files.UNRECOGNISED.id}
        else scan
        for scan in all_scans
    ]
