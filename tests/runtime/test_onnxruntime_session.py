"""The session of a served ONNX file: what it declares, what it gives, and what it does not import."""

import subprocess
import sys

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from mlpack.runtime.onnxruntime_session import SIGNATURE_KEY, OnnxRuntimeSession
from mlpack.runtime.signature import Signature, TensorSpec


def graph_of(nodes, inputs, outputs, initializers=(), **metadata):
    graph = helper.make_graph(nodes, "graph", inputs, outputs, list(initializers))
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=9)
    for key, value in metadata.items():
        model.metadata_props.add(key=key.replace("__", "."), value=value)
    return model.SerializeToString()


def tensor(name, kind, shape):
    return helper.make_tensor_value_info(name, kind, shape)


def identity(kind, shape, output=None):
    node = helper.make_node("Identity", ["x"], ["y"])
    return graph_of([node], [tensor("x", kind, shape)], [tensor("y", kind, output or shape)])


@pytest.mark.parametrize(
    ("shape", "named"),
    [
        ([None, 2], ("batch", 2)),
        (["N", 2], ("batch", 2)),
        (["unk__12", "unk__13", 2], ("batch", "unk__13", 2)),
        (["time", "batch", 2], ("time", "batch", 2)),
        ([None, None], ("batch", "x_axis_1")),
        ([4, 2], (4, 2)),
    ],
)
def test_the_first_free_axis_is_the_batch_where_none_is_called_so(shape, named):
    with OnnxRuntimeSession(identity(TensorProto.FLOAT, shape)) as session:
        assert session.signature.inputs == (TensorSpec("x", "float32", named),)


def test_outputs_follow_the_names_of_the_inputs():
    with OnnxRuntimeSession(identity(TensorProto.DOUBLE, ["N", "M"])) as session:
        assert session.signature.outputs == (TensorSpec("y", "float64", ("batch", "M")),)


