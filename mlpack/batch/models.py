"""The model of a bundle, opened in this process as a service opens it: it has given its golden predictions again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mlpack.core.errors import CorruptFileError, MissingLibraryError, MlpackError, ParityError
from mlpack.runtime.errors import StartError
from mlpack.runtime.service.model import open_untimed
from mlpack.runtime.service.processors import threads_for
from mlpack.runtime.session import Session
from mlpack.runtime.settings import Settings
from mlpack.scaffold.cache import Judged

_SHARED = frozenset({"onnx"})
"""Formats whose sessions several threads may ask at once, each with one thread of its own. With one thread within an operator a
sum over many trees has the same last bits on every machine, whatever its processors."""


@dataclass(frozen=True)
class OpenModel:
    """A session, and how many threads may ask it at once."""

    session: Session
    workers: int


@contextmanager
def opened(bundle: Judged) -> Iterator[OpenModel]:
    """The model of ``bundle``. Raises CorruptFileError, MissingLibraryError, ParityError."""
    manifest = bundle.manifest
    with opened_in(bundle.path, manifest.model_format, manifest.model_sha256, threads_for(1)) as model:
        yield model


@contextmanager
def opened_in(folder: Path, format: str, sha256: str, processors: int) -> Iterator[OpenModel]:
    """The model in the bundle at ``folder``, which was judged when it had ``sha256``. Raises as `opened` does."""
    shared = format in _SHARED
    settings = Settings(model=folder, model_sha256=sha256, threads=1 if shared else processors)
    try:
        model = open_untimed(folder, settings)
    except StartError as error:
        raise _ERRORS.get(error.exit_code, MlpackError)(error.message, why=error.why, hint=error.hint) from error
    try:
        yield OpenModel(model.session, processors if shared else 1)
    finally:
        model.close()


_ERRORS: dict[int, type[MlpackError]] = {3: ParityError, 6: MissingLibraryError, 7: CorruptFileError}
