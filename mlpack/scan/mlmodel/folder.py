"""One folder that MLflow saved a model in, by its MLmodel."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlpack.core.errors import CorruptFileError, MlpackError, UnsafeFileError
from mlpack.core.finding import Finding
from mlpack.scan.mlmodel.flavors import PYTHON_FUNCTION, model_of
from mlpack.scan.mlmodel.inside import inside
from mlpack.scan.rules import mlflow
from mlpack.scan.rules.rule import plain_text
from mlpack.scan.yaml_document import read_yaml

MLMODEL = "MLmodel"
"""The name of the file that makes a folder an MLflow model."""

_REQUIREMENTS = "requirements.txt"
_MOST_REQUIREMENTS = 1 << 16
_LONGEST = 200


@dataclass(frozen=True)
class MLflowFolder:
    """What an MLmodel says. ``model`` is the file of the model, ``flavor`` the one it is read by.

    ``versions`` are those that the MLmodel records, by library; ``inputs`` and ``outputs`` are the columns or tensors of its
    signature, each as ``name: type``. ``example`` is the file of the input example, ``dtypes`` are those that the signature
    has for its tensors, by name ("" for the only one).
    """

    folder: Path
    model: Path
    flavor: str
    versions: Mapping[str, str] = field(default_factory=dict)
    inputs: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    requirements: tuple[str, ...] = ()
    example: Path | None = None
    dtypes: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The description as JSON-ready values; paths are relative to the folder."""
        return {
            "folder": str(self.folder),
            "model": self.model.relative_to(self.folder).as_posix(),
            "flavor": self.flavor,
            "versions": dict(self.versions),
            "inputs": list(self.inputs),
            "outputs": list(self.outputs),
            "requirements": list(self.requirements),
            "example": self.example.relative_to(self.folder).as_posix() if self.example else None,
        }


def is_mlflow_folder(path: Path) -> bool:
    """Whether ``path`` is a folder with an MLmodel in it."""
    return path.is_dir() and ((path / MLMODEL).is_file() or (path / MLMODEL).is_symlink())


def mlflow_folder(path: Path) -> MLflowFolder | None:
    """What the MLmodel in the folder ``path`` says; None where ``path`` is no such folder.

    Raises UnsafeFileError, NoRouteError for a flavor that mlpack does not read, CorruptFileError.
    """
    if not is_mlflow_folder(path):
        return None
    document = _document(path)
    flavors = _flavors(path, document)
    flavor, model = model_of(path, flavors)
    signature = _mapping(document.get("signature"))
    inputs, outputs = _schema(signature.get("inputs"), path), _schema(signature.get("outputs"), path)
    return MLflowFolder(
        folder=path,
        model=model,
        flavor=flavor,
        versions=_versions(document, flavors, flavor),
        inputs=tuple(map(_described, inputs)),
        outputs=tuple(map(_described, outputs)),
        requirements=_requirements(path),
        example=_example(path, _mapping(document.get("saved_input_example_info"))),
        dtypes={str(one.get("name") or ""): _dtype(one) for one in inputs if one.get("type") == "tensor"},
    )


def findings_in(path: Path) -> tuple[Finding, ...]:
    """What is to be held against the MLmodel at ``path``, beyond the model that it names: none where it is none."""
    try:
        document = _document(path.parent)
        model_of(path.parent, _flavors(path.parent, document))
        _example(path.parent, _mapping(document.get("saved_input_example_info")))
    except UnsafeFileError as error:
        return error.findings
    except MlpackError:
        return ()  # no MLmodel, or one whose model is not read: its files are judged one by one
    return ()


def _document(folder: Path) -> Mapping[str, Any]:
    return _mapping(read_yaml(inside(folder, MLMODEL, "description"), mlflow.YAML))


def _flavors(folder: Path, document: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    flavors = document.get("flavors")
    if not isinstance(flavors, dict) or not flavors:
        raise CorruptFileError(f"the MLmodel of {folder} lists no flavors", hint="save the model again")
    return {name: _mapping(flavor) for name, flavor in flavors.items()}


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _versions(document: Mapping[str, Any], flavors: Mapping[str, Mapping[str, Any]], flavor: str) -> dict[str, str]:
    """MLflow's own version, those of the flavor (``sklearn_version``), and Python's."""
    found = {"MLflow": document.get("mlflow_version")}
    for key, value in flavors[flavor].items():
        library, _, rest = key.rpartition("_")
        if rest == "version" and library:
            found[library] = value
    found["Python"] = flavors.get(PYTHON_FUNCTION, {}).get("python_version")
    return {name: _short(value) for name, value in found.items() if isinstance(value, str | int)}


def _schema(text: object, folder: Path) -> list[Mapping[str, Any]]:
    """The entries of a schema, which is JSON in a string."""
    if text is None:
        return []
    try:
        entries = json.loads(text) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        entries = None
    if not isinstance(entries, list):
        raise CorruptFileError(f"the signature in the MLmodel of {folder} is no list in JSON", hint="save it again")
    return [entry for entry in entries if isinstance(entry, dict)]


def _described(entry: Mapping[str, Any]) -> str:
    """``age: double``, ``image: float32[-1, 28, 28]``."""
    name = f"{_short(entry['name'])}: " if entry.get("name") is not None else ""
    if entry.get("type") != "tensor":
        optional = ", optional" if entry.get("required") is False else ""
        return f"{name}{_short(entry.get('type'))}{optional}"
    return f"{name}{_short(_dtype(entry))}{_short(_mapping(entry.get('tensor-spec')).get('shape'))}"


def _dtype(entry: Mapping[str, Any]) -> str:
    return str(_mapping(entry.get("tensor-spec")).get("dtype"))


def _requirements(folder: Path) -> tuple[str, ...]:
    path = folder / _REQUIREMENTS
    if path.is_symlink() or not path.is_file():
        return ()
    try:
        with path.open("rb") as file:
            lines = file.read(_MOST_REQUIREMENTS).decode(errors="replace").splitlines()
    except OSError:
        return ()  # they are shown, and nothing rests on them
    return tuple(_short(line.strip()) for line in lines if line.strip() and not line.lstrip().startswith("#"))


def _example(folder: Path, told: Mapping[str, Any]) -> Path | None:
    """The file of the input example; None where there is none, or it is not JSON."""
    named = told.get("artifact_path")
    if named is None:
        return None
    path = inside(folder, named, "input example")
    return path if path.is_file() and path.suffix == ".json" else None


def _short(value: object) -> str:
    return plain_text(str(value), _LONGEST)
