"""Imports what an extra brings, and says which one where it is missing."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from types import ModuleType
from typing import cast

from mlpack.core.errors import MissingLibraryError

_SHARED = "sklearn.callback"
"""What nearly every part of scikit-learn imports, and it does not itself."""
_owned: list[bool] = []


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


def import_ahead(names: Sequence[str]) -> None:
    """Import what will be needed and is there, for a process that has nothing else to do yet."""
    for name in names:
        if importlib.util.find_spec(name) is None:
            continue
        with without_pandas() if name == "sklearn" else nullcontext():
            importlib.import_module(name)
            if name == "sklearn" and importlib.util.find_spec(_SHARED) is not None:
                importlib.import_module(_SHARED)


def own_this_process() -> None:
    """Say that this process runs the work of mlpack alone, and nobody else in it minds how libraries are imported."""
    _owned.append(True)


@contextmanager
def without_pandas() -> Iterator[None]:
    """Keep what is imported meanwhile from importing pandas, and Rich, only because it finds them.

    scikit-learn and skl2onnx do, for functions that are never called here: a third of the time that they take. What in a model
    does have to do with pandas imports it afterwards. Does nothing but where mlpack `owns <own_this_process>` the process: the
    functions would be missed by others.
    """
    hidden = [name for name in ("pandas", "rich") if _owned and name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden, cast("ModuleType", None)))  # by which Python says that there is none
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
