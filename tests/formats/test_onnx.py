"""External data, metadata, subgraphs, signatures."""

from __future__ import annotations

import collections
import os

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from mlpack.core.errors import CorruptFileError, UnsafeFileError
from mlpack.formats import format_named, identify
from mlpack.formats.onnx.external import save_graph
from mlpack.graph.model import OnnxModel

ONNX = format_named("onnx")
INFO = helper.make_tensor_value_info


def graph_with(size=1000, count=3):
    """Sums of ``count`` weights, one of them in float_data and one as small as a scalar."""
    weights = [numpy_helper.from_array(np.full(size, index, np.float32), f"w{index}") for index in range(count)]
    weights.append(helper.make_tensor("typed", TensorProto.FLOAT, [size], np.arange(size, dtype=np.float32)))
    weights.append(numpy_helper.from_array(np.float32(2), "scalar"))
    names = [weight.name for weight in weights]
    nodes = [helper.make_node("Sum", ["x", *names], ["y"])]
    graph = helper.make_graph(nodes, "sums", [INFO("x", 1, ["n", size])], [INFO("y", 1, ["n", size])], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


def run(path, size=1000):
    import onnxruntime

    return onnxruntime.InferenceSession(str(path)).run(None, {"x": np.ones((2, size), np.float32)})[0]


def test_the_header_of_a_graph(tmp_path):
    path = tmp_path / "model.onnx"
    model = graph_with()
    model.producer_name, model.producer_version = "skl2onnx", "1.20"
    helper.set_model_props(model, {"author": "me", "mlpack.verdict": "PASS"})
    ONNX.save(OnnxModel(graph=model), path)
    header = identify(path)[1]
    assert header.versions == {"skl2onnx": "1.20", "ONNX IR": "10"}
    assert header.opsets == {"": 21}
    assert header.operators == {"Sum": 1}
    assert header.parameters == 4 * 1000 + 1
    assert [str(spec) for spec in header.signature.inputs] == ["x: float32[n, 1000]"]
    assert [str(spec) for spec in header.signature.outputs] == ["y: float32[n, 1000]"]
    assert header.provenance == {"mlpack.verdict": "PASS"}
    assert header.notes == ("author: me",)
    assert header.findings == ()


def test_unnamed_dims_strings_and_initializers_among_the_inputs(tmp_path):
    path = tmp_path / "model.onnx"
    nodes = [helper.make_node("Identity", ["s"], ["t"]), helper.make_node("Add", ["x", "w"], ["y"])]
    weight = numpy_helper.from_array(np.ones(3, np.float32), "w")
    inputs = [INFO("s", TensorProto.STRING, [None, 1]), INFO("x", 1, [None, None, 3]), INFO("w", 1, [3])]
    outputs = [INFO("t", TensorProto.STRING, [None, 1]), INFO("y", 1, [None, None, 3])]
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("ai.onnx.ml", 5)]
    path.write_bytes(
        helper.make_model(
            helper.make_graph(nodes, "g", inputs, outputs, [weight]), opset_imports=opsets
        ).SerializeToString()
    )
    signature = identify(path)[1].signature
    assert [str(spec) for spec in signature.inputs] == ["s: string[batch, 1]", "x: float32[batch, x_dim_1, 3]"]
    assert identify(path)[1].opsets == {"": 21, "ai.onnx.ml": 5}


def test_operators_of_subgraphs_and_other_domains_are_counted(tmp_path):
    path = tmp_path / "model.onnx"
    branch = [
        helper.make_graph([helper.make_node(kind, ["x"], [f"{kind}_out"])], kind, [], [INFO(f"{kind}_out", 1, [None])])
        for kind in ("Relu", "Neg")
    ]
    nodes = [
        helper.make_node("If", ["c"], ["y"], then_branch=branch[0], else_branch=branch[1]),
        helper.make_node("Scaler", ["y"], ["z"], domain="ai.onnx.ml", scale=[1.0], offset=[0.0]),
    ]
    graph = helper.make_graph(nodes, "g", [INFO("c", 9, []), INFO("x", 1, [None])], [INFO("z", 1, [None])])
    path.write_bytes(helper.make_model(graph).SerializeToString())
    assert identify(path)[1].operators == {"If": 1, "Relu": 1, "Neg": 1, "ai.onnx.ml.Scaler": 1}


@pytest.fixture
def external(tmp_path):
    path = tmp_path / "model.onnx"
    save_graph(graph_with(), path, limit=1000)
    return path


