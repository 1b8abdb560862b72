"""Models of real exporters are clean; operators of others, functions without end and empty shapes are found."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.backend.test.case.node import collect_testcases

from mlpack.core.errors import CorruptFileError, UnsafeFileError
from mlpack.scan import onnx_wire
from mlpack.scan.lists.graphs import onnx_operators
from mlpack.scan.onnx_external import external_files, load_whole
from mlpack.scan.onnx_judge import judge_structure
from mlpack.scan.onnx_wire import read_structure
from mlpack.scan.source import open_source

INFO = helper.make_tensor_value_info


def model_of(nodes, initializers=(), functions=(), **options):
    graph = helper.make_graph(nodes, "g", [INFO("x", 1, [None])], [INFO("y", 1, None)], list(initializers), **options)
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("own", 1)]
    return helper.make_model(graph, opset_imports=opsets, functions=list(functions), ir_version=10)


def judged(model, tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(model if isinstance(model, bytes) else model.SerializeToString())
    with open_source(path) as source:
        structure = read_structure(source)
        external_files(structure, path)
        return judge_structure(structure, source.end)


def refusal_of(model, tmp_path):
    with pytest.raises(UnsafeFileError) as refusal:
        judged(model, tmp_path)
    (found,) = refusal.value.findings
    return found


def field(number, payload):
    """A LENGTH field on the wire."""
    size, encoded = len(payload), b""
    while size >= 0x80:
        encoded, size = encoded + bytes([size & 0x7F | 0x80]), size >> 7
    tag = number << 3 | 2
    head = bytes([tag]) if tag < 0x80 else bytes([tag & 0x7F | 0x80, tag >> 7])
    return head + encoded + bytes([size]) + payload


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_the_models_of_onnxs_own_tests_are_clean(tmp_path):
    cases = [case for case in collect_testcases(None) if case.model is not None]
    assert len(cases) > 1000
    for case in cases[::10]:
        assert judged(case.model, tmp_path) == (), case.name


def of_sklearn():
    from skl2onnx import to_onnx
    from sklearn.datasets import load_iris
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), RandomForestClassifier(10)).fit(*load_iris(return_X_y=True))
    return to_onnx(model, np.zeros((1, 4), np.float32))


def of_torch():
    import torch

    layers = [
        torch.nn.Conv1d(3, 4, 3),
        torch.nn.ReLU(),
        torch.nn.BatchNorm1d(4),
        torch.nn.Flatten(),
        torch.nn.LazyLinear(2),
    ]
    module = torch.nn.Sequential(*layers).eval()
    module(torch.zeros(2, 3, 8))
    return torch.onnx.export(module, (torch.zeros(2, 3, 8),), dynamo=True, verbose=False).model_proto


def of_torch_before():
    import io

    import torch

    content = io.BytesIO()
    torch.onnx.export(torch.nn.LSTM(3, 4).eval(), (torch.zeros(2, 1, 3),), content, dynamo=False)
    return onnx.load_from_string(content.getvalue())


def of_keras():
    import keras
    import tensorflow as tf
    import tf2onnx

    layers = [keras.layers.Input((6, 3)), keras.layers.LSTM(4, return_sequences=True), keras.layers.Dense(2, "softmax")]
    model = keras.Sequential(layers)
    function = tf.function(model.call, input_signature=[tf.TensorSpec((None, 6, 3))])
    return tf2onnx.convert.from_function(function, function.input_signature)[0]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("make", [of_sklearn, of_torch, of_torch_before, of_keras])
@pytest.mark.parametrize("beside", [False, True])
def test_what_exporters_write_is_clean(make, beside, tmp_path):
    path = tmp_path / "whole.onnx"
    onnx.save(make(), path, save_as_external_data=beside, location="whole.data", size_threshold=0)
    with open_source(path) as source:
        structure = read_structure(source)
        assert bool(external_files(structure, path)) == (beside and make is not of_sklearn)
        assert judge_structure(structure, source.end) == ()


def test_the_fields_are_those_of_the_installed_onnx():
    messages = onnx.onnx_ml_pb2.DESCRIPTOR.message_types_by_name
    ours = {
        "GraphProto": onnx_wire.GRAPH_FIELDS,
        "NodeProto": onnx_wire.NODE_FIELDS,
        "AttributeProto": onnx_wire.ATTRIBUTE_FIELDS,
        "FunctionProto": onnx_wire.FUNCTION_FIELDS,
    }
    for name, known in ours.items():
        assert {field.number for field in messages[name].fields} <= known


@pytest.mark.parametrize("name", ["FusedMatMul", "SkipLayerNormalization", "QLinearAdd"])
def test_operators_that_onnx_runtime_has_built_in_are_clean(name, tmp_path):
    assert name in onnx_operators()["com.microsoft"]
    assert judged(model_of([helper.make_node(name, ["x"], ["y"], domain="com.microsoft")]), tmp_path) == ()


@pytest.mark.parametrize(
    ("domain", "name", "whose"),
    [
        ("ai.onnx.contrib", "PyOp", "Python"),
        ("com.microsoft.extensions", "BertTokenizer", "extensions"),
        ("com.microsoft", "EPContext", "vendor"),
        ("com.microsoft", "Snpe", "vendor"),
        ("com.microsoft.experimental", "X", "experimental"),
        ("mine", "Op", "mine"),
    ],
)
@pytest.mark.parametrize("place", ["graph", "branch", "function"])
def test_operators_of_other_libraries_are_named(domain, name, whose, place, tmp_path):
    node = helper.make_node(name, ["x"], ["y"], name="shady", domain=domain)
    if place == "branch":
        inner = helper.make_graph([node], "b", [], [INFO("y", 1, None)])
        node = helper.make_node("If", ["x"], ["y"], then_branch=inner, else_branch=inner)
    functions = []
    if place == "function":
        body = helper.make_function("own", "Whole", ["x"], ["y"], [node], [helper.make_opsetid(domain, 1)])
        node, functions = helper.make_node("Whole", ["x"], ["y"], domain="own"), [body]
    (found,) = judged(model_of([node], functions=functions), tmp_path)
    assert (found.rule, found.severity) == ("onnx/operator", "error")
    assert f"{domain}.{name}" in found.message
    assert whose in found.message
    content = (tmp_path / "model.onnx").read_bytes()
    assert b"shady" in content[found.offset : found.offset + 100]


def test_operators_of_a_later_onnx_are_left_to_onnx_runtime(tmp_path):
    assert judged(model_of([helper.make_node("OfOpset99", ["x"], ["y"])]), tmp_path) == ()


def chain(length, calls):
    """Functions each of which calls the next ``calls`` times."""
    for index in range(length):
        kind, domain = (f"F{index + 1}", "own") if index < length - 1 else ("Relu", "")
        nodes = [helper.make_node(kind, ["x"], [f"t{number}"], domain=domain) for number in range(calls)]
        yield helper.make_function("own", f"F{index}", ["x"], ["t0"], nodes, [helper.make_opsetid("", 21)])


def test_functions_that_unfold_without_end_are_refused(tmp_path):
    node = helper.make_node("F0", ["x"], ["y"], domain="own")
    assert judged(model_of([node], functions=chain(6, 3)), tmp_path) == ()
    (found,) = judged(model_of([node], functions=chain(40, 3)), tmp_path)
    assert found.rule == "onnx/function"
    loop = [helper.make_node("F0", ["x"], ["y"], domain="own")]
    (found,) = judged(model_of([node], functions=[helper.make_function("own", "F0", ["x"], ["y"], loop, [])]), tmp_path)
    assert "own.F0 calls itself" in found.message


def test_graphs_within_graphs_end(tmp_path):
    graph = b""
    for _ in range(40):
        graph = field(1, field(4, b"If") + field(5, field(1, b"then_branch") + field(6, graph)))
    assert refusal_of(bytes([8, 10]) + field(7, graph) + field(8, bytes([16, 21])), tmp_path).rule == "onnx/depth"


def test_shapes_that_nothing_backs_are_refused(tmp_path):
    add = helper.make_node("Add", ["x", "w"], ["y"])
    empty = TensorProto(name="w", data_type=1, dims=[1 << 20, 1 << 20])
    assert "1,048,576 × 1,048,576 values" in refusal_of(model_of([add], [empty]), tmp_path).message
    words = TensorProto(name="w", data_type=8, dims=[1 << 40], string_data=[b"a"])
    assert refusal_of(model_of([add], [words]), tmp_path).rule == "onnx/size"
    shape = numpy_helper.from_array(np.array([1 << 20, 1 << 20]), "shape")
    filled = helper.make_node("ConstantOfShape", ["shape"], ["w"], name="bomb")
    (found,) = judged(model_of([filled, add], [shape]), tmp_path)
    assert found.rule == "onnx/size"
    assert "'bomb' (ConstantOfShape)" in found.message
    constant = helper.make_node("Constant", [], ["shape"], value_ints=[1 << 20, 1 << 20])
    expand = helper.make_node("Expand", ["x", "shape"], ["w"])
    assert len(judged(model_of([constant, expand, add]), tmp_path)) == 1
    noise = helper.make_node("RandomNormal", [], ["w"], shape=[1 << 40])
    assert len(judged(model_of([noise, add]), tmp_path)) == 1


def test_honest_shapes_are_clean(tmp_path):
    shape = numpy_helper.from_array(np.array([64, 1024]), "shape")
    nodes = [helper.make_node("ConstantOfShape", ["shape"], ["w"]), helper.make_node("Expand", ["x", "shape"], ["y"])]
    halves = helper.make_tensor("h", TensorProto.FLOAT16, [64], np.zeros(64, np.float16).tolist())
    flags = helper.make_tensor("b", TensorProto.BOOL, [64], [True] * 64)
    words = helper.make_tensor("s", TensorProto.STRING, [64], [b""] * 64)
    assert judged(model_of(nodes, [shape, halves, flags, words]), tmp_path) == ()


def outside(name="w", **entries):
    tensor = TensorProto(name=name, data_type=1, dims=[4], data_location=TensorProto.EXTERNAL)
    for key, value in entries.items():
        tensor.external_data.add(key=key, value=str(value))
    return tensor


def sparse(tensor):
    return onnx.SparseTensorProto(values=tensor, indices=numpy_helper.from_array(np.arange(4)), dims=[4])


ADD = helper.make_node("Add", ["x", "w"], ["y"])


def trained(tensor):
    model = model_of([ADD])
    model.training_info.add().algorithm.CopyFrom(helper.make_graph([ADD], "t", [], [], [tensor]))
    return model


PLACES = {
    "initializer": lambda one: model_of([ADD], [one]),
    "sparse initializer": lambda one: model_of([ADD], sparse_initializer=[sparse(one)]),
    "constant": lambda one: model_of([helper.make_node("Constant", [], ["w"], value=one), ADD]),
    "sparse constant": lambda one: model_of([helper.make_node("Constant", [], ["w"], sparse_value=sparse(one)), ADD]),
    "list of tensors": lambda one: model_of([helper.make_node("Own", ["x"], ["y"], domain="own", many=[one])]),
    "branch": lambda one: model_of(
        [helper.make_node("If", ["x"], ["y"], then_branch=helper.make_graph([ADD], "b", [], [], [one]))]
    ),
    "function": lambda one: model_of(
        [ADD],
        functions=[
            helper.make_function("own", "F", [], ["w"], [helper.make_node("Constant", [], ["w"], value=one)], []),
        ],
    ),
    "default of a function": lambda one: model_of(
        [ADD],
        functions=[helper.make_function("own", "F", [], ["w"], [], [], [], [helper.make_attribute("a", one)])],
    ),
    "training": trained,
}


@pytest.mark.parametrize("place", PLACES)
def test_data_outside_are_found_wherever_a_tensor_may_stand(place, tmp_path):
    found = refusal_of(PLACES[place](outside(location="../secret")), tmp_path)
    assert found.rule == "onnx/external-data"
    assert "'../secret'" in found.message
    (tmp_path / "beside").write_bytes(bytes(16))
    model = PLACES[place](outside(location="beside"))
    assert {one.rule for one in judged(model, tmp_path)} <= {"onnx/operator"}
    whole = load_whole(tmp_path / "model.onnx")
    assert b"beside" not in whole.SerializeToString()


@pytest.mark.parametrize(
    ("entries", "kind"),
    [
        ({"offset": -4, "length": 16}, UnsafeFileError),
        ({"offset": 1 << 63, "length": 16}, UnsafeFileError),
        ({"offset": "0x4"}, UnsafeFileError),
        ({"length": 8}, UnsafeFileError),
        ({"offset": 12}, UnsafeFileError),
        ({"offset": 4, "length": 16}, CorruptFileError),
        ({"offset": 17}, CorruptFileError),
        ({"basepath": "/etc"}, UnsafeFileError),
    ],
)
def test_places_that_cannot_be_are_refused(entries, kind, tmp_path):
    (tmp_path / "beside").write_bytes(bytes(16))
    with pytest.raises(kind):
        judged(model_of([ADD], [outside(location="beside", **entries)]), tmp_path)
    assert judged(model_of([ADD], [outside(location="beside", offset=0, length=16)]), tmp_path) == ()


def test_what_protobuf_would_merge_is_refused(tmp_path):
    """One reader takes the last of two, another the first, and protobuf itself merges them."""
    first = field(5, TensorProto(data_type=1, dims=[4], data_location=TensorProto.EXTERNAL).SerializeToString())
    second = field(5, outside(location="../secret").SerializeToString().replace(b"\x70\x01", b""))
    node = helper.make_node("Constant", [], ["w"]).SerializeToString() + field(5, field(1, b"value") + first + second)
    graph = field(7, field(1, node))
    head = model_of([]).SerializeToString()
    found = refusal_of(bytes([8, 10]) + graph + field(8, bytes([16, 21])), tmp_path)
    assert (found.rule, "two values" in found.message) == ("onnx/twice", True)
    assert refusal_of(head + graph, tmp_path).message == "it has two graphs"
    same = numpy_helper.from_array(np.zeros(4, np.float32), "w")
    assert "two weights are called 'w'" in refusal_of(model_of([ADD], [same, same]), tmp_path).message
    twice = outside(location="beside")
    twice.external_data.add(key="location", value="other")
    assert refusal_of(model_of([ADD], [twice]), tmp_path).rule == "onnx/twice"


def test_bytes_that_no_reader_looks_at_are_refused(tmp_path):
    content = model_of([ADD]).SerializeToString()
    assert judged(content + field(99, b"later"), tmp_path) == ()
    found = refusal_of(content + field(99, bytes(1 << 20)), tmp_path)
    assert (found.rule, found.offset) == ("onnx/hidden", len(content))


def test_groups_and_long_numbers_are_no_protobuf(tmp_path):
    content = model_of([ADD]).SerializeToString()
    for tail in (b"\x0b\x0c", b"\xff" * 11, b"\x88\x80\x80\x80\x80\x80\x80\x01\x01"):
        with pytest.raises(CorruptFileError):
            judged(content + tail, tmp_path)
