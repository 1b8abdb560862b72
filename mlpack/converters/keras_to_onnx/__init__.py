"""Keras models to ONNX."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from mlpack.core.converter import Conversion, Variant
from mlpack.core.errors import UsageError
from mlpack.graph.export import finished
from mlpack.graph.model import OnnxModel
from mlpack.network.torch_onnx import export_graph
from mlpack.runtime.keras_session import packed


class KerasToOnnx:
    """Through tf2onnx, and through Keras's torch backend where that is wrong or lacks an operator."""

    name = "keras → onnx"
    source = "keras"
    target = "onnx"
    libraries: tuple[str, ...] = ("keras", "tensorflow", "tf2onnx", "onnx")
    extra = "keras"

    def variants(self, conversion: Conversion) -> Sequence[Variant]:
        """``tf2onnx``; without its rewriting of the graph; the torch backend, in a process that loads Keras with it."""
        return [
            Variant("tf2onnx", "the TensorFlow graph of the model", partial(_through_tensorflow, conversion)),
            Variant(
                "tf2onnx, nothing folded",
                "without constant folding and fusion",
                partial(_through_tensorflow, conversion, fold=False),
            ),
            Variant(
                "torch backend",
                "the model on torch, through torch.export",
                partial(_through_torch, conversion),
                environment=(("KERAS_BACKEND", "torch"),),
            ),
        ]


def _through_tensorflow(conversion: Conversion, *, fold: bool = True) -> OnnxModel:
    _need_backend("tensorflow")
    from mlpack.converters.keras_to_onnx.tensorflow import written

    return finished(written(conversion.model, conversion.signature, conversion.opset, fold=fold), conversion.signature)


def _through_torch(conversion: Conversion) -> OnnxModel:
    _need_backend("torch")
    return export_graph(_as_module(conversion.model), conversion.signature, conversion.example, conversion.opset)


def _as_module(model: Any) -> Any:
    """The model as a torch module of tensors in the order of its signature."""
    import keras
    import torch

    class KerasModule(torch.nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, *tensors: Any) -> tuple[Any, ...]:
            return tuple(keras.tree.flatten(self.model(packed(self.model, tensors), training=False)))

    return KerasModule().eval()


def _need_backend(wanted: str) -> None:
    import keras

    found = keras.backend.backend()
    if found != wanted:
        raise UsageError(
            f"Keras runs on {found} here, and this conversion needs {wanted}",
            why="Keras takes its backend when it is imported",
            hint=f"KERAS_BACKEND={wanted} mlpack convert …",
        )


CONVERTER = KerasToOnnx()
