"""What an exporter wrote becomes the graph that was asked for."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from mlpack.core.errors import UnsupportedOperatorError
from mlpack.graph.canonical import canonicalise
from mlpack.graph.export import finished
from mlpack.runtime.onnxruntime_session import OnnxRuntimeSession
from mlpack.runtime.signature import Signature, TensorSpec


def signature(inputs, outputs, shape=("batch", 2)):
    return Signature(
        tuple(TensorSpec(name, "float32", shape) for name in inputs),
        tuple(TensorSpec(name, "float32", shape) for name in outputs),
    )


def model_of(nodes, inputs, outputs, shape=("N", 2), initializers=()):
    infos = [[helper.make_tensor_value_info(name, 1, shape) for name in names] for names in (inputs, outputs)]
    graph = helper.make_graph(nodes, "written by a run", *infos, list(initializers))
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)


def answers(built, **feed):
    with OnnxRuntimeSession(built.proto().SerializeToString()) as session:
        return session.signature, session.run(feed)


ROWS = np.array([[1, 2], [3, 4]], np.float32)


def test_names_and_axes_are_those_of_the_signature():
    model = model_of([helper.make_node("Neg", ["x_0"], ["Identity:0"])], ["x_0"], ["Identity:0"])
    wanted = signature(["input"], ["output"])
    found, result = answers(finished(model, wanted), input=ROWS)
    assert found == wanted
    assert np.array_equal(result["output"], -ROWS)


def test_inner_names_make_room_for_those_of_the_signature():
    nodes = [helper.make_node("Neg", ["a"], ["output"]), helper.make_node("Exp", ["output"], ["input"])]
    found, result = answers(finished(model_of(nodes, ["a"], ["input"]), signature(["input"], ["output"])), input=ROWS)
    assert [spec.name for spec in found.outputs] == ["output"]
    assert np.allclose(result["output"], np.exp(-ROWS))


def test_an_output_that_is_an_input_or_another_output_gets_its_own_name():
    node = helper.make_node("Neg", ["x"], ["y"])
    model = model_of([node], ["x"], ["x", "y", "y"])
    _, result = answers(finished(model, signature(["rows"], ["same", "first", "second"])), rows=ROWS)
    assert np.array_equal(result["same"], ROWS)
    assert np.array_equal(result["first"], result["second"])


def test_a_fixed_axis_is_refused():
    model = model_of([helper.make_node("Neg", ["x"], ["y"])], ["x"], ["y"], shape=(7, 2))
    with pytest.raises(UnsupportedOperatorError, match="fixed axis 0 \\(batch\\) of input to 7"):
        finished(model, signature(["input"], ["output"]))


def test_a_dropped_input_is_refused():
    model = model_of([helper.make_node("Neg", ["x"], ["y"])], ["x"], ["y"])
    with pytest.raises(UnsupportedOperatorError, match="1 inputs where the model has 2"):
        finished(model, signature(["left", "right"], ["output"]))


def test_nothing_of_the_run_is_left():
    node = helper.make_node("Neg", ["x__17"], ["y_3"], name="neg_3", doc_string="File /home/me/train.py")
    node.metadata_props.add(key="stack_trace", value="/home/me/train.py")
    model = model_of([node], ["x__17"], ["y_3"])
    model.metadata_props.add(key="made", value="today")
    model.graph.doc_string = "today"
    data = finished(model, signature(["input"], ["output"])).proto().SerializeToString()
    assert b"/home/me" not in data
    assert b"today" not in data


def branches(prefix, order):
    """The same computation under other names and in another order."""
    numbers = numpy_helper.from_array(np.array([2], np.float32), f"{prefix}two")
    again = numpy_helper.from_array(np.array([2], np.float32), f"{prefix}zwei")
    nodes = [
        helper.make_node("Mul", ["x", f"{prefix}two"], [f"{prefix}a"], name=f"layer/{prefix}mul"),
        helper.make_node("Add", ["x", f"{prefix}zwei"], [f"{prefix}b"], name=f"layer/{prefix}add"),
    ]
    last = helper.make_node("Sub", [f"{prefix}a", f"{prefix}b"], ["y"], name=f"{prefix}sub")
    return model_of([*nodes[::order], last], ["x"], ["y"], initializers=[numbers, again][::order])


def test_two_orders_of_one_graph_become_one():
    made = []
    for prefix, order in (("p__1_", 1), ("q__2_", -1)):
        model = branches(prefix, order)
        canonicalise(model.graph)
        made.append(finished(model, signature(["input"], ["output"])).proto())
    assert made[0].SerializeToString() == made[1].SerializeToString()
    assert len(made[0].graph.initializer) == 1, "equal constants are stored once"
    assert [node.name for node in made[0].graph.node] == ["layer/Mul", "layer/Add", "Sub"]


def loop(identity_first):
    """A loop that gives its value twice; tf2onnx puts an Identity at either of the two."""
    values = ["v", "v"]
    nodes = [
        helper.make_node("Add", ["carried", "x"], ["v"], name="body/add"),
        helper.make_node("Identity", ["go"], ["go_on"]),
    ]
    place = 0 if identity_first else 1
    values[place] = "copy"
    nodes.append(helper.make_node("Identity", ["v"], ["copy"]))
    body = helper.make_graph(
        nodes, f"body_{place}",
        [helper.make_tensor_value_info("i", TensorProto.INT64, []), helper.make_tensor_value_info("go", TensorProto.BOOL, []),
         helper.make_tensor_value_info("carried", 1, ["unk__1", 2])],
        [helper.make_tensor_value_info("go_on", TensorProto.BOOL, []),
         *(helper.make_tensor_value_info(name, 1, [f"unk__{place}", 2]) for name in values)],
    )  # fmt: skip
    three = numpy_helper.from_array(np.array(3, np.int64), "three")
    yes = numpy_helper.from_array(np.array(True), "yes")
    node = helper.make_node("Loop", ["three", "yes", "x"], ["y", "scanned"], body=body)
    return model_of([node], ["x"], ["y"], initializers=[three, yes])


def test_a_loop_is_the_same_wherever_its_copy_stands():
    made = []
    for identity_first in (True, False):
        model = loop(identity_first)
        canonicalise(model.graph)
        built = finished(model, signature(["input"], ["output"]))
        onnx.checker.check_model(built.proto())
        assert np.array_equal(answers(built, input=ROWS)[1]["output"], ROWS * 4)
        made.append(built.proto().SerializeToString())
    assert made[0] == made[1]
