"""Reads the manifest of a bundle: what the folder holds, and that its files are the ones it was written with."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .manifest_shape import misfit
from .signature import Signature

MANIFEST = "mlpack.json"
SIGNATURE = "model.sig"
"""The signature over every other file, in a bundle that is signed. It is made last, so the manifest does not list it."""
FORMAT_VERSION = 1
_MOST_BYTES = 64 << 20
_REMOVE = "if you put it there, take it out again; else get the bundle again from where it came"


class ManifestError(ValueError):
    """The folder is no bundle, or not the one that was written. ``hint`` says what to do, where that is special."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True)
class Manifest:
    """The manifest of a bundle, as far as running it needs it; ``document`` is all of it."""

    folder: Path
    name: str
    version: str
    model_file: str
    model_format: str
    model_sha256: str
    signature: Signature
    document: Mapping[str, Any]

    @property
    def model_path(self) -> Path:
        """Where the model file lies."""
        return self.folder / self.model_file


def is_bundle(path: Path) -> bool:
    """Whether ``path`` is a folder with a manifest in it."""
    return path.is_dir() and (path / MANIFEST).is_file()


def read_manifest(folder: Path) -> Manifest:
    """Read and check the manifest in ``folder``.

    Every file it lists must be there with the hash it was written with, and nothing but these, the manifest and a
    signature: a file that nobody hashed could be read by what loads the model. Raises ManifestError.
    """
    present = _plain_files(folder)
    document = manifest_document(folder)
    model = document["model"]
    manifest = Manifest(
        folder=folder,
        name=document["name"],
        version=document["version"],
        model_file=model["file"],
        model_format=model["format"],
        model_sha256=model["sha256"],
        signature=Signature.from_json(document["signature"]),
        document=document,
    )
    files = {entry["path"]: entry["sha256"] for entry in document["files"]}
    if files.get(manifest.model_file) != manifest.model_sha256:
        raise ManifestError(f"{folder / MANIFEST} names a model that it does not list: {manifest.model_file!r}")
    _check_files(folder, files, present)
    return manifest


def manifest_document(folder: Path) -> dict[str, Any]:
    """The manifest in ``folder`` as JSON, in the shape that it must have. Raises ManifestError."""
    path = folder / MANIFEST
    try:
        with path.open("rb") as file:
            text = file.read(_MOST_BYTES + 1)
        document = json.loads(text.decode()) if len(text) <= _MOST_BYTES else None
    except OSError as error:
        raise ManifestError(f"{path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise ManifestError(f"{path} is damaged: {type(error).__name__} {error}") from error
    version = document.get("format_version") if isinstance(document, dict) else None
    if isinstance(version, int) and version != FORMAT_VERSION:
        raise ManifestError(f"{path.parent} has format_version {version}, this reads {FORMAT_VERSION}")
    wrong = misfit(document) or ("" if version else "format_version is missing")
    if wrong:
        raise ManifestError(f"{path} is damaged: {wrong}")
    assert isinstance(document, dict)
    return document


def _plain_files(folder: Path) -> set[str]:
    """The names in ``folder``, all of them regular files: a link could lead to what changes after it was hashed."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise ManifestError(f"{folder} cannot be read: {error.strerror}") from error
    for entry in entries:
        if not entry.is_file(follow_symlinks=False):
            kind = "a symbolic link" if entry.is_symlink() else "a folder" if entry.is_dir() else "no regular file"
            copy = f"copy the bundle together with what its links lead to: cp -rL {shlex.quote(str(folder))} COPY"
            raise ManifestError(
                f"{entry.name!r} in {folder} is {kind}, and a bundle holds nothing but files",
                hint=copy if entry.is_symlink() else _REMOVE,
            )
    return {entry.name for entry in entries}


def _check_files(folder: Path, files: Mapping[str, str], present: set[str]) -> None:
    for name, digest in files.items():
        if name not in present:
            raise ManifestError(f"{folder} lists {name!r}, which is not in it")
        with (folder / name).open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != digest:
                raise ManifestError(
                    f"{folder / name} is not the file that the bundle was written with: its SHA-256 differs"
                )
    unlisted = sorted(present - {*files, MANIFEST, SIGNATURE})
    if unlisted:
        raise ManifestError(
            f"{folder} holds {unlisted[0]!r}, which its manifest does not list: it did not come with the bundle",
            hint=_REMOVE,
        )
