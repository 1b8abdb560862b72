"""How files of Keras, HDF5, ONNX and TorchScript are loaded: carelessly (`LOADERS`), and by mlpack with its scan off."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

SECRET = "secret-of-another-file"
"""What stands in a file that a model has no business reading."""
NUMBERS = (271.0, 828.0, 182.0, 845.0)
"""The same as weights."""


def secret_weights() -> bytes:
    """`NUMBERS` in a file of their own."""
    import numpy as np

    return np.array(NUMBERS, np.float32).tobytes()


def by_keras_unsafe(path: Path) -> Any:
    """``keras.saving.load_model(path, safe_mode=False)``, which Keras's own error message tells to type, and a prediction."""
    import keras
    import numpy as np

    model = keras.saving.load_model(path, compile=False, safe_mode=False)
    if all(one.dtype == "float32" for one in model.inputs):
        model(np.zeros((1, 4), np.float32))
    words = [layer.get_vocabulary() for layer in model.layers if hasattr(layer, "get_vocabulary")]
    return "reads" if any(SECRET in one for one in words) else model


def by_h5py(path: Path) -> Any:
    """Every dataset of the file, as a program that reads weights by itself does."""
    import h5py

    with h5py.File(path, "r") as file:
        return "reads" if _holds_secret(file) else None


def by_h5py_in_zip(path: Path) -> Any:
    """The same for the weights in a ``.keras`` archive, unpacked to where they lay."""
    import zipfile

    with zipfile.ZipFile(path) as archive:
        archive.extract("model.weights.h5", path.parent)
    return by_h5py(path.parent / "model.weights.h5")


def _holds_secret(group: Any) -> bool:
    import h5py
    import numpy as np

    found = False
    for key in group:
        item = group[key]
        if isinstance(item, h5py.Group):
            found |= _holds_secret(item)
        else:
            values = np.asarray(item[()], np.float32).ravel()
            found |= values[:4].tolist() == list(NUMBERS)
    return found


def by_onnxruntime(path: Path) -> Any:
    """The model's answer for zeros."""
    import numpy as np
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    answer = session.run(None, {session.get_inputs()[0].name: np.zeros(4, np.float32)})[0]
    return "reads" if answer.tolist() == list(NUMBERS) else answer


def by_torchscript(path: Path) -> Any:
    """``torch.jit.load(path)(x)``."""
    import torch

    return torch.jit.load(str(path))(torch.zeros(1))


LOADERS: dict[str, Callable[[Path], Any]] = {
    "keras unsafe": by_keras_unsafe,
    "h5py": by_h5py,
    "h5py in zip": by_h5py_in_zip,
    "onnxruntime": by_onnxruntime,
    "torchscript": by_torchscript,
}


def keras_unscanned(path: Path) -> Any:
    """Keras in safe mode, as `mlpack.scan.keras_load` calls it."""
    import keras

    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / f"model{path.suffix}"
        shutil.copyfile(path, copy)
        return keras.saving.load_model(copy, compile=False, safe_mode=True)


def onnx_unscanned(path: Path) -> Any:
    """The session that every prediction of an ONNX model goes through."""
    import numpy as np

    from mlpack.runtime.onnxruntime_session import OnnxRuntimeSession

    with OnnxRuntimeSession(path) as session:
        return session.run({session.signature.inputs[0].name: np.zeros(4, np.float32)})


class Sandboxed:
    """TorchScript's loader and a first prediction, for a worker that may read the model and write nothing."""

    def load(self, path: str) -> str:
        """Load the module and call it; what came of it."""
        try:
            by_torchscript(Path(path))
        except RuntimeError as error:
            return str(error)
        return "loaded"


UNSCANNED: dict[str, Callable[[Path], Any]] = {
    "keras": keras_unscanned,
    "onnx": onnx_unscanned,
}
