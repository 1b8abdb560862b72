"""Python's pickles, protocols 0 to 5."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

from mlpack.core.errors import OutputError
from mlpack.core.model_file import Header
from mlpack.core.trust import NO_TRUST, Trust
from mlpack.scan.pickles.beginning import begins_like_pickle
from mlpack.scan.pickles.failures import explained
from mlpack.scan.pickles.gate import Gate
from mlpack.scan.pickles.headers import header_of
from mlpack.scan.pickles.loading import load_pickle
from mlpack.scan.pickles.steady import steady_reduce
from mlpack.scan.pickles.stream import begins_torch_legacy, is_joblib_stream, read_pickle_file
from mlpack.scan.provenance import read_beside, write_beside
from mlpack.scan.source import open_source
from mlpack.scan.trusted import is_vouched, open_vouched


class PickleFormat:
    """What ``pickle.dump`` writes."""

    name = "pickle"
    title = "pickle"
    suffixes = (".pkl", ".pickle")
    frameworks = ("sklearn", "xgboost", "lightgbm", "keras", "torch")
    library = "pickle"
    extra = ""

    def sniff(self, path: Path, head: bytes) -> bool:
        """A pickle in which no joblib array lies."""
        if not begins_like_pickle(head) or begins_torch_legacy(head):
            return False
        return not is_joblib_stream(path)

    def read_header(self, path: Path) -> Header:
        """Classes, versions and inputs as the opcodes tell them. Raises CorruptFileError, UnsafeFileError."""
        return header_of(self.name, read_pickle_file(path), path, provenance=read_beside(path))

    def load(self, path: Path, trust: Trust = NO_TRUST) -> Any:
        """Unpickle the file. Raises UnsafeFileError, TrustError, MissingLibraryError, CorruptFileError."""
        header = self.read_header(path)
        with explained(path, lambda: header.versions):
            if is_vouched(path, header.findings, trust):
                with open_vouched(path, trust) as file:
                    return pickle.load(file)  # noqa: S301 - the user vouched for these very bytes
            with open_source(path) as source:
                return load_pickle(source, Gate(trust))

    def save(self, model: Any, path: Path) -> None:
        """Write with protocol 5. Raises OutputError."""
        try:
            with path.open("wb") as file:
                _SteadyPickler(file, protocol=5).dump(model)
        except (OSError, pickle.PicklingError, AttributeError, TypeError) as error:
            raise OutputError(
                f"{path} cannot be written",
                why=str(error),
                hint="a model that holds lambdas, open files or local classes cannot be pickled",
            ) from error

    def stamp(self, path: Path, provenance: dict[str, str]) -> None:
        """Beside the file: a pickle has no room."""
        write_beside(path, provenance)


class _SteadyPickler(pickle.Pickler):
    """Equal models give equal bytes."""

    def reducer_override(self, obj: Any) -> Any:
        return steady_reduce(obj)


FORMAT = PickleFormat()
