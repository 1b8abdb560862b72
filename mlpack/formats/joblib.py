"""joblib's files: pickles with arrays laid between the opcodes, compressed or not."""

from __future__ import annotations

import pickle
from dataclasses import replace
from pathlib import Path
from typing import Any

from mlpack.core.errors import MissingLibraryError, OutputError
from mlpack.core.model_file import Header
from mlpack.core.trust import NO_TRUST, Trust
from mlpack.scan.compression import compression_of, first_bytes, open_decompressed
from mlpack.scan.pickles.beginning import begins_like_pickle
from mlpack.scan.pickles.failures import explained
from mlpack.scan.pickles.gate import Gate
from mlpack.scan.pickles.headers import header_of
from mlpack.scan.pickles.loading import load_joblib, mapped
from mlpack.scan.pickles.steady import plain_dispatch, steady_reduce
from mlpack.scan.pickles.stream import begins_torch_legacy, is_joblib_stream, read_pickle, read_pickle_file
from mlpack.scan.provenance import read_beside, write_beside
from mlpack.scan.source import source_of
from mlpack.scan.trusted import is_vouched, open_vouched


class JoblibFormat:
    """What ``joblib.dump`` writes, and pickles that were compressed."""

    name = "joblib"
    title = "joblib"
    suffixes = (".joblib", ".jl")
    frameworks = ("sklearn", "xgboost", "lightgbm", "keras", "torch")
    library = "joblib"
    extra = ""

    def sniff(self, path: Path, head: bytes) -> bool:
        """A pickle with joblib arrays in it, or a compressed pickle. Without its library, lz4 is told by its first bytes."""
        compression = compression_of(head)
        if compression:
            try:
                return begins_like_pickle(first_bytes(path, compression, 256))
            except MissingLibraryError:
                return True
        if not begins_like_pickle(head) or begins_torch_legacy(head):
            return False
        return is_joblib_stream(path)

    def read_header(self, path: Path) -> Header:
        """As for a pickle, and the compression. Raises CorruptFileError, UnsafeFileError, MissingLibraryError."""
        with path.open("rb") as file:
            compression = compression_of(file.read(16))
        if compression:
            with open_decompressed(path, compression) as source:
                view = read_pickle(source, joblib=True)
        else:
            view = read_pickle_file(path)
        header = header_of(self.name, view, None if compression else path, provenance=read_beside(path))
        return replace(header, compression=compression)

    def load(self, path: Path, trust: Trust = NO_TRUST) -> Any:
        """Unpickle the file; arrays that are not compressed stay in it, mapped into memory.

        Raises UnsafeFileError, TrustError, MissingLibraryError, CorruptFileError.
        """
        header = self.read_header(path)
        with explained(path, lambda: header.versions):
            if is_vouched(path, header.findings, trust):
                import joblib

                with open_vouched(path, trust) as file:
                    return joblib.load(file)
            if header.compression:
                with open_decompressed(path, header.compression) as source:
                    return load_joblib(source, Gate(trust), None)
            with path.open("rb", buffering=0) as raw:
                return load_joblib(source_of(raw, str(path)), Gate(trust), mapped(raw))

    def save(self, model: Any, path: Path) -> None:
        """Write without compression, array by array: nothing is copied as a whole. Raises OutputError."""
        from joblib.numpy_pickle import NumpyPickler

        class SteadyPickler(NumpyPickler):  # type: ignore[misc]
            dispatch = plain_dispatch(NumpyPickler)

            def reducer_override(self, obj: Any) -> Any:
                return steady_reduce(obj)

        try:
            with path.open("wb") as file:
                SteadyPickler(file, protocol=5).dump(model)
        except (OSError, pickle.PicklingError, AttributeError, TypeError) as error:
            raise OutputError(
                f"{path} cannot be written",
                why=str(error),
                hint="a model that holds lambdas, open files or local classes cannot be pickled",
            ) from error

    def stamp(self, path: Path, provenance: dict[str, str]) -> None:
        """Beside the file: a pickle has no room."""
        write_beside(path, provenance)


FORMAT = JoblibFormat()
