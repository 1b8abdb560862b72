"""Keras 3's own format: a zip with the configuration, metadata and weights."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mlpack.core.errors import OutputError
from mlpack.core.libraries import import_library
from mlpack.core.model_file import Header
from mlpack.scan.archives import is_zip, member_names
from mlpack.scan.keras_archive import MEMBERS, read_keras_archive, refuse_unsafe, steady_keras_file, unsafe_reasons
from mlpack.scan.keras_load import load_keras
from mlpack.scan.provenance import read_beside, write_beside


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
        reasons = unsafe_reasons(told)
        return Header(
            format=self.name,
            framework="keras",
            model=told.model,
            versions=told.versions,
            operators=told.operators,
            parameters=told.parameters,
            signature=told.signature,
            runs_code="; ".join(reasons),
            refused=bool(reasons),
            provenance=read_beside(path),
            notes=told.notes,
        )

    def load(self, path: Path, trusted: Sequence[str] = ()) -> Any:  # noqa: ARG002 - inert: safe mode is always on
        """The model, not compiled. Raises UnsafeFileError naming the layer, CorruptFileError, MissingLibraryError."""
        told = read_keras_archive(path)
        refuse_unsafe(told, path)
        return load_keras(path, ".keras", told.versions)

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
