"""The loaders behind the scan, called without it: they have to hold by themselves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from hostile import format_loaders

from mlpack.scan.compression import compression_of, open_decompressed
from mlpack.scan.pickles.gate import Gate
from mlpack.scan.pickles.loading import load_joblib, load_pickle, mapped
from mlpack.scan.source import open_source, source_of


def pickle_unscanned(path: Path) -> Any:
    """The safe unpickler on the file as it is."""
    with open_source(path) as source:
        return load_pickle(source, Gate())


def joblib_unscanned(path: Path) -> Any:
    """The safe joblib reader: of what a compressed file unfolds to, or of the file mapped into memory."""
    with path.open("rb", buffering=0) as raw:
        compression = compression_of(raw.read(16))
        if compression:
            with open_decompressed(path, compression) as source:
                return load_joblib(source, Gate(), None)
        return load_joblib(source_of(raw, str(path)), Gate(), mapped(raw))


def torch_unscanned(path: Path) -> Any:
    """torch's own reader of weights, which is what `mlpack.formats.torch` loads with."""
    import torch

    return torch.load(path, map_location="cpu", weights_only=True)


def numpy_unscanned(path: Path) -> Any:
    """NumPy's own reader without pickles, which is what `mlpack.verify.tables` reads data with: every array of the file."""
    import numpy as np

    loaded = np.load(path, allow_pickle=False)
    return {name: loaded[name] for name in loaded.files} if hasattr(loaded, "files") else loaded


UNSCANNED: dict[str, Callable[[Path], Any]] = {
    "pickle": pickle_unscanned,
    "joblib": joblib_unscanned,
    "torch": torch_unscanned,
    "numpy": numpy_unscanned,
    **format_loaders.UNSCANNED,
}
