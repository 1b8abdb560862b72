"""Keras 3's own format: a zip with the configuration, metadata and weights."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from mlpack.core.errors import OutputError
from mlpack.core.libraries import import_library
from mlpack.core.model_file import Header
from mlpack.core.trust import NO_TRUST, Trust
from mlpack.scan.archives import is_zip, member_names
from mlpack.scan.keras_archive import MEMBERS, read_keras_archive, steady_keras_file
from mlpack.scan.keras_load import load_keras
from mlpack.scan.opened import opened
from mlpack.scan.provenance import read_beside, write_beside
from mlpack.scan.trusted import is_vouched


class KerasFormat:
    """What ``model.save("model.keras")`` writes."""

    name = "keras"
    title = "Keras archive"
    suffixes = (".keras",)
    frameworks = ("keras",)
    library = "keras"
    extra = "keras"

    def sniff(self, path: Path, head: bytes) -> bool:
        """A zip with a configuration and metadata."""
        return is_zip(head) and bool(MEMBERS.intersection(member_names(path)))

    def read_header(self, path: Path) -> Header:
        """Layers, versions, inputs and weights without Keras. Raises CorruptFileError, UnsafeFileError."""
        told = read_keras_archive(path)
        return Header(
            format=self.name,
            framework="keras",
            model=told.model,
            versions=told.versions,
            operators=told.operators,
            parameters=told.parameters,
            signature=told.signature,
            findings=told.findings,
            provenance=read_beside(path),
            notes=told.notes,
        )

    def load(self, path: Path, trust: Trust = NO_TRUST) -> Any:
        """The model, not compiled. Raises UnsafeFileError, TrustError, CorruptFileError, MissingLibraryError."""
        with opened(path) as file:
            told = read_keras_archive(path, file.content)
            is_vouched(path, told.findings, trust, file.content)
            return load_keras(file, ".keras", told)

    def save(self, model: Any, path: Path) -> None:
        """Write without the date that Keras puts in. Raises OutputError."""
        keras = import_library("keras", self.extra, f"saving {path}")
        try:
            with tempfile.TemporaryDirectory() as folder:
                whole = Path(folder) / "model.keras"
                keras.saving.save_model(model, whole)
                steady_keras_file(whole, path)
        except OSError as error:
            raise OutputError(f"{path} cannot be written", why=str(error), hint="make room there") from error

    def stamp(self, path: Path, provenance: dict[str, str]) -> None:
        """Beside the file: Keras refuses what it does not know in its metadata."""
        write_beside(path, provenance)


FORMAT = KerasFormat()
