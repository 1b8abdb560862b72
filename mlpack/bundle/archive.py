"""Arrays in a ``.npz`` whose bytes depend on the arrays alone."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from mlpack.runtime.session import Array

_EPOCH = (1980, 1, 1, 0, 0, 0)


def write_arrays(path: Path, arrays: Mapping[str, Array]) -> None:
    """Write ``arrays`` so that `numpy.load` reads them without pickle; strings become fixed-width Unicode."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(arrays):
            array = arrays[name]
            plain = array.astype(str) if array.dtype.kind == "O" else array
            buffer = io.BytesIO()
            np.lib.format.write_array(buffer, np.ascontiguousarray(plain), allow_pickle=False)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", _EPOCH), buffer.getvalue(), zipfile.ZIP_DEFLATED)
