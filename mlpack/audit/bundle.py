"""Holds the files of a bundle against the hashes in its manifest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from mlpack.audit.file import FileScan
from mlpack.core.finding import Finding
from mlpack.runtime.manifest import MANIFEST, SIGNATURE, ManifestError, manifest_document
from mlpack.scan.rules import files


def against_manifest(folder: Path, scans: Sequence[FileScan]) -> list[FileScan]:
    """``scans`` are those of all files in the bundle ``folder``; what the manifest holds against each is added."""
    try:
        document = manifest_document(folder)
    except ManifestError as error:
        return _with(scans, {MANIFEST: [files.MANIFEST.finding(str(error), hint=error.hint)]}, folder)
    listed = {entry["path"]: entry["sha256"] for entry in document["files"]}
    found: dict[str, list[Finding]] = {MANIFEST: [*_missing(listed, scans, folder), *_model(document, listed)]}
    for scan in scans:
        name = scan.path.relative_to(folder).as_posix()
        if scan.sha256 and name in listed and scan.sha256 != listed[name]:
            found[name] = [
                files.MANIFEST.finding("it is not the file that the bundle was written with: another SHA-256")
            ]
        elif scan.sha256 and name not in {*listed, MANIFEST, SIGNATURE}:
            found[name] = [files.MANIFEST.finding("the manifest does not list it: it did not come with the bundle")]
    return _with(scans, found, folder)


def _missing(listed: Mapping[str, str], scans: Sequence[FileScan], folder: Path) -> list[Finding]:
    present = {scan.path.relative_to(folder).as_posix() for scan in scans}
    return [files.MANIFEST.finding(f"it lists {name!r}, which is not there") for name in listed if name not in present]


def _model(document: Mapping[str, Mapping[str, str]], listed: Mapping[str, str]) -> list[Finding]:
    model = document["model"]
    if listed.get(model["file"]) == model["sha256"]:
        return []
    return [files.MANIFEST.finding(f"it names a model that it does not list: {model['file']!r}")]


def _with(scans: Sequence[FileScan], found: Mapping[str, Sequence[Finding]], folder: Path) -> list[FileScan]:
    return [scan.with_findings(found.get(scan.path.relative_to(folder).as_posix(), ())) for scan in scans]
