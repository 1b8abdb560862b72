"""Writes a bundle: the model, golden predictions, the parity report, the bill of materials, and last the manifest."""

from __future__ import annotations

import json
import os
import secrets
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlpack
from mlpack.bundle.archive import write_arrays
from mlpack.bundle.contract import with_contract
from mlpack.bundle.golden import Golden, golden_of
from mlpack.bundle.requirements import requirements
from mlpack.bundle.sbom import sbom
from mlpack.bundle.signing import Signer
from mlpack.convert.attempts import Attempts, Kept
from mlpack.convert.routes import Route
from mlpack.core.errors import OutputError, UsageError
from mlpack.core.model_file import sha256_of
from mlpack.runtime.manifest import FORMAT_VERSION, MANIFEST, SIGNATURE, ManifestError, is_bundle, manifest_document
from mlpack.runtime.signature import Signature
from mlpack.verify.peer import Peer
from mlpack.verify.report import ParityReport
from mlpack.verify.subject import Subject

_PARTS = frozenset({"golden.npz", "parity.json", "sbom.cdx.json"})
"""What a bundle holds beside the model."""


@dataclass(frozen=True)
class Contents:
    """All that a bundle is made of."""

    subject: Subject
    attempts: Attempts
    route: Route
    kept: Kept
    name: str
    version: str
    signer: Signer | None = None


def check_folder(path: Path) -> None:
    """Refuse a destination that is something else than a bundle or nothing, or holds what no bundle has.

    Raises UsageError, OutputError.
    """
    if path.is_symlink():
        raise UsageError(
            f"{path} is a link",
            why="it would be gone",
            hint=f"-o {shlex.quote(str(path.resolve()))}, which it leads to",
        )
    if path.exists() and not is_bundle(path):
        raise UsageError(f"{path} exists and is no bundle", hint="choose another name with -o")
    if not path.parent.is_dir():
        raise OutputError(f"the folder {path.parent} does not exist", hint=f"mkdir -p {shlex.quote(str(path.parent))}")
    if not os.access(path.parent, os.W_OK):
        raise OutputError(f"the folder {path.parent} cannot be written", hint="choose another place with -o")
    foreign = _foreign(path) if path.exists() else []
    if foreign:
        raise UsageError(
            f"{path} holds {foreign[0]!r}, which is no part of a bundle",
            why="it would be gone with the bundle that is replaced",
            hint=f"mv {shlex.quote(str(path / foreign[0]))} somewhere else, or choose another name with -o",
        )


def former_bundle(path: Path) -> str:
    """The bundle that is at ``path`` before another is written there, in words; empty where none is."""
    if not path.exists():
        return ""
    try:
        document = manifest_document(path)
    except ManifestError:
        return "a bundle that was damaged"
    source = document["source"]["file"] or "a model at hand"
    signed = ", signed" if (path / SIGNATURE).is_file() else ""
    return f"{document['name']} {document['version']}, packed from {source}{signed}"


def _foreign(bundle: Path) -> list[str]:
    """What is in the folder and no part of the bundle, as far as its manifest can still be read."""
    present = {path.name for path in bundle.iterdir()}
    try:
        listed = {entry["path"] for entry in manifest_document(bundle)["files"]}
    except ManifestError:
        listed = {name for name in present if name in _PARTS or name.startswith("model.")}
    return sorted(present - listed - {MANIFEST, SIGNATURE})


def write_bundle(contents: Contents, path: Path) -> dict[str, Any]:
    """Write the bundle beside its place, then move it there: whole or not at all. Gives the manifest.

    Raises OutputError.
    """
    _sweep(path)
    staging = path.with_name(f".{path.name}.part-{os.getpid()}-{secrets.token_hex(4)}")
    folder = staging / path.name  # a signature is made over the name of the folder too
    try:
        folder.mkdir(parents=True)
        manifest = _fill(contents, folder)
        if contents.signer is not None:
            contents.signer.sign(folder)
        _replace(folder, path)
    except OSError as error:
        raise OutputError(
            f"{path} cannot be written", why=error.strerror or str(error), hint="choose another place with -o"
        ) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return manifest


