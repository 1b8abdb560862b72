"""The layers of a Keras model: what they know of its inputs, and what they return while it runs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from mlpack.core.framework import ColumnHint, InputHints, Visit, asks_for_missing
from mlpack.runtime.keras_session import declared_input, packed
from mlpack.runtime.session import Array, Feed
from mlpack.runtime.signature import Signature


def hints_of(model: Any, signature: Signature) -> InputHints:
    """Normalization and BatchNormalization (means), Embedding and lookups (vocabularies), Rescaling, Discretization.

    Only of layers that read an input of the model directly.
    """
    import keras

    if not getattr(model, "inputs", None):
        return InputHints(takes_missing=False)
    names = [spec.name for spec in signature.inputs]
    inputs = dict(zip((id(tensor) for tensor in keras.tree.flatten(declared_input(model))), names, strict=False))
    found: dict[str, tuple[ColumnHint, ...]] = {}
    for layer in model.layers:
        name = inputs.get(id(_single_input(layer)))
        if name is not None and name not in found:
            hints = _hints(layer)
            if hints:
                found[name] = hints
    return InputHints(found, takes_missing=asks_for_missing(model.to_json()))


def visit_layers(model: Any, signature: Signature, feed: Feed, visit: Visit) -> None:
    """Run ``feed`` eagerly and hand to ``visit`` what every layer returned, as soon as it did.

    A layer that runs more than once is ``name``, ``name (2)`` …; nested models show their layers as ``model/layer``.
    """
    import keras

    runs: dict[str, int] = {}
    restore = []
    for path, layer in _leaves(model, ""):
        original = layer.call
        restore.append((layer, "call" in vars(layer), original))
        object.__setattr__(layer, "call", _reporting(original, path, runs, visit))
    try:
        tensors = [keras.ops.convert_to_tensor(feed[spec.name]) for spec in signature.inputs]
        model(packed(model, tensors), training=False)
    finally:
        for layer, own, original in restore:
            if own:
                object.__setattr__(layer, "call", original)
            else:
                object.__delattr__(layer, "call")


def _reporting(call: Any, path: str, runs: dict[str, int], visit: Visit) -> Any:
    import functools

    import keras

    @functools.wraps(call)
    def reporting(*args: Any, **kwargs: Any) -> Any:
        result = call(*args, **kwargs)
        runs[path] = runs.get(path, 0) + 1
        name = path if runs[path] == 1 else f"{path} ({runs[path]})"
        leaves = keras.tree.flatten(result)
        for index, leaf in enumerate(leaves):
            visit(name if len(leaves) == 1 else f"{name}.{index}", keras.ops.convert_to_numpy(leaf))
        return result

    return reporting


def _leaves(model: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    """Every layer that is no model itself, each once."""
    import keras

    seen: set[int] = set()
    for layer in model.layers:
        if id(layer) in seen or isinstance(layer, keras.layers.InputLayer):
            continue
        seen.add(id(layer))
        if isinstance(layer, keras.Model):
            yield from _leaves(layer, f"{prefix}{layer.name}/")
        else:
            yield f"{prefix}{layer.name}", layer


def _single_input(layer: Any) -> Any:
    """The tensor a layer reads; None for one that was never called, or reads several."""
    try:
        return layer.input
    except (AttributeError, ValueError):
        return None


def _hints(layer: Any) -> tuple[ColumnHint, ...]:
    kind = type(layer).__name__
    if kind == "Normalization":
        return _moments(layer.mean, layer.variance) if getattr(layer, "mean", None) is not None else ()
    if kind == "BatchNormalization":
        return _moments(layer.moving_mean, layer.moving_variance)
    if kind == "Embedding":
        return (ColumnHint(low=0.0, high=float(layer.input_dim - 1), integral=True),)
    if kind == "CategoryEncoding":
        return (ColumnHint(low=0.0, high=float(layer.num_tokens - 1), integral=True),)
    if kind in {"StringLookup", "IntegerLookup"}:
        words = layer.get_vocabulary(include_special_tokens=False)
        return (ColumnHint(categories=tuple(words), integral=kind == "IntegerLookup"),)
    if kind == "Discretization":
        return (ColumnHint(thresholds=np.asarray(layer.bin_boundaries, dtype=np.float64)),)
    if kind == "Rescaling" and np.ndim(layer.scale) == 0 and 0 < layer.scale < 1:
        return (ColumnHint(low=0.0, high=float(round(1 / layer.scale))),)
    return ()


def _moments(mean: Any, variance: Any) -> tuple[ColumnHint, ...]:
    means, deviations = (_flat(mean), np.sqrt(_flat(variance)))
    return tuple(ColumnHint(center=float(m), spread=float(s)) for m, s in zip(means, deviations, strict=True))


def _flat(values: Any) -> Array:
    import keras

    flat: Array = keras.ops.convert_to_numpy(values).astype(np.float64).ravel()
    return flat
