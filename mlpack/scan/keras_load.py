"""Loads a Keras file in safe mode and says what went wrong where it does."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlpack.core.errors import CorruptFileError, MissingLibraryError, UnsafeFileError
from mlpack.core.libraries import import_library

_CLASS = re.compile(r"(?:Could not locate class|Unknown layer:|Could not locate function) '?(?P<name>\w+)'?")


def load_keras(path: Path, suffix: str, versions: Mapping[str, str]) -> Any:
    """The model in ``path``, whatever its ending. Keras goes by the ending: it is shown a link that has ``suffix``.

    Raises UnsafeFileError, MissingLibraryError for a class that is not part of Keras, CorruptFileError.
    """
    keras = import_library("keras", "keras", f"loading {path}")
    with tempfile.TemporaryDirectory() as folder:
        link = Path(folder) / f"model{suffix}"
        link.symlink_to(path.resolve())
        try:
            return keras.saving.load_model(link, compile=False, safe_mode=True)
        except MemoryError:
            raise
        except Exception as error:  # Keras raises ValueError, TypeError, KeyError... for one and the same damage
            raise _explained(path, error, versions) from error


def _explained(path: Path, error: Exception, versions: Mapping[str, str]) -> Exception:
    text = str(error)
    if "safe_mode" in text or "unsafe" in text:
        return UnsafeFileError(f"{path} is refused", why=text[:500], hint="replace the layer and save the model again")
    found = _CLASS.search(text)
    if found:
        return MissingLibraryError(
            f"{path} needs the class {found['name']}, which Keras does not find",
            why="a Keras file holds only the name and settings of a class of your own; HDF5 files also lose operations",
            hint="put the module that registers it on PYTHONPATH, or save the model in the .keras format where it was made",
        )
    version = (
        f' with keras {versions["keras"]}: pip install "keras=={versions["keras"]}"' if "keras" in versions else ""
    )
    return CorruptFileError(
        f"Keras cannot read {path}",
        why=f"{type(error).__name__}: {text[:500]}",
        hint=f"copy or download the file again, or load it where it was saved{version}",
    )
