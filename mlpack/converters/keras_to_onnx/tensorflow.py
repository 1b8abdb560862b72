"""The TensorFlow graph of a Keras model, written as ONNX by tf2onnx."""

from __future__ import annotations

from typing import Any

from mlpack.converters.keras_to_onnx.operators import handlers, repair_resizes
from mlpack.core.errors import UnsupportedOperatorError
from mlpack.core.quiet import quiet
from mlpack.graph.canonical import canonicalise
from mlpack.graph.constants import graphs_of
from mlpack.runtime.keras_session import traced_function
from mlpack.runtime.signature import Signature

TF2ONNX_OPSET = 18
"""The newest opset that tf2onnx writes."""


def written(model: Any, signature: Signature, opset: int | None, *, fold: bool) -> Any:
    """The ONNX model of a Keras model that was loaded with the TensorFlow backend, at ``opset``.

    ``fold`` lets tf2onnx fold constants and fuse nodes. Raises UnsupportedOperatorError naming what has no equivalent.
    """
    try:
        with quiet():
            from tf2onnx import optimizer

            graph = _traced(model, signature)
            captured = {tensor.name for _, tensor in graph.graph.captures}
            inputs = [tensor.name for tensor in graph.inputs if tensor.name not in captured]
            outputs = [tensor.name for tensor in graph.outputs]
            converted = _converted(_frozen(graph), inputs, outputs, opset)
            if fold:
                converted = optimizer.optimize_graph(converted, optimizers=_optimizers())
            made = converted.make_model("model")
    except Exception as error:  # whatever layers and tf2onnx raise refuses this way
        raise _unsupported(error) from error
    _check_operators(made)
    _order(made.graph.input, inputs)
    _order(made.graph.output, outputs)
    repair_resizes(made.graph)
    canonicalise(made.graph)
    return _at_opset(made, opset)


def _traced(model: Any, signature: Signature) -> Any:
    """The model as one graph. Keras has a grouped convolution compiled in a function of its own, which nothing inlines."""
    import tensorflow as tf

    apart = tf.config.functions_run_eagerly()
    # The inner functions, that is: the outer one is traced all the same.
    tf.config.run_functions_eagerly(True)  # noqa: FBT003 - its one parameter
    try:
        return traced_function(model, signature.inputs).get_concrete_function()
    finally:
        tf.config.run_functions_eagerly(apart)


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


def _converted(frozen: Any, inputs: list[str], outputs: list[str], opset: int | None) -> Any:
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
                custom_op_handlers=handlers(),
            )


def _optimizers() -> dict[str, Any]:
    """Those of tf2onnx but the one that merges equal nodes: which of two it keeps depends on memory addresses."""
    from tf2onnx import optimizer

    known: dict[str, Any] = optimizer._optimizers  # noqa: SLF001 - optimize_graph takes a choice of them, and there is no list
    return {name: kind for name, kind in known.items() if name != "merge_duplication"}


def _check_operators(model: Any) -> None:
    """Refuse operators of TensorFlow that were left as they are. Raises UnsupportedOperatorError naming all of them."""
    import onnx

    strangers = [
        node for graph in graphs_of(model.graph) for node in graph.node if not onnx.defs.has(node.op_type, node.domain)
    ]
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


def _unsupported(error: BaseException) -> UnsupportedOperatorError:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return UnsupportedOperatorError(
        "tf2onnx cannot convert this model",
        why=f"{type(error).__name__}: {lines[0] if lines else ''}"[:300],
        hint="mlpack tries Keras's torch backend next, where torch is installed",
        details=str(error),
    )
