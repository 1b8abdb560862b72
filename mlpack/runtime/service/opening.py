"""Opens the model in a bundle for serving, with nothing but the library that its format needs."""

from __future__ import annotations

import hashlib
import io
from typing import Any

from ..errors import StartError
from ..manifest import Manifest
from ..session import Session

CODE_CARRYING = frozenset({"pickle", "joblib", "torch", "keras", "hdf5"})
"""Formats whose loaders may run what a file asks for: they are scanned before, by whoever has mlpack's lists."""


def open_session(manifest: Manifest, threads: int) -> Session:
    """The model of a checked bundle, opened with ``threads`` threads within one operator.

    Where the library takes bytes, the bytes that it gets are those whose hash is the manifest's. Raises StartError.
    """
    opener = _OPENERS.get(manifest.model_format)
    if opener is None:
        raise StartError(f"no service for a model in the format {manifest.model_format}", exit_code=7)
    try:
        session: Session = opener(manifest, threads)
    except ImportError as error:
        raise StartError(
            f"{error.name or 'a library'} is missing, which the model needs",
            exit_code=6,
            hint=f"pip install {' '.join(manifest.document['requirements'])}",
        ) from error
    return session


def _judged_bytes(manifest: Manifest) -> bytes:
    """The model's bytes. Raises StartError where they are not those of the manifest."""
    content = manifest.model_path.read_bytes()
    if hashlib.sha256(content).hexdigest() != manifest.model_sha256:
        raise StartError(f"{manifest.model_path} changed after the bundle was checked", exit_code=7)
    return content


def _onnx(manifest: Manifest, threads: int) -> Session:
    from ..onnxruntime_session import OnnxRuntimeSession

    return OnnxRuntimeSession(
        _judged_bytes(manifest), manifest.signature, threads=threads, weights=manifest.folder, spinning=False
    )


def _torchscript(manifest: Manifest, threads: int) -> Session:
    import torch

    from ..torchscript_session import TorchScriptSession

    module = torch.jit.load(io.BytesIO(_judged_bytes(manifest)), map_location="cpu")
    return TorchScriptSession(module, manifest.signature, threads=threads)


def _joblib(manifest: Manifest, _: int) -> Session:
    import joblib

    return _estimator(joblib.load(io.BytesIO(_judged_bytes(manifest))), manifest)


def _pickle(manifest: Manifest, _: int) -> Session:
    import pickle

    return _estimator(pickle.loads(_judged_bytes(manifest)), manifest)  # noqa: S301 - scanned by the command that serves


def _estimator(model: Any, manifest: Manifest) -> Session:
    """Pickles hold what their frameworks pickled: an estimator mostly, else a Keras or torch module."""
    kinds = {kind.__module__.partition(".")[0] for kind in type(model).__mro__}
    if "keras" in kinds:
        from ..keras_session import KerasSession

        return KerasSession(model, manifest.signature)
    if "torch" in kinds:
        from ..torch_session import TorchSession

        return TorchSession(model, manifest.signature)
    from ..estimator import EstimatorSession

    return EstimatorSession(model, manifest.signature)


def _torch(manifest: Manifest, threads: int) -> Session:
    import torch

    from ..torch_session import TorchSession

    torch.set_num_threads(threads)
    module = torch.load(io.BytesIO(_judged_bytes(manifest)), map_location="cpu", weights_only=False)
    return TorchSession(module, manifest.signature)


def _keras(manifest: Manifest, _: int) -> Session:
    """By path: Keras takes no bytes. The folder was checked just before."""
    import keras

    from ..keras_session import KerasSession

    model = keras.saving.load_model(manifest.model_path, compile=False, safe_mode=True)
    return KerasSession(model, manifest.signature)


_OPENERS = {
    "onnx": _onnx,
    "torchscript": _torchscript,
    "joblib": _joblib,
    "pickle": _pickle,
    "torch": _torch,
    "keras": _keras,
    "hdf5": _keras,
}