def test_large_weights_go_into_one_aligned_file_beside(external):
    header = identify(external)[1]
    assert header.external_files == ("model.onnx.data",)
    assert header.parameters == 4001
    onnx.checker.check_model(str(external))
    offsets = [
        int(entry.value)
        for tensor in onnx.load(external, load_external_data=False).graph.initializer
        for entry in tensor.external_data
        if entry.key == "offset"
    ]
    assert len(offsets) == 4
    assert all(offset % 4096 == 0 for offset in offsets)
    np.testing.assert_array_equal(run(external), run_inline(external))


def run_inline(external):
    path = external.with_name("inline.onnx")
    path.write_bytes(graph_with().SerializeToString())
    return run(path)


def test_saving_leaves_the_graph_as_it_was(tmp_path):
    model = graph_with()
    before = model.SerializeToString(deterministic=True)
    save_graph(model, tmp_path / "model.onnx", limit=1000)
    assert model.SerializeToString(deterministic=True) == before


def test_a_copy_takes_the_data_along_under_its_own_name(external, tmp_path):
    (tmp_path / "there").mkdir()
    copy = tmp_path / "there" / "copy.onnx"
    ONNX.save(ONNX.load(external), copy)
    assert identify(copy)[1].external_files == ("copy.onnx.data",)
    expected = run(external)
    external.with_name("model.onnx.data").unlink()
    np.testing.assert_array_equal(run(copy), expected)


def test_external_data_of_many_files_becomes_one(tmp_path):
    path = tmp_path / "many.onnx"
    onnx.save(graph_with(), path, save_as_external_data=True, all_tensors_to_one_file=False, size_threshold=100)
    assert len(identify(path)[1].external_files) == 3
    copy = tmp_path / "one.onnx"
    ONNX.save(OnnxModel(path=path), copy)
    assert identify(copy)[1].external_files == ("one.onnx.data",)
    np.testing.assert_array_equal(run(copy), run(path))


def test_external_data_are_stamped_too(external):
    ONNX.stamp(external, {"mlpack.verdict": "PASS"})
    onnx.checker.check_model(str(external))
    assert identify(external)[1].provenance == {"mlpack.verdict": "PASS"}


def relocated(path, location):
    model = onnx.load(path, load_external_data=False)
    for tensor in model.graph.initializer:
        for entry in tensor.external_data:
            if entry.key == "location":
                entry.value = location
    path.write_bytes(model.SerializeToString())


@pytest.mark.parametrize("location", ["../secret", "/etc/passwd", "sub/data", "..", "", "a\\b", "x\0y", "y" * 5000])
def test_data_outside_of_the_folder_are_refused(location, external):
    relocated(external, location)
    with pytest.raises(UnsafeFileError):
        identify(external)
    with pytest.raises(UnsafeFileError):
        ONNX.load(external)
    with pytest.raises(UnsafeFileError):
        ONNX.save(OnnxModel(path=external), external.with_name("copy.onnx"))


def test_links_are_refused(external):
    data = external.with_name("model.onnx.data")
    data.rename(external.with_name("real"))
    data.symlink_to(external.with_name("real"))
    with pytest.raises(UnsafeFileError, match="refused"):
        identify(external)
    data.unlink()
    os.link(external.with_name("real"), data)
    with pytest.raises(UnsafeFileError, match="refused"):
        identify(external)


def test_missing_and_short_data_are_corrupt(external):
    data = external.with_name("model.onnx.data")
    os.truncate(data, 100)
    with pytest.raises(CorruptFileError, match="truncated"):
        identify(external)
    data.unlink()
    with pytest.raises(CorruptFileError, match="not whole"):
        identify(external)


def test_a_stamp_is_valid_and_replaces_the_one_before(tmp_path):
    path = tmp_path / "model.onnx"
    ONNX.save(OnnxModel(graph=graph_with()), path)
    whole = path.read_bytes()
    ONNX.stamp(path, {"mlpack.verdict": "FAIL", "mlpack.route": "a → b"})
    assert path.read_bytes().startswith(whole)
    ONNX.stamp(path, {"mlpack.verdict": "PASS"})
    onnx.checker.check_model(str(path))
    properties = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
    assert properties == {"mlpack.verdict": "PASS", "mlpack.route": "a → b"}


def test_a_graph_of_sklearn_reads_as_onnx_reads_it(tmp_path, model_of):
    from skl2onnx import to_onnx

    path = tmp_path / "model.onnx"
    model = to_onnx(model_of("sklearn"), np.zeros((1, 4), np.float32), options={"zipmap": False})
    path.write_bytes(model.SerializeToString())
    header = identify(path)[1]
    kinds = collections.Counter(f"{node.domain}.{node.op_type}".removeprefix(".") for node in model.graph.node)
    assert header.operators == kinds
    assert header.opsets == {entry.domain: entry.version for entry in model.opset_import}
