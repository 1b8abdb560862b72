"""What a model file says of itself, read without running anything in it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlpack.core.errors import CorruptFileError, UsageError
from mlpack.core.finding import Finding
from mlpack.runtime.manifest import Manifest, ManifestError, is_bundle, read_manifest
from mlpack.runtime.signature import Signature


@dataclass(frozen=True)
class Header:
    """What a format reads from a file's bytes.

    ``framework`` is the name of the library whose object the file holds, None where the bytes do not tell.
    ``model`` is that object in the field's words: ``"Pipeline(StandardScaler, SVC)"``, ``"Sequential"``.
    ``versions`` holds what the file records of its makers (``"scikit-learn": "1.9.1"``); nothing is guessed.
    ``classes`` are the qualified names that a load would import. ``operators`` counts graph operators or layers.
    ``findings`` are what a scan holds against it: a load goes by them.
    ``external_files`` are names beside the file that belong to it.
    """

    format: str
    framework: str | None = None
    model: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)
    classes: tuple[str, ...] = ()
    operators: Mapping[str, int] = field(default_factory=dict)
    opsets: Mapping[str, int] = field(default_factory=dict)
    parameters: int | None = None
    signature: Signature | None = None
    findings: tuple[Finding, ...] = ()
    external_files: tuple[str, ...] = ()
    compression: str = ""
    provenance: Mapping[str, str] = field(default_factory=dict)
    """What mlpack wrote into the file when it made it: source hash, route, verdict."""
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The header as JSON-ready values."""
        return {
            "format": self.format,
            "framework": self.framework,
            "model": self.model,
            "versions": dict(self.versions),
            "classes": list(self.classes),
            "operators": dict(self.operators),
            "opsets": dict(self.opsets),
            "parameters": self.parameters,
            "signature": self.signature.to_json() if self.signature else None,
            "findings": [finding.to_json() for finding in self.findings],
            "external_files": list(self.external_files),
            "compression": self.compression,
            "provenance": dict(self.provenance),
            "notes": list(self.notes),
        }


_SCHEMES = tuple((scheme,) for scheme in ("http:", "https:", "grpc:", "grpcs:", "docker:"))
"""How the path of an address begins."""


def check_readable(path: Path) -> None:
    """Refuse what is not a readable, regular file, with an error that says which of these it is.

    Raises UsageError.
    """
    if path.is_dir():
        raise UsageError(f"{path} is a folder, not a model file", hint="name the model file inside it")
    if not path.exists() and path.parts[:1] in _SCHEMES:
        raise UsageError(
            f"{path} is an address, and no model file",
            why="a service or an image answers, and shows no model",
            hint="hold it against the model that it serves: mlpack verify MODEL ADDRESS",
        )
    if not path.exists():
        raise UsageError(f"{path} does not exist", hint="check the path: ls " + str(path.parent))
    if not path.is_file():
        raise UsageError(f"{path} is not a regular file", hint="copy the model into a file first")
    try:
        with path.open("rb"):
            pass
    except OSError as error:
        raise UsageError(f"{path} cannot be read", why=error.strerror or str(error), hint=f"chmod +r {path}") from error


def manifest_in(folder: Path) -> Manifest:
    """The manifest of the bundle ``folder``, its files checked. Raises UsageError where there is none, CorruptFileError."""
    if not folder.exists():
        raise UsageError(f"{folder} does not exist", hint=f"check the path: ls {folder.parent}")
    if not is_bundle(folder):
        raise UsageError(f"{folder} is no bundle", hint="make one with: mlpack pack MODEL -o NAME.mlpack")
    try:
        return read_manifest(folder)
    except ManifestError as error:
        hint = error.hint or "pack the model again: mlpack pack MODEL -o NAME.mlpack"
        raise CorruptFileError(str(error), hint=hint) from error


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
