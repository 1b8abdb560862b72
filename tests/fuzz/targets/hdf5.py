"""HDF5: the walk, and whether libhdf5 finds in a file what the walk found."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any

from fuzz.mutators.hdf5 import changed_hdf5
from fuzz.target import Target

from mlpack.scan.hdf5 import Contents, read_hdf5

_TEXTS = frozenset({"model_config", "training_config", "keras_version", "backend"})
_MOST_VALUES = 1 << 16


def walk(data: bytes) -> Contents:
    """Every object, without libhdf5."""
    return read_hdf5("model.h5", io.BytesIO(data), len(data), _TEXTS)


def open_walked(data: bytes) -> None:
    """libhdf5 on what passed the walk: it may give up, and what it finds is what was judged."""
    contents = walk(data)
    Path("model.h5").write_bytes(data)
    import h5py

    try:
        with h5py.File("model.h5", "r") as file:
            _compare(file, contents)
    except (OSError, RuntimeError, KeyError, ValueError, TypeError, UnicodeError):
        return


def _compare(file: Any, contents: Contents) -> None:
    import h5py

    for name, wanted in contents.texts.items():
        found = file.attrs[name]
        text = found.decode() if isinstance(found, bytes) else found
        assert not isinstance(text, str) or text == wanted, f"libhdf5 reads {text!r} in {name}, the walk {wanted!r}"
    datasets: dict[str, Any] = {}

    def visit(name: str, kind: Any) -> None:
        if isinstance(kind, h5py.Dataset):
            datasets[f"/{name}"] = kind

    file.visititems(visit)
    for name, dataset in datasets.items():
        shapes = {contents.shapes[one] for one in contents.shapes if one == name}
        assert not shapes or shapes == {dataset.shape or (0,) if dataset.shape is None else dataset.shape}, name
        assert dataset.external is None, name
        assert not dataset.is_virtual, name
        if math.prod(dataset.shape or ()) <= _MOST_VALUES:
            dataset[()]


TARGETS = (
    Target("hdf5", walk, changed_hdf5, ("hdf5", "hostile-hdf5"), most_bytes=1 << 16),
    Target("hdf5-open", open_walked, changed_hdf5, ("hdf5", "hostile-hdf5"), ("h5py",), most_bytes=1 << 16),
)
