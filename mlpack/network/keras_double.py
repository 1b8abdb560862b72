"""A Keras model computing in float64."""

from __future__ import annotations

from typing import Any

import numpy as np

from mlpack.runtime.keras_session import KerasSession
from mlpack.runtime.session import Array
from mlpack.runtime.signature import Signature, TensorSpec

_FLOATS = frozenset({"float32", "float16", "bfloat16"})


def double_of(model: Any, signature: Signature) -> KerasSession | None:
    """A clone of a functional or Sequential ``model`` in float64, opened.

    None where it cannot be cloned, or where its answers are not the model's to within 1 %: then the clone is another model.
    """
    if not getattr(model, "inputs", None):
        return None
    try:
        clone = _clone(model)
        session = KerasSession(clone, _widened(signature))
        feed = _ones(signature)
        with KerasSession(model, signature) as original:
            wanted = original.run(feed)
        found = session.run({name: _wide(array) for name, array in feed.items()})
    except Exception:  # noqa: BLE001 - layers of all makers are cloned here; one that cannot be means that there is no double
        return None
    floats = [name for name, array in wanted.items() if array.dtype.kind == "f"]
    same = all(np.allclose(wanted[name], found[name], rtol=1e-2, atol=1e-3, equal_nan=True) for name in floats)
    return session if floats and same and all(found[name].dtype == np.float64 for name in floats) else None


def _clone(model: Any) -> Any:
    import keras

    config = _in_double(model.get_config())
    clone = type(model).from_config(config)
    for old, new in zip(model.variables, clone.variables, strict=True):
        value = keras.ops.convert_to_numpy(old)
        new.assign(value.astype(np.float64) if value.dtype.kind == "f" else value)
    for layer in clone.layers:
        if type(layer).__name__ == "Normalization" and layer.built:
            layer.finalize_state()
    return clone


def _in_double(config: Any) -> Any:
    """A configuration in which every dtype of a float, and every policy, is float64."""
    if isinstance(config, dict):
        if config.get("class_name") in {"DTypePolicy", "Policy"}:
            return {**config, "config": {"name": "float64"}}
        return {key: _double_dtype(key, value) for key, value in config.items()}
    if isinstance(config, (list, tuple)):
        return type(config)(_in_double(item) for item in config)
    return config


def _double_dtype(key: str, value: Any) -> Any:
    return "float64" if key == "dtype" and value in list(_FLOATS) else _in_double(value)


def _widened(signature: Signature) -> Signature:
    def wide(spec: TensorSpec) -> TensorSpec:
        return TensorSpec(spec.name, "float64", spec.shape, spec.role) if spec.dtype in _FLOATS else spec

    return Signature(tuple(wide(spec) for spec in signature.inputs), tuple(wide(spec) for spec in signature.outputs))


def _wide(array: Array) -> Array:
    return array.astype(np.float64) if array.dtype.name in _FLOATS else array


def _ones(signature: Signature) -> dict[str, Array]:
    feed: dict[str, Array] = {}
    for spec in signature.inputs:
        shape = [dim if isinstance(dim, int) else 2 if dim == "batch" else 16 for dim in spec.shape]
        feed[spec.name] = np.full(shape, "a", dtype=object) if spec.dtype == "string" else np.ones(shape, spec.dtype)
    return feed
