"""Keras models to ONNX."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from mlpack.core.converter import Conversion, Variant
from mlpack.core.errors import UnsupportedOperatorError, UsageError
from mlpack.core.onnx_canonical import canonicalise
from mlpack.core.onnx_export import finished
from mlpack.core.onnx_model import OnnxModel
from mlpack.core.quiet import quiet
from mlpack.core.torch_onnx import export_graph
from mlpack.runtime.keras_session import packed, traced_function

TF2ONNX_OPSET = 18
"""The newest opset that tf2onnx writes."""


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
    try:
        with quiet():
            from tf2onnx import optimizer

            graph = traced_function(conversion.model, conversion.signature.inputs).get_concrete_function()
            captured = [tensor.name for _, tensor in graph.graph.captures]
            inputs = [tensor.name for tensor in graph.inputs if tensor.name not in captured]
            outputs = [tensor.name for tensor in graph.outputs]
            written = _written(_frozen(graph), inputs, outputs, conversion.opset)
            if fold:
                written = optimizer.optimize_graph(written, optimizers=_optimizers())
            model = written.make_model("model")
    except Exception as error:  # whatever layers and tf2onnx raise refuses this way
        raise _unsupported(error) from error
    _check_operators(model)
    _order(model.graph.input, inputs)
    _order(model.graph.output, outputs)
    canonicalise(model.graph)
    return finished(_at_opset(model, conversion.opset), conversion.signature)


def _frozen(graph: Any) -> Any:
    """The TensorFlow graph of a traced model with its variables, and the tensors it reads from Python, as constants."""
    import tensorflow as tf
    from tf2onnx import tf_loader

    inputs = [tensor.name for tensor in graph.inputs if tensor.dtype != tf.dtypes.resource]
    outputs = [tensor.name for tensor in graph.outputs]
    frozen = tf_loader.from_function(graph, inputs, outputs)
    # Normalization keeps its mean in a plain tensor: tf2onnx takes one for an input of the model.
    values = {
        inner.name.split(":")[0]: outer
        for outer, inner in graph.graph.captures
        if outer.dtype not in {tf.dtypes.resource, tf.dtypes.variant}
    }
    for node in frozen.node:
        if node.name in values and node.op == "Placeholder":
            value = values[node.name].numpy()
            node.op = "Const"
            node.attr.clear()
            node.attr["dtype"].type = tf.as_dtype(value.dtype).as_datatype_enum
            node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value))
    return frozen


def _written(frozen: Any, inputs: list[str], outputs: list[str], opset: int | None) -> Any:
    import tensorflow as tf
    from tf2onnx import tf_loader, tfonnx

    with tf.Graph().as_default() as graph:
        tf.import_graph_def(frozen, name="")
        with tf_loader.tf_session(graph=graph):
            return tfonnx.process_tf_graph(
                graph,
                continue_on_error=True,
                opset=min(opset or TF2ONNX_OPSET, TF2ONNX_OPSET),
                input_names=inputs,
                output_names=outputs,
                custom_op_handlers={"Erfc": (_write_erfc, [])},
            )


def _optimizers() -> dict[str, Any]:
    """Those of tf2onnx but the one that merges equal nodes: which of two it keeps depends on memory addresses."""
    from tf2onnx import optimizer

    known: dict[str, Any] = optimizer._optimizers  # noqa: SLF001 - optimize_graph takes a choice of them, and there is no list
    return {name: kind for name, kind in known.items() if name != "merge_duplication"}


def _write_erfc(graph: Any, node: Any, _name: str, _arguments: Any) -> None:
    """1 - Erf: ONNX has no Erfc, and Keras writes GELU with it."""
    import numpy as np
    from tf2onnx import utils

    source, target = node.input[0], node.output[0]
    dtype, shape = graph.get_dtype(target), graph.get_shape(target)
    graph.remove_node(node.name)
    one = graph.make_const(utils.make_name("one"), np.array(1, dtype=utils.map_onnx_to_numpy_type(dtype)))
    erf = graph.make_node("Erf", [source], name=f"{node.name}_Erf", shapes=[shape], dtypes=[dtype])
    graph.make_node(
        "Sub", [one.output[0], erf.output[0]], name=node.name, outputs=[target], shapes=[shape], dtypes=[dtype]
    )


def _check_operators(model: Any) -> None:
    """Refuse operators of TensorFlow that were left as they are. Raises UnsupportedOperatorError naming all of them."""
    import onnx

    strangers = [node for node in model.graph.node if not onnx.defs.has(node.op_type, node.domain)]
    if strangers:
        first = strangers[0]
        raise UnsupportedOperatorError(
            f"{first.op_type} has no equivalent in ONNX",
            why=f"it stands at {first.name}; {len(strangers)} such nodes: "
            + ", ".join(sorted({node.op_type for node in strangers})),
            hint="use another layer there, or serve the Keras file itself: mlpack pack --format native",
        )


def _order(values: Any, names: list[str]) -> None:
    """Bring graph inputs or outputs into the order of ``names``."""
    found = {value.name: value for value in values}
    if set(found) == set(names):
        ordered = [found[name] for name in names]
        del values[:]
        values.extend(ordered)


def _at_opset(model: Any, opset: int | None) -> Any:
    """The model at a newer opset than tf2onnx writes."""
    if opset is None or opset <= TF2ONNX_OPSET:
        return model
    from onnx import version_converter

    return version_converter.convert_version(model, opset)


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


def _unsupported(error: BaseException) -> UnsupportedOperatorError:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return UnsupportedOperatorError(
        "tf2onnx cannot convert this model",
        why=f"{type(error).__name__}: {lines[0] if lines else ''}"[:300],
        hint="mlpack tries Keras's torch backend next, where torch is installed",
        details=str(error),
    )


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
