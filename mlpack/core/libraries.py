"""Imports what an extra brings, and says which one where it is missing."""

from __future__ import annotations

import importlib
from types import ModuleType

from mlpack.core.errors import MissingLibraryError


def import_library(name: str, extra: str, purpose: str) -> ModuleType:
    """The module ``name``. ``purpose`` is what needs it, as the error says: ``"loading model.h5"``.

    Raises MissingLibraryError naming the extra to install, also when the module is there and something under it is not
    (Keras without a backend).
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise MissingLibraryError(
            f"{purpose} needs {name}, which cannot be imported",
            why=str(error),
            hint=f'pip install "mlpack-toolkit[{extra}]"',
        ) from error