def _fill(contents: Contents, folder: Path) -> dict[str, Any]:
    kept = contents.kept
    assert kept.report is not None
    for file in kept.files:
        shutil.copyfile(file, folder / file.name)
    golden = golden_of(contents.attempts.reference, kept.signature)
    write_arrays(folder / "golden.npz", golden.arrays)
    _write_json(folder / "parity.json", _published(kept.report))
    manifest = _manifest(contents, _signature(contents, golden))
    listed = [_entry(file) for file in sorted(folder.iterdir())]
    beside = {file.name for file in kept.files} - {kept.path.name}
    _write_json(folder / "sbom.cdx.json", sbom(manifest, [entry for entry in listed if entry["path"] in beside]))
    manifest["files"] = sorted([*listed, _entry(folder / "sbom.cdx.json")], key=lambda entry: str(entry["path"]))
    _write_json(folder / MANIFEST, manifest)
    return manifest


def _entry(file: Path) -> dict[str, Any]:
    return {"path": file.name, "sha256": sha256_of(file), "size": file.stat().st_size}


def _manifest(contents: Contents, signature: Signature) -> dict[str, Any]:
    subject, kept, peer = contents.subject, contents.kept, contents.attempts.reference.peer
    assert kept.report is not None
    header = contents.route.target.read_header(kept.path)
    versions = dict(subject.header.versions) if subject.header else {}
    return {
        "format_version": FORMAT_VERSION,
        "name": contents.name,
        "version": contents.version,
        "source": {
            "file": subject.path.name if subject.path else None,
            "sha256": subject.sha256 or None,
            "format": subject.format.name if subject.format else "object",
            "framework": peer.framework,
            "versions": versions,
        },
        "model": {
            "file": kept.path.name,
            "format": contents.route.target.name,
            "sha256": sha256_of(kept.path),
            "opset": dict(header.opsets) or None,
        },
        "signature": signature.to_json(),
        "route": {
            "frameworks": [contents.route.framework, *(converter.target for converter in contents.route.converters)],
            "variant": kept.variant,
            "versions": {**peer.versions, "mlpack-toolkit": mlpack.__version__},
        },
        "parity": {
            "verdict": kept.report.verdict,
            "max_abs_error": kept.report.max_abs,
            "label_agreement": kept.report.label_agreement,
            "rows": kept.report.rows,
            "probes": [probe.name for probe in kept.report.probes],
        },
        "requirements": requirements(contents.route.target.name, header),
    }


def _signature(contents: Contents, golden: Golden) -> Signature:
    """The packed model's signature, with what it takes and what it refuses."""
    attempts, kept = contents.attempts, contents.kept
    assert attempts.warm is not None  # it has just answered, or nothing would have been kept
    assert kept.report is not None
    candidate = Peer(attempts.warm, attempts.terms.hang, signature=kept.signature)
    return with_contract(attempts.reference, candidate, kept.report, golden.rows, attempts.terms.budget / 4)


def _published(report: ParityReport) -> dict[str, Any]:
    """The report without what changes from run to run and from machine to machine: times, folders, the sandbox."""
    document = report.to_json()
    del document["seconds"], document["sandbox"]
    for side in ("reference", "candidate"):
        document[side]["path"] = Path(document[side]["path"]).name
    return document


def _write_json(path: Path, document: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(document, indent=2, sort_keys=False) + "\n", encoding="utf-8")


def _sweep(path: Path) -> None:
    """Remove what killed runs left of ``path``: staging folders whose process is gone."""
    for leftover in path.parent.glob(f".{path.name}.part-*"):
        process = leftover.name.rpartition(".part-")[2].partition("-")[0]
        if process.isdigit() and not Path(f"/proc/{process}").exists():
            shutil.rmtree(leftover, ignore_errors=True)


def _replace(staging: Path, path: Path) -> None:
    """Move the new bundle to its place; the old one comes back if that fails."""
    if not path.exists():
        staging.rename(path)
        return
    old = path.with_name(f".{path.name}.old-{os.getpid()}-{secrets.token_hex(4)}")
    path.rename(old)
    try:
        staging.rename(path)
    except OSError:
        old.rename(path)
        raise
    shutil.rmtree(old)
