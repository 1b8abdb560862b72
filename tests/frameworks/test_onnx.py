"""What mlpack reads from an ONNX graph."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from mlpack.frameworks.onnx import FRAMEWORK
from mlpack.graph.model import OnnxModel


def graph_of(nodes, inputs, outputs, **initializers):
    tensors = [numpy_helper.from_array(array, name) for name, array in initializers.items()]
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 3)]
    return helper.make_model(
        helper.make_graph(nodes, "graph", inputs, outputs, tensors), opset_imports=opsets, ir_version=9
    )


def tensor(name, kind, *shape):
    return helper.make_tensor_value_info(name, kind, shape)


@pytest.fixture
def chain():
    """MatMul, Add, Relu."""
    nodes = [
        helper.make_node("MatMul", ["x", "w"], ["product"]),
        helper.make_node("Add", ["product", "b"], ["sum"]),
        helper.make_node("Relu", ["sum"], ["y"]),
    ]
    return graph_of(
        nodes, [tensor("x", 1, "batch", 3)], [tensor("y", 1, "batch", 2)],
        w=np.ones((3, 2), np.float32), b=np.array([-4, 1], np.float32),
    )  # fmt: skip


def test_a_graph_is_recognised_bare_wrapped_and_as_a_file(chain, tmp_path):
    path = tmp_path / "chain.onnx"
    onnx.save(chain, path)
    for model in (chain, OnnxModel(graph=chain), OnnxModel(path=path)):
        assert FRAMEWORK.recognises(model)
        signature = FRAMEWORK.signature(model)
        assert [str(spec) for spec in signature.outputs] == ["y: float32[batch, 2]"]
        with FRAMEWORK.session(model, signature) as session:
            assert session.run({"x": np.ones((1, 3), np.float32)})["y"].tolist() == [[0, 4]]


def stages_of(model, feed):
    seen = {}
    FRAMEWORK.stages(model, FRAMEWORK.signature(model), feed, lambda name, array: seen.update({name: array}))
    return seen


def test_stages_are_the_outputs_of_all_nodes(chain):
    seen = stages_of(chain, {"x": np.ones((2, 3), np.float32)})
    assert list(seen) == ["product", "sum", "y"]
    assert seen["sum"].tolist() == [[-1, 4]] * 2


def test_stages_of_a_file_leave_its_weights_where_they_are(chain, tmp_path):
    path = tmp_path / "chain.onnx"
    onnx.save(chain, path, save_as_external_data=True, location="chain.data", size_threshold=0)
    model = OnnxModel(path=path)
    seen = stages_of(model, {"x": np.ones((2, 3), np.float32)})
    assert seen["sum"].tolist() == [[-1, 4]] * 2
    assert hints_of(model) == {}


def test_a_deep_graph_is_visited_in_groups_and_in_order():
    nodes = [helper.make_node("Neg", [f"t{step}"], [f"t{step + 1}"]) for step in range(300)]
    model = graph_of(nodes, [tensor("t0", 1, "batch", 2)], [tensor("t300", 1, "batch", 2)])
    seen = stages_of(model, {"t0": np.ones((1, 2), np.float32)})
    assert list(seen) == [f"t{step}" for step in range(1, 301)]
    assert seen["t7"][0, 0] == -1
    assert seen["t300"][0, 0] == 1


def test_large_outputs_are_visited_a_few_at_a_time():
    import tracemalloc

    nodes = [helper.make_node("Neg", [f"t{step}"], [f"t{step + 1}"]) for step in range(64)]
    model = graph_of(nodes, [tensor("t0", 1, "batch", 1 << 20)], [tensor("t64", 1, "batch", 1 << 20)])
    tracemalloc.start()
    names = []
    FRAMEWORK.stages(
        model, FRAMEWORK.signature(model), {"t0": np.ones((2, 1 << 20), np.float32)}, lambda name, _: names.append(name)
    )
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(names) == 64
    assert peak < 32 * (8 << 20), "512 MB would be all of them at once"


def hints_of(model):
    return FRAMEWORK.hints(model, FRAMEWORK.signature(model)).columns


def test_a_table_bounds_the_ids_that_look_it_up():
    nodes = [
        helper.make_node("Cast", ["ids"], ["wide"], to=TensorProto.INT64),
        helper.make_node("Gather", ["table", "wide"], ["y"]),
    ]
    model = graph_of(
        nodes, [tensor("ids", TensorProto.INT32, "batch", 4)], [tensor("y", 1, "batch", 4, 3)],
        table=np.zeros((50, 3), np.float32),
    )  # fmt: skip
    (hint,) = hints_of(model)["ids"]
    assert (hint.low, hint.high, hint.integral) == (0, 49, True)


def test_a_scaler_tells_centres_and_spreads():
    node = helper.make_node("Scaler", ["x"], ["y"], domain="ai.onnx.ml", offset=[1.0, 2.0], scale=[0.5, 0.25])
    hints = hints_of(graph_of([node], [tensor("x", 1, "batch", 2)], [tensor("y", 1, "batch", 2)]))["x"]
    assert [(hint.center, hint.spread) for hint in hints] == [(1, 2), (2, 4)]


def test_a_forest_tells_its_thresholds():
    from skl2onnx import to_onnx
    from sklearn.datasets import load_iris
    from sklearn.tree import DecisionTreeClassifier

    rows, labels = load_iris(return_X_y=True)
    tree = DecisionTreeClassifier(max_depth=3, random_state=0).fit(rows, labels)
    model = to_onnx(tree, rows[:1].astype(np.float32), options={"zipmap": False})
    hints = hints_of(model)["X"]
    for column, hint in enumerate(hints):
        wanted = np.unique(tree.tree_.threshold[tree.tree_.feature == column])
        assert np.allclose(hint.thresholds, wanted, rtol=1e-6)  # skl2onnx rounds them down to float32


def test_an_encoder_tells_its_categories():
    node = helper.make_node("OneHotEncoder", ["x"], ["y"], domain="ai.onnx.ml", cats_strings=["ant", "bee"])
    model = graph_of([node], [tensor("x", TensorProto.STRING, "batch", 1)], [tensor("y", 1, "batch", 1, 2)])
    assert hints_of(model)["x"][0].categories == ("ant", "bee")


def test_a_graph_has_no_double(chain):
    assert FRAMEWORK.in_double(chain, FRAMEWORK.signature(chain)) is None