@pytest.mark.parametrize(
    ("kind", "dtype"),
    [
        (TensorProto.FLOAT, "float32"), (TensorProto.DOUBLE, "float64"), (TensorProto.FLOAT16, "float16"),
        (TensorProto.BFLOAT16, "bfloat16"), (TensorProto.INT8, "int8"), (TensorProto.UINT16, "uint16"),
        (TensorProto.INT64, "int64"), (TensorProto.BOOL, "bool"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("rows", [0, 1, 2, 5, 257])
def test_every_number_comes_back_as_it_went_in(kind, dtype, rows):
    import ml_dtypes

    numpy_dtype = np.dtype(ml_dtypes.bfloat16) if dtype == "bfloat16" else np.dtype(dtype)
    values = (np.arange(rows * 3).reshape(rows, 3) % 2).astype(numpy_dtype)
    with OnnxRuntimeSession(identity(kind, [None, 3])) as session:
        assert session.signature.inputs[0].dtype == dtype
        answer = session.run({"x": values})["y"]
    assert answer.dtype == numpy_dtype
    assert answer.shape == (rows, 3)
    assert np.array_equal(answer, values)


def test_strings_are_object_arrays():
    with OnnxRuntimeSession(identity(TensorProto.STRING, [None, 2])) as session:
        assert session.signature.inputs[0].dtype == "string"
        words = np.array([["a", "ü"], ["", "語"]], dtype=object)
        answer = session.run({"x": words})["y"]
        assert answer.dtype == object
        assert answer.tolist() == words.tolist()
        assert session.run({"x": words[:0]})["y"].shape == (0, 2)


def zip_map(**labels):
    kind = TensorProto.INT64 if "classlabels_int64s" in labels else TensorProto.STRING
    row = helper.make_map_type_proto(kind, helper.make_tensor_type_proto(TensorProto.FLOAT, []))
    output = helper.make_value_info("probabilities", helper.make_sequence_type_proto(row))
    node = helper.make_node("ZipMap", ["x"], ["probabilities"], domain="ai.onnx.ml", **labels)
    return graph_of([node], [tensor("x", TensorProto.FLOAT, [None, 3])], [output])


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        ({"classlabels_int64s": [0, 1, 2]}, (0, 1, 2)),
        ({"classlabels_strings": ["ant", "bee", "cat"]}, ("ant", "bee", "cat")),
    ],
)
def test_a_sequence_of_maps_is_an_array_with_a_column_a_class(labels, classes):
    with OnnxRuntimeSession(zip_map(**labels)) as session:
        assert session.signature.outputs == (TensorSpec("probabilities", "float32", ("batch", 3), "probabilities"),)
        assert session.signature.classes == {"probabilities": classes}
        rows = np.random.default_rng(0).random((4, 3)).astype(np.float32)
        assert np.array_equal(session.run({"x": rows})["probabilities"], rows)
        assert session.run({"x": rows[:0]})["probabilities"].shape == (0, 3)


def test_a_sequence_of_tensors_is_one_array_each():
    sequence = helper.make_value_info("y", helper.make_sequence_type_proto(helper.make_tensor_type_proto(1, None)))
    node = helper.make_node("SplitToSequence", ["x"], ["y"], axis=1)
    with OnnxRuntimeSession(graph_of([node], [tensor("x", TensorProto.FLOAT, [None, 2])], [sequence])) as session:
        assert [str(spec) for spec in session.signature.outputs] == ["y_0: float32[batch, 1]", "y_1: float32[batch, 1]"]
        answer = session.run({"x": np.array([[1, 2], [3, 4]], np.float32)})
        assert answer["y_1"].tolist() == [[2], [4]]


def test_the_signature_in_the_metadata_wins_over_the_graph():
    import json

    noted = Signature(
        (TensorSpec("x", "float32", ("batch", 2)),),
        (TensorSpec("y", "float32", ("batch", 2), "probabilities"),),
        columns={"x": ("age", "height")},
        classes={"y": ("no", "yes")},
    )
    node = helper.make_node("Identity", ["x"], ["y"])
    ends = [tensor("x", TensorProto.FLOAT, [None, 2])], [tensor("y", TensorProto.FLOAT, [None, 2])]
    with OnnxRuntimeSession(graph_of([node], *ends, **{SIGNATURE_KEY: json.dumps(noted.to_json())})) as session:
        assert session.signature == noted


def test_a_wrong_dtype_or_width_is_refused_by_onnx_runtime_itself():
    with OnnxRuntimeSession(identity(TensorProto.FLOAT, [None, 2])) as session:
        with pytest.raises(Exception, match="Unexpected input data type"):
            session.run({"x": np.zeros((2, 2))})
        with pytest.raises(Exception, match="Got: 3 Expected: 2"):
            session.run({"x": np.zeros((2, 3), np.float32)})
        with pytest.raises(Exception, match="Invalid input name"):
            session.run({"z": np.zeros((2, 2), np.float32)})
        with pytest.raises(ValueError, match=r"[Rr]equired inputs"):
            session.run({})


@pytest.mark.parametrize("kind", ["LSTM", "GRU", "RNN"])
def test_an_empty_batch_through_a_recurrent_layer_does_not_end_the_process(kind):
    """ONNX Runtime 1.32 calls std::terminate there; a service would be gone."""
    gates = {"LSTM": 4, "GRU": 3, "RNN": 1}[kind]
    random = np.random.default_rng(0)
    weights = [
        onnx.numpy_helper.from_array(random.random((1, gates * 3, width)).astype(np.float32), name)
        for name, width in (("w", 2), ("r", 3))
    ]
    node = helper.make_node(kind, ["x", "w", "r"], ["y", "last"], hidden_size=3)
    model = graph_of(
        [node],
        [tensor("x", TensorProto.FLOAT, ["time", "batch", 2])],
        [tensor("y", TensorProto.FLOAT, ["time", 1, "batch", 3]), tensor("last", TensorProto.FLOAT, [1, "batch", 3])],
        weights,
    )
    with OnnxRuntimeSession(model) as session:
        answer = session.run({"x": np.zeros((7, 0, 2), np.float32)})
        assert answer["y"].shape == (7, 1, 0, 3)
        assert answer["last"].shape == (1, 0, 3)
        assert session.run({"x": np.zeros((7, 2, 2), np.float32)})["y"].shape == (7, 1, 2, 3)


def test_weights_beside_the_file_are_found(tmp_path):
    weight = onnx.numpy_helper.from_array(np.arange(4096, dtype=np.float32).reshape(2, 2048), "w")
    node = helper.make_node("MatMul", ["x", "w"], ["y"])
    ends = [tensor("x", TensorProto.FLOAT, [None, 2])], [tensor("y", TensorProto.FLOAT, [None, 2048])]
    path = tmp_path / "model.onnx"
    onnx.save(
        onnx.load_from_string(graph_of([node], *ends, [weight])),
        path,
        save_as_external_data=True,
        location="model.data",
    )
    with OnnxRuntimeSession(path, threads=1) as session:
        assert session.run({"x": np.eye(2, dtype=np.float32)})["y"][1, 0] == 2048


def test_serving_imports_onnx_runtime_and_numpy_alone(tmp_path):
    path = tmp_path / "model.onnx"
    path.write_bytes(identity(TensorProto.FLOAT, [None, 2]))
    script = f"""
import sys
import numpy as np
from mlpack.runtime.onnxruntime_session import OnnxRuntimeSession
with OnnxRuntimeSession({str(path)!r}) as session:
    session.run({{"x": np.zeros((2, 2), np.float32)}})
heavy = {{"onnx", "torch", "tensorflow", "keras", "sklearn", "pandas", "scipy", "ml_dtypes"}} & set(sys.modules)
print(sorted(heavy))
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_closing_twice_is_safe():
    session = OnnxRuntimeSession(identity(TensorProto.FLOAT, [None, 2]))
    session.close()
    session.close()
