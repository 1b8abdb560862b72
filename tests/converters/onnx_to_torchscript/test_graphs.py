"""Graphs made by hand: dynamic shapes, control flow, functions, refusals."""

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, parser

from mlpack.converters.onnx_to_torchscript.errors import UnsupportedOperator
from mlpack.converters.onnx_to_torchscript.graph import to_torchscript

HEADER = '<ir_version: 9, opset_import: ["" : 18, "local" : 1]>\n'


def parsed(text):
    return parser.parse_model(HEADER + text)


def test_shape_arithmetic_stays_dynamic(assert_agrees):
    model = parsed(
        """
        graph (float[n, c, h, w] x) => (float[n, k] y)
        <int64 zero = {0}, int64 two = {2}, int64[1] rest = {-1}, int64[1] axis0 = {0}>
        {
            shape = Shape(x)
            n = Gather(shape, zero)
            n1 = Unsqueeze(n, axis0)
            target = Concat<axis = 0>(n1, rest)
            flat = Reshape(x, target)
            c = Gather(shape, two)
            cf = Cast<to = 1>(c)
            y = Mul(flat, cf)
        }
        """
    )
    shapes = [(1, 2, 3, 4), (5, 1, 2, 2), (257, 2, 1, 3)]
    assert_agrees(model, [{"x": np.random.default_rng(0).random(shape, np.float32)} for shape in shapes])


def test_an_empty_batch_reshapes_to_what_the_other_axes_say():
    model = parsed(
        """
        graph (float[n, 3, 4] x) => (float[n, 12] y) <int64[2] target = {-1, 12}> { y = Reshape(x, target) }
        """
    )
    assert to_torchscript(model)(torch.zeros(0, 3, 4)).shape == (0, 12)


def test_if_chooses_at_run_time(assert_agrees):
    model = parsed(
        """
        graph (float[n] x) => (float[m] y)
        <float limit = {1.0}>
        {
            total = ReduceSum<keepdims = 0>(x)
            large = Greater(total, limit)
            y = If(large) <
                then_branch = big () => (float[m] t) { t = Neg(x) },
                else_branch = small () => (float[m] e) { e = Concat<axis = 0>(x, x) }
            >
        }
        """
    )
    assert_agrees(model, [{"x": np.array(values, np.float32)} for values in ([2, 3], [0.1], [-1, 0.5, 0.2])])


def test_loop_carries_collects_and_stops(assert_agrees):
    body = helper.make_graph(
        [
            helper.make_node("Add", ["state", "step"], ["next"]),
            helper.make_node("Less", ["next", "limit"], ["go"]),
            helper.make_node("Identity", ["next"], ["out"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("keep", TensorProto.BOOL, []),
            helper.make_tensor_value_info("state", TensorProto.FLOAT, []),
        ],
        [
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("next", TensorProto.FLOAT, []),
            helper.make_tensor_value_info("out", TensorProto.FLOAT, []),
        ],
    )
    graph = helper.make_graph(
        [helper.make_node("Loop", ["trips", "", "start"], ["last", "all"], body=body)],
        "loop",
        [
            helper.make_tensor_value_info("trips", TensorProto.INT64, []),
            helper.make_tensor_value_info("start", TensorProto.FLOAT, []),
            helper.make_tensor_value_info("step", TensorProto.FLOAT, []),
            helper.make_tensor_value_info("limit", TensorProto.FLOAT, []),
        ],
        [
            helper.make_tensor_value_info("last", TensorProto.FLOAT, []),
            helper.make_tensor_value_info("all", TensorProto.FLOAT, [None]),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    feeds = [
        {"trips": np.int64(trips), "start": np.float32(0), "step": np.float32(1.5), "limit": np.float32(limit)}
        for trips, limit in ((5, 100.0), (5, 4.0), (1, 0.0), (0, 9.0))
    ]
    assert_agrees(model, [{name: np.asarray(value) for name, value in feed.items()} for feed in feeds])


def test_functions_of_the_model_are_inlined(assert_agrees):
    model = parser.parse_model(
        HEADER
        + """
        graph (float[n] x) => (float[n] y) { y = local.twice(x) }
        <domain: "local", opset_import: ["" : 18]>
        twice (a) => (b) { b = Add(a, a) }
        """
    )
    assert_agrees(model, [{"x": np.arange(3, dtype=np.float32)}])


def test_integer_division_and_remainders_follow_the_standard(assert_agrees):
    model = parsed(
        """
        graph (int64[n] a, int64[n] b) => (int64[n] quotient, int64[n] python, int64[n] c)
        { quotient = Div(a, b)  python = Mod(a, b)  c = Mod<fmod = 1>(a, b) }
        """
    )
    assert_agrees(model, [{"a": np.array([7, -7, 7, -7, 2**53 + 1]), "b": np.array([2, 2, -2, -2, 1])}])


def test_all_unsupported_operators_are_named_at_once():
    model = parsed(
        """
        graph (float[n] x) => (float[n] y)
        {
            a = RandomNormalLike(x)
            b = local.mystery(a)
            y = Multinomial(b)
        }
        """
    )
    for position, name in enumerate(("noise", "odd", "draw")):
        model.graph.node[position].name = name
    with pytest.raises(UnsupportedOperator) as caught:
        to_torchscript(model)
    found = [(refusal.op_type, refusal.domain, refusal.node_name) for refusal in caught.value.refusals]
    assert found == [("RandomNormalLike", "", "noise"), ("mystery", "local", "odd"), ("Multinomial", "", "draw")]
    assert all(name in str(caught.value) for name in ("noise", "local.mystery", "Multinomial"))
    assert caught.value.op_type == "RandomNormalLike"
    assert "random" in caught.value.reason


def test_string_inputs_are_refused_by_name():
    model = parsed("graph (string[n] city) => (string[n] y) { y = Identity(city) }")
    with pytest.raises(UnsupportedOperator, match=r"(?s)city.*string"):
        to_torchscript(model)


def test_attributes_nobody_implements_are_refused():
    node = helper.make_node("Relu", ["x"], ["y"], name="leaky", slope=0.1)
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [node], "g", [value("x", TensorProto.FLOAT, ["n"])], [value("y", TensorProto.FLOAT, ["n"])]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    with pytest.raises(UnsupportedOperator, match="attribute 'slope' is not implemented"):
        to_torchscript(model)


def test_names_that_are_no_identifiers_do_not_clash():
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("Sub", ["a/b", "a.b"], ["class"]), helper.make_node("Neg", ["class"], ["self"])],
        "g",
        [value("a/b", TensorProto.FLOAT, ["n"])],
        [value("self", TensorProto.FLOAT, ["n"]), value("a/b", TensorProto.FLOAT, ["n"])],
        [onnx.numpy_helper.from_array(np.array([1.0], np.float32), "a.b")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)])
    negated, same = to_torchscript(model)(torch.tensor([3.0]))
    assert negated.tolist() == [-2.0]
    assert same.tolist() == [3.0]
