"""Predictions of a Keras model, on whichever backend Keras was loaded with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .empty_batch import is_empty, one_row, without_rows
from .session import Array, ClosingSession, Feed, Outputs
from .signature import Signature, TensorSpec

Predict = Callable[[Sequence[Array]], list[Array]]


class KerasSession(ClosingSession):
    """A Keras model in inference mode on the CPU.

    On TensorFlow the model is traced once, with every named dim left open: 4 to 17 times as fast as calling it eagerly,
    never traced anew for another batch size (as ``predict`` is), and the same kernels. A model whose Python does not
    survive that is called eagerly. ``signature`` lists inputs and outputs in the order of ``keras.tree.flatten``. An
    empty batch never reaches the backend, see `mlpack.runtime.empty_batch`.
    """

    def __init__(self, model: Any, signature: Signature) -> None:
        import keras

        self.signature = signature
        self._predict: Predict | None = (
            _traced(model, signature) if keras.backend.backend() == "tensorflow" else _eager(model)
        )

    def run(self, feed: Feed) -> Outputs:
        """Predict. Raises what Keras and its backend raise, KeyError for a missing input."""
        if self._predict is None:
            raise ValueError("this session is closed")
        missing = [spec.name for spec in self.signature.inputs if spec.name not in feed]
        if missing:
            raise KeyError(f"the feed lacks {', '.join(missing)}")
        if is_empty(self.signature.inputs, feed):
            return without_rows(self._named(one_row(self.signature.inputs, feed)), self.signature.outputs)
        return self._named(feed)

    def _named(self, feed: Feed) -> Outputs:
        assert self._predict is not None
        answers = self._predict([feed[spec.name] for spec in self.signature.inputs])
        names = [spec.name for spec in self.signature.outputs]
        return {name: _decoded(array) for name, array in zip(names, answers, strict=True)}

    def close(self) -> None:
        """Let go of the model."""
        self._predict = None


def packed(model: Any, tensors: Sequence[Any]) -> Any:
    """``tensors`` in the structure that ``model`` takes: one tensor, a list, or a dict by name."""
    import keras

    if not getattr(model, "inputs", None):
        return tensors[0] if len(tensors) == 1 else list(tensors)
    return keras.tree.pack_sequence_as(declared_input(model), list(tensors))


def declared_input(model: Any) -> Any:
    """What a model with declared inputs takes: a symbolic tensor, a list or a dict of them."""
    import keras

    return model.inputs[0] if isinstance(model, keras.Sequential) else model.input


def declared_output(model: Any) -> Any:
    """What a model with declared inputs returns: a symbolic tensor, a list or a dict of them."""
    import keras

    return model.outputs[0] if isinstance(model, keras.Sequential) else model.output


def traced_function(model: Any, inputs: Sequence[TensorSpec]) -> Any:
    """A ``tf.function`` of ``model`` with one signature, in which named dims are unknown and outputs are a flat tuple."""
    import keras
    import tensorflow as tf

    specs = [
        tf.TensorSpec([dim if isinstance(dim, int) else None for dim in spec.shape], spec.dtype, name=spec.name)
        for spec in inputs
    ]

    def call(*tensors: Any) -> tuple[Any, ...]:
        return tuple(keras.tree.flatten(model(packed(model, tensors), training=False)))

    return tf.function(call, input_signature=specs, autograph=False)


def _traced(model: Any, signature: Signature) -> Predict:
    import tensorflow as tf

    try:
        graph = traced_function(model, signature.inputs).get_concrete_function()
    except (TypeError, ValueError, NotImplementedError, AttributeError, tf.errors.OpError):
        return _eager(model)  # Python in the model that needs sizes or values: eager has them

    def predict(arrays: Sequence[Array]) -> list[Array]:
        tensors = [
            tf.convert_to_tensor(array, dtype=spec.dtype if spec.dtype == "string" else None)
            for array, spec in zip(arrays, signature.inputs, strict=True)
        ]
        return [np.asarray(answer) for answer in graph(*tensors)]

    return predict


def _eager(model: Any) -> Predict:
    import keras

    def call(tensors: Sequence[Any]) -> list[Array]:
        answer = model(packed(model, [keras.ops.convert_to_tensor(tensor) for tensor in tensors]), training=False)
        return [keras.ops.convert_to_numpy(leaf) for leaf in keras.tree.flatten(answer)]

    if keras.backend.backend() != "torch":
        return call

    def without_gradients(tensors: Sequence[Any]) -> list[Array]:
        import torch

        with torch.no_grad():
            return call(tensors)

    return without_gradients


def _decoded(array: Array) -> Array:
    """TensorFlow gives strings as bytes."""
    if array.dtype.kind not in "OS":
        return array
    texts = np.empty(array.size, dtype=object)
    texts[:] = [item.decode("utf-8", "replace") if isinstance(item, bytes) else item for item in array.ravel().tolist()]
    return texts.reshape(array.shape)
