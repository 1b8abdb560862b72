"""Keras's older format: a whole model in one HDF5 file."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from mlpack.core.errors import CorruptFileError, NoRouteError, OutputError
from mlpack.core.finding import Finding
from mlpack.core.libraries import import_library
from mlpack.core.model_file import Header
from mlpack.core.publish import publish_file
from mlpack.core.trust import NO_TRUST, Trust
from mlpack.scan.hdf5 import Contents, is_hdf5, read_hdf5
from mlpack.scan.keras_archive import KerasFile, all_numbers, parse_json, steady_json, weight_count
from mlpack.scan.keras_config import read_config
from mlpack.scan.keras_judge import judge_config
from mlpack.scan.keras_load import load_keras
from mlpack.scan.keras_sizes import sizes_beyond
from mlpack.scan.opened import opened
from mlpack.scan.provenance import read_beside, write_beside
from mlpack.scan.rules import hdf5
from mlpack.scan.trusted import is_vouched

_CONFIGURATION, _TRAINING = "model_config", "training_config"
_TEXTS = frozenset({_CONFIGURATION, _TRAINING, "keras_version", "backend"})


class Hdf5Format:
    """What ``model.save("model.h5")`` writes."""

    name = "hdf5"
    title = "Keras HDF5"
    suffixes = (".h5", ".hdf5")
    frameworks = ("keras",)
    library = "keras"
    extra = "keras"

    def sniff(self, path: Path, head: bytes) -> bool:
        """An HDF5 file, of whomever."""
        return is_hdf5(path, head)

    def read_header(self, path: Path) -> Header:
        """Layers, versions, inputs and weights without Keras.

        Raises CorruptFileError, also for a file that holds weights alone, UnsafeFileError.
        """
        told = _read(path)
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
            told = _read(path, file.content)
            _check_same(path, file.content, told.config)
            is_vouched(path, told.findings, trust, file.content)
            return load_keras(file, ".h5", told)

    def save(self, model: Any, path: Path) -> None:
        """Write without the optimizer. Raises OutputError, NoRouteError for operations that are no layers."""
        keras = import_library("keras", self.extra, f"saving {path}")
        _refuse_operations(model)
        try:
            with tempfile.TemporaryDirectory() as folder:
                whole = Path(folder) / "model.h5"
                keras.saving.save_model(model, whole, include_optimizer=False)
                _steady(whole)
                publish_file(whole, path)
        except OSError as error:
            raise OutputError(f"{path} cannot be written", why=str(error), hint="make room there") from error

    def stamp(self, path: Path, provenance: dict[str, str]) -> None:
        """Beside the file."""
        write_beside(path, provenance)


def _read(path: Path, content: Path | None = None) -> KerasFile:
    """Read the file at ``path``, which lies open at ``content`` if that is given."""
    with (content or path).open("rb") as file:
        contents = read_hdf5(str(path), file, os.fstat(file.fileno()).st_size, _TEXTS)
    configuration = contents.texts.get(_CONFIGURATION)
    if not configuration:
        raise _no_model(path, contents)
    version, backend = contents.texts.get("keras_version"), contents.texts.get("backend")
    document = parse_json(configuration, str(path))
    told = read_config(document, str(path))
    judged = judge_config(document, configuration, member=_CONFIGURATION)
    return KerasFile(
        model=told.model,
        versions={"keras": version} if version else {},
        operators=told.operators,
        parameters=weight_count(contents.shapes),
        signature=told.signature,
        findings=(
            *judged.findings,
            *_training_findings(contents.texts.get(_TRAINING), path),
            *sizes_beyond(document, all_numbers(contents.shapes), _CONFIGURATION),
        ),
        own=judged.own,
        config=configuration,
        notes=(f"saved with the {backend} backend",) if backend else (),
    )


def _training_findings(text: str | None, path: Path) -> tuple[Finding, ...]:
    """What would run if the file were loaded to be trained on, which mlpack never does."""
    if not text:
        return ()
    return judge_config(parse_json(text, str(path)), text, member=_TRAINING, training=True).findings


def _check_same(path: Path, content: Path, judged: str) -> None:
    """Refuse a file in which libhdf5 finds another configuration than the one that was judged."""
    import h5py

    with h5py.File(content, "r") as file:
        found = file.attrs[_CONFIGURATION]
    if (found.decode("utf-8") if isinstance(found, bytes) else found) != judged:
        raise hdf5.TWICE.error(str(path), "it holds two configurations", member=_CONFIGURATION)


def _no_model(path: Path, contents: Contents) -> CorruptFileError:
    weights = bool(
        contents.names & {"layer_names", "layers", "vars", "_layer_checkpoint_dependencies", "model_weights"}
    )
    if weights:
        return CorruptFileError(
            f"{path} holds weights only, no model",
            why="the architecture is not in it: it was written by model.save_weights()",
            hint="load the weights into the model that they belong to, and save that: model.save('model.keras')",
        )
    return CorruptFileError(
        f"{path} is an HDF5 file without a Keras model",
        why=f"it has no {_CONFIGURATION}; it holds {len(contents.shapes)} datasets",
        hint="save the model itself: model.save('model.keras')",
    )


def _refuse_operations(model: Any) -> None:
    """Keras writes operations (``x[:, 0]``, ``keras.ops.exp(x)``) into HDF5 and cannot read them from there."""
    layers = model.get_config().get("layers", []) if hasattr(model, "get_config") else []
    found = [layer["class_name"] for layer in layers if str(layer.get("module")).startswith("keras.src.ops")]
    if found:
        raise NoRouteError(
            f"Keras HDF5 cannot hold the operations {', '.join(dict.fromkeys(found))}",
            why="Keras writes them into the file and does not find them again when it reads it",
            hint="choose the .keras format",
        )


def _steady(path: Path) -> None:
    """Put the numbers of shared objects in order: Keras writes their addresses."""
    import h5py

    with h5py.File(path, "r+") as file:
        steady = steady_json(file.attrs[_CONFIGURATION])
        if steady != file.attrs[_CONFIGURATION]:
            file.attrs[_CONFIGURATION] = steady


FORMAT = Hdf5Format()
