"""Loads a Keras file in safe mode and says what went wrong where it does."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mlpack.core.errors import CorruptFileError, MissingLibraryError
from mlpack.core.libraries import import_library
from mlpack.scan.keras_archive import KerasFile
from mlpack.scan.opened import Opened
from mlpack.scan.rules import keras as rules

_CLASS = re.compile(r"(?:Could not locate class|Unknown layer:|Could not locate function) '?(?P<name>[\w>]+)'?")


def load_keras(file: Opened, suffix: str, told: KerasFile) -> Any:
    """The model in ``file``, whatever its ending. Keras goes by the ending: it is shown a link that has ``suffix``.

    Classes of the user's own are imported from the modules that the file names: `is_vouched` has to come first. Raises
    UnsafeFileError, MissingLibraryError for a class that is not part of Keras, CorruptFileError.
    """
    keras = import_library("keras", "keras", f"loading {file.path}")
    own = _own_classes(file.path, told.own)
    with file.named(f"model{suffix}") as shown:
        try:
            return keras.saving.load_model(shown, custom_objects=own, compile=False, safe_mode=True)
        except MemoryError:
            raise
        except Exception as error:  # Keras raises ValueError, TypeError, KeyError... for one and the same damage
            raise _explained(file.path, error, told.versions) from error


def _own_classes(path: Path, named: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The user's classes and functions by the names under which Keras looks for them.

    A class that was registered is found by Keras once its module is imported; others are handed over.
    """
    found: dict[str, Any] = {}
    for module, registered in named:
        if not module or module == "__main__":
            continue
        try:
            imported = importlib.import_module(module)
        except ImportError as error:
            raise MissingLibraryError(
                f"{path} needs the Python module {module}, which cannot be imported",
                why=f"a class of the model is defined there: {error}",
                hint=f"put the folder that holds {module.partition('.')[0]} on PYTHONPATH",
            ) from error
        value = getattr(imported, registered.rpartition(">")[2], None)
        if callable(value):
            found[registered] = value
    return found


def _explained(path: Path, error: Exception, versions: Mapping[str, str]) -> Exception:
    text = str(error)
    if "safe_mode" in text or "unsafe" in text:
        return rules.RUNS.error(str(path), text[:500])
    found = _CLASS.search(text)
    if found:
        return MissingLibraryError(
            f"{path} needs the class {found['name']}, which Keras does not find",
            why="a Keras file holds only the name and settings of a class of your own; HDF5 files also lose operations",
            hint="save the model in the .keras format where it was made: that names the module of each class",
        )
    version = (
        f' with keras {versions["keras"]}: pip install "keras=={versions["keras"]}"' if "keras" in versions else ""
    )
    return CorruptFileError(
        f"Keras cannot read {path}",
        why=f"{type(error).__name__}: {text[:500]}",
        hint=f"copy or download the file again, or load it where it was saved{version}",
    )
