"""Reads the manifest of a bundle: what the folder holds, and that its files are the ones it was written with."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlpack.runtime.signature import Signature

MANIFEST = "mlpack.json"
FORMAT_VERSION = 1


class ManifestError(ValueError):
    """The folder is no bundle, or not the one that was written."""


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

    Every file it lists must be there with the hash it was written with. Raises ManifestError.
    """
    try:
        document = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if document["format_version"] != FORMAT_VERSION:
            raise ManifestError(
                f"{folder} has format_version {document['format_version']}, this reads {FORMAT_VERSION}"
            )
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
        for part in ("source", "route", "parity", "requirements"):
            document[part]
        files = {entry["path"]: entry["sha256"] for entry in document["files"]}
        if files.get(manifest.model_file) != manifest.model_sha256:
            raise ManifestError(f"{folder / MANIFEST} names a model that it does not list: {manifest.model_file!r}")
    except OSError as error:
        raise ManifestError(f"{folder / MANIFEST} cannot be read: {error.strerror}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise (
            error
            if isinstance(error, ManifestError)
            else ManifestError(f"{folder / MANIFEST} is damaged: {type(error).__name__} {error}")
        ) from error
    _check_files(folder, files)
    return manifest


def _check_files(folder: Path, files: Mapping[str, str]) -> None:
    for name, digest in files.items():
        path = folder / name
        if Path(name).name != name or not path.is_file():
            raise ManifestError(f"{folder} lists {name!r}, which is not in it")
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != digest:
                raise ManifestError(f"{path} is not the file that the bundle was written with: its SHA-256 differs")
