"""Operators of TensorFlow that tf2onnx lacks or writes wrongly, by those of ONNX."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import onnx


def handlers() -> dict[str, tuple[Any, list[Any]]]:
    """What ``tf2onnx.tfonnx.process_tf_graph`` takes as ``custom_op_handlers``."""
    return {"Erfc": (_write_erfc, []), "Expm1": (_write_expm1, []), "Bucketize": (_write_bucketize, [])}


def repair_resizes(graph: onnx.GraphProto) -> None:
    """Raise the scales of Resize by one unit in the last place.

    ONNX takes floor(size * scale): 12 * float32(20 / 12) is 19.99 and gives 19.
    """
    from onnx import numpy_helper

    constants = {tensor.name: tensor for tensor in graph.initializer}
    for node in [node for node in graph.node if node.op_type == "Resize" and len(node.input) > 2]:
        tensor = constants.get(node.input[2])
        if tensor is None or tensor.name.endswith(":raised"):
            continue
        scales = numpy_helper.to_array(tensor)
        if scales.size and (scales != np.round(scales)).any():
            raised = np.where(scales == np.round(scales), scales, np.nextafter(scales, np.float32(np.inf)))
            name = f"{tensor.name}:raised"
            if name not in constants:
                constants[name] = numpy_helper.from_array(raised.astype(scales.dtype), name)
                graph.initializer.append(constants[name])
            node.input[2] = name


def _write_erfc(graph: Any, node: Any, _name: str, _arguments: Any) -> None:
    """1 - Erf: ONNX has no Erfc, and Keras writes GELU with it."""
    _write_difference(graph, node, "Erf", one_first=True)


def _write_expm1(graph: Any, node: Any, _name: str, _arguments: Any) -> None:
    """Exp - 1."""
    _write_difference(graph, node, "Exp", one_first=False)


def _write_difference(graph: Any, node: Any, kind: str, *, one_first: bool) -> None:
    from tf2onnx import utils

    source, target = node.input[0], node.output[0]
    dtype, shape = graph.get_dtype(target), graph.get_shape(target)
    graph.remove_node(node.name)
    one = graph.make_const(utils.make_name("one"), np.array(1, dtype=utils.map_onnx_to_numpy_type(dtype)))
    inner = graph.make_node(kind, [source], name=f"{node.name}_{kind}", shapes=[shape], dtypes=[dtype])
    pair = [one.output[0], inner.output[0]] if one_first else [inner.output[0], one.output[0]]
    graph.make_node("Sub", pair, name=node.name, outputs=[target], shapes=[shape], dtypes=[dtype])


def _write_bucketize(graph: Any, node: Any, _name: str, _arguments: Any) -> None:
    """The number of boundaries that a value reaches; a value that is no number reaches all."""
    from onnx import TensorProto
    from tf2onnx import utils

    source, target = node.input[0], node.output[0]
    shape, dtype = graph.get_shape(target), graph.get_dtype(target)
    wanted = utils.map_onnx_to_numpy_type(graph.get_dtype(source))
    boundaries = np.array(node.get_attr("boundaries").floats, dtype=wanted)
    graph.remove_node(node.name)

    def constant(values: Any) -> str:
        return str(graph.make_const(utils.make_name("bucket"), values).output[0])

    def step(kind: str, inputs: list[str], **attributes: Any) -> str:
        made = graph.make_node(kind, inputs, name=utils.make_name(f"{node.name}_{kind}"), attr=attributes)
        return str(made.output[0])

    last = constant(np.array([-1], dtype=np.int64))
    below = step("Less", [step("Unsqueeze", [source, last]), constant(boundaries)])
    reached = step("Cast", [step("Not", [below])], to=TensorProto.INT32)
    graph.make_node(
        "ReduceSum",
        [reached, last],
        attr={"keepdims": 0},
        name=node.name,
        outputs=[target],
        shapes=[shape],
        dtypes=[dtype],
    )
