from __future__ import annotations

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper

from mlpack.core.errors import UnsupportedOperatorError, UsageError
from mlpack.graph.writer import DEFAULT_OPSET, GraphWriter
from mlpack.runtime.signature import TensorSpec

ROWS = TensorSpec("rows", "float64", ("batch", 2))


def run(graph: GraphWriter, rows: np.ndarray) -> list[np.ndarray]:
    return onnxruntime.InferenceSession(graph.finish().SerializeToString()).run(None, {"rows": rows})


def test_a_graph_computes_what_was_written():
    graph = GraphWriter()
    rows = graph.input(ROWS)
    shifted = graph.node("Add", rows, graph.constant([1.0, 2.0]))
    graph.output(TensorSpec("sum", "float64", ("batch",)), graph.reduce("ReduceSum", shifted, 1))
    graph.output(TensorSpec("largest", "float64", ("batch",)), graph.reduce("ReduceMax", shifted, 1))
    total, largest = run(graph, np.array([[1.0, 2.0], [-5.0, 0.5]]))
    assert total.tolist() == [6.0, -1.5]
    assert largest.tolist() == [4.0, 2.5]


@pytest.mark.parametrize("opset", [15, 17, 18, DEFAULT_OPSET])
def test_reductions_are_written_as_the_opset_wants_them(opset):
    graph = GraphWriter(opset)
    graph.output(TensorSpec("m", "float64", ("batch",)), graph.reduce("ReduceMax", graph.input(ROWS), 1))
    assert run(graph, np.array([[1.0, 3.0]]))[0].tolist() == [3.0]


def test_equal_constants_are_stored_once():
    graph = GraphWriter()
    assert graph.constant([1.0, 2.0]) == graph.constant(np.array([1.0, 2.0]))
    assert graph.constant([1.0]) != graph.constant([1.0], np.float32)
    assert graph.constant(["a", "b"]) != graph.constant(["ab", ""])


def test_nodes_carry_the_scope_they_were_written_in():
    graph = GraphWriter()
    with graph.scope("scale"), graph.scope("inner"):
        assert graph.node("Abs", graph.input(ROWS)).startswith("/scale/inner/Abs")
    assert graph.constant(1.0).startswith("/Constant")


def exported(salt: str) -> onnx.ModelProto:
    """What an exporter with random names could give: a loop body that reads a tensor from outside."""
    body = helper.make_graph(
        [
            helper.make_node("Add", [f"state{salt}", f"outer{salt}"], [f"next{salt}"]),
            helper.make_node("Identity", [f"go{salt}"], [f"still{salt}"]),
        ],
        f"body{salt}",
        [
            helper.make_tensor_value_info(f"turn{salt}", TensorProto.INT64, []),
            helper.make_tensor_value_info(f"go{salt}", TensorProto.BOOL, []),
            helper.make_tensor_value_info(f"state{salt}", TensorProto.DOUBLE, None),
        ],
        [
            helper.make_tensor_value_info(f"still{salt}", TensorProto.BOOL, []),
            helper.make_tensor_value_info(f"next{salt}", TensorProto.DOUBLE, None),
        ],
    )
    graph = helper.make_graph(
        [
            helper.make_node("Mul", ["x", f"two{salt}"], [f"outer{salt}"]),
            helper.make_node("Loop", [f"three{salt}", "", "x"], ["y"], name=f"n{salt}", body=body, doc_string=salt),
        ],
        f"g{salt}",
        [helper.make_tensor_value_info("x", TensorProto.DOUBLE, ["batch", 2])],
        [helper.make_tensor_value_info("y", TensorProto.DOUBLE, ["batch", 2])],
        [
            onnx.numpy_helper.from_array(np.array(2.0), f"two{salt}"),
            onnx.numpy_helper.from_array(np.array(3), f"three{salt}"),
            onnx.numpy_helper.from_array(np.array(9.0), f"nobody_reads_this{salt}"),
        ],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)])


def spliced(salt: str) -> GraphWriter:
    graph = GraphWriter()
    rows = graph.input(ROWS)
    outputs = graph.splice(exported(salt), {"x": graph.node("Neg", rows)})
    graph.output(TensorSpec("y", "float64", ("batch", 2)), outputs["y"])
    return graph


def test_a_spliced_graph_computes_the_same_with_names_of_its_own():
    assert run(spliced("_a7f3"), np.array([[1.0, -2.0]]))[0].tolist() == [[-7.0, 14.0]]
    assert spliced("_a7f3").finish().SerializeToString() == spliced("_0b11").finish().SerializeToString()
    assert len(spliced("_x").finish().graph.initializer) == 2


def test_an_invalid_graph_is_refused():
    graph = GraphWriter()
    graph.output(TensorSpec("y", "float64", ("batch", 2)), graph.node("NoSuchOperator", graph.input(ROWS)))
    with pytest.raises(UnsupportedOperatorError) as refusal:
        graph.finish()
    assert "NoSuchOperator" in refusal.value.why


def test_an_opset_that_is_too_old_is_refused():
    with pytest.raises(UsageError, match="opset 11"):
        GraphWriter(11)
