"""Triton's model repository, held against Triton's own message and against the model itself.

No Triton can be installed here: what its server adds to that (its backends, its batching) is not tried.
"""

import json

import numpy as np
import onnxruntime
import pytest
import torch
from clients.examples import cancer, customers, packed
from scaffold.export.bundles import configs, identity, written

import mlpack
from mlpack.core.errors import NoRouteError
from mlpack.runtime.coerce.oip import DTYPES
from mlpack.runtime.manifest import read_manifest
from mlpack.runtime.service.golden import read_golden
from mlpack.scaffold.export.command import export_files

TYPES = {
    "TYPE_FP32": "tensor(float)", "TYPE_FP64": "tensor(double)", "TYPE_INT64": "tensor(int64)", "TYPE_STRING": "tensor(string)",
    "TYPE_BOOL": "tensor(bool)", "TYPE_UINT8": "tensor(uint8)",
}  # fmt: skip


@pytest.fixture(scope="module", params=[cancer, customers], ids=["numbers", "texts"])
def example(request, shelf):
    return packed(shelf, request.param.__name__, request.param)


@pytest.fixture
def repository(example, tmp_path):
    return written(export_files(example.manifest, "triton"), tmp_path / "repository")


def seen_by_clients(config, tensor, declared):
    """The shape that Triton expects of the model, by its rules: the batch first, and the shape after a reshape."""
    dims = tensor["reshape"].get("shape", []) if "reshape" in tensor else tensor["dims"]
    sizes = [int(size) for size in dims]
    assert len(declared) == len(sizes) + (config.get("max_batch_size", 0) > 0)
    return [-1, *sizes] if config.get("max_batch_size", 0) > 0 else sizes


def test_the_configuration_is_that_of_the_graph(example, repository):
    name = example.name
    (config,) = configs(repository / name / "config.pbtxt")
    assert (config["name"], config["backend"], config["platform"]) == (name, "onnxruntime", "onnxruntime_onnx")
    session = onnxruntime.InferenceSession(repository / name / "1" / config["default_model_filename"])
    assert config["max_batch_size"] > 0
    assert config["dynamic_batching"] == {}
    for kind, nodes in (("input", session.get_inputs()), ("output", session.get_outputs())):
        assert [one["name"] for one in config[kind]] == [node.name for node in nodes]
        assert [TYPES[one["data_type"]] for one in config[kind]] == [node.type for node in nodes]
        for one, node in zip(config[kind], nodes, strict=True):
            declared = [size if isinstance(size, int) else -1 for size in node.shape]
            assert seen_by_clients(config, one, node.shape) == declared


def test_the_classes_are_in_a_file(example, repository):
    (config,) = configs(repository / example.name / "config.pbtxt")
    (labelled,) = [one for one in config["output"] if "label_filename" in one]
    lines = (repository / example.name / labelled["label_filename"]).read_text().splitlines()
    assert labelled["name"] == "probabilities"
    assert lines == [str(one) for one in example.estimator.classes_]
    assert len(lines) == int(labelled["dims"][-1])


def test_the_example_is_what_clients_of_triton_send(example, repository):
    """Its tensors in the shapes that Triton takes; brought into the model's, they get the golden answer."""
    (config,) = configs(repository / example.name / "config.pbtxt")
    request = json.loads((repository / example.name / ".." / "example.json").read_text())
    tensors = {one["name"]: one for one in request["inputs"]}
    feed = {}
    for one in config["input"]:
        sent = tensors.pop(one["name"])
        assert sent["shape"] == [1, *map(int, one["dims"])]
        assert one["data_type"] == ("TYPE_STRING" if sent["datatype"] == "BYTES" else f"TYPE_{sent['datatype']}")
        dtype = object if sent["datatype"] == "BYTES" else DTYPES[sent["datatype"]]
        shape = [1, *map(int, one["reshape"].get("shape", []) if "reshape" in one else one["dims"])]
        feed[one["name"]] = np.array(sent["data"], dtype).reshape(shape)
    assert not tensors
    session = onnxruntime.InferenceSession(repository / example.name / "1" / "model.onnx")
    names = [node.name for node in session.get_outputs()]
    answers = dict(zip(names, session.run(None, feed), strict=True))
    golden = read_golden(example.bundle, example.manifest.signature)
    (row,) = [
        row for row in range(golden.rows)
        if all(np.array_equal(array[row : row + 1], feed[name]) for name, array in golden.inputs.items())
    ][:1]  # fmt: skip
    assert answers["label"].tolist() == golden.outputs["label"][row : row + 1].tolist()
    np.testing.assert_allclose(answers["probabilities"], golden.outputs["probabilities"][row : row + 1], rtol=1e-4)


def test_any_name_and_dtype(tmp_path):
    specs = [
        ('a "quoted" name', "float32", ("batch", 3)),
        ("größe\n", "string", ("batch", 2)),
        ("flag", "bool", ("batch",)),
        ("image", "uint8", ("batch", "height", "width", 3)),
        ("exact", "float64", ("batch", 1)),
    ]
    manifest = identity(specs, tmp_path / "all.mlpack", "all-1.x_y")
    folder = written(export_files(manifest, "triton"), tmp_path / "repository")
    (config,) = configs(folder / "all-1.x_y" / "config.pbtxt")
    assert [one["name"] for one in config["input"]] == [name for name, _, _ in specs]
    assert [one["name"] for one in config["output"]] == [f"out {name}" for name, _, _ in specs]
    assert [one["dims"] for one in config["input"]] == [["3"], ["2"], ["1"], ["-1", "-1", "3"], ["1"]]
    assert [one.get("reshape") for one in config["input"]] == [None, None, {}, None, None]
    session = onnxruntime.InferenceSession(folder / "all-1.x_y" / "1" / "model.onnx")
    for one, node in zip(config["input"], session.get_inputs(), strict=True):
        assert TYPES[one["data_type"]] == node.type
    assert '"out flag"' in (folder / "README.md").read_text()


@pytest.mark.parametrize("shape", [(3,), (2, "time")], ids=str)
def test_a_model_without_a_batch_axis_is_not_batched(tmp_path, shape):
    manifest = identity([("rows", "float32", ("batch", 2)), ("fixed", "float32", shape)], tmp_path / "fixed.mlpack")
    folder = written(export_files(manifest, "triton"), tmp_path / "repository")
    (config,) = configs(folder / "model" / "config.pbtxt")
    assert "max_batch_size" not in config
    assert "dynamic_batching" not in config
    sizes = [str(size) if isinstance(size, int) else "-1" for size in shape]
    assert [one["dims"] for one in config["input"]] == [["-1", "2"], sizes]
    assert not any("reshape" in one for one in config["input"])


def test_a_graph_that_fixes_its_batch_is_not_batched(tmp_path):
    manifest = identity([("rows", "float32", (1, 2))], tmp_path / "one.mlpack")
    folder = written(export_files(manifest, "triton"), tmp_path / "repository")
    (config,) = configs(folder / "model" / "config.pbtxt")
    assert "max_batch_size" not in config
    assert config["input"][0]["dims"] == ["1", "2"]


@pytest.fixture(scope="module")
def torchscript(shelf):
    class Two(torch.nn.Module):
        def forward(self, left: torch.Tensor, right__side: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            return left * 2 - right__side, right__side.sum(1)

    path, bundle = shelf / "two.pt", shelf / "two.mlpack"
    torch.jit.script(Two()).save(str(path))
    rows = np.random.default_rng(0).normal(size=(8, 3)).astype("float32")
    mlpack.pack(path, bundle, data={"left": rows, "right__side": rows[::-1].copy()}, format="torchscript", budget=3)
    return read_manifest(bundle)


def test_torchscript_is_told_by_places(torchscript, tmp_path):
    folder = written(export_files(torchscript, "triton"), tmp_path / "repository")
    (config,) = configs(folder / "two" / "config.pbtxt")
    assert (config["backend"], config["platform"]) == ("pytorch", "pytorch_libtorch")
    assert config["default_model_filename"] == "model.pt"
    names = [one["name"] for kind in ("input", "output") for one in config[kind]]
    stems, places = zip(*(name.split("__") for name in names), strict=True)
    assert places == ("0", "1", "0", "1")
    assert all(stems)
    request = json.loads((folder / "example.json").read_text())
    assert [one["name"] for one in request["inputs"]] == [one["name"] for one in config["input"]]
    module = torch.jit.load(str(folder / "two" / "1" / "model.pt"))
    given = [torch.tensor(one["data"], dtype=torch.float32).reshape(one["shape"]) for one in request["inputs"]]
    first, second = module(*given)
    assert config["output"][0]["dims"] in (["3"], ["-1"])
    assert list(first.shape) == [1, 3]
    assert (list(second.shape), config["output"][1]["dims"], config["output"][1]["reshape"]) == ([1], ["1"], {})
    readme = (folder / "README.md").read_text()
    assert all(name in readme for name in names)


def test_weights_beside_the_graph_come_along(tmp_path):
    import onnx
    from scaffold.cases import LIST, bundle_of

    from mlpack.core.model_file import sha256_of

    value, wide = onnx.helper.make_tensor_value_info, np.ones((3, 700), "float32")
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("MatMul", ["input", "w"], ["label"])], "g",
        [value("input", onnx.TensorProto.FLOAT, ["batch", 3])], [value("label", onnx.TensorProto.FLOAT, ["batch", 700])],
        [onnx.numpy_helper.from_array(wide, "w")],
    )  # fmt: skip
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)], ir_version=8)
    folder = bundle_of(LIST, tmp_path / "wide.mlpack").folder
    onnx.save(model, folder / "model.onnx", save_as_external_data=True, location="model.onnx.data")
    document = json.loads((folder / "mlpack.json").read_text())
    names = ["model.onnx", "model.onnx.data"]
    listed = [{"path": name, "sha256": sha256_of(folder / name), "size": 1} for name in names]
    document["files"] = [*(one for one in document["files"] if one["path"] not in names), *listed]
    document["model"]["sha256"] = listed[0]["sha256"]
    document["signature"]["outputs"] = [{"name": "label", "dtype": "float32", "shape": ["batch", 700]}]
    (folder / "mlpack.json").write_text(json.dumps(document))
    out = written(export_files(read_manifest(folder), "triton"), tmp_path / "repository")
    session = onnxruntime.InferenceSession(out / "model" / "1" / "model.onnx")
    assert session.run(None, {"input": np.ones((1, 3), "float32")})[0].tolist() == [[3.0] * 700]


def test_what_triton_has_no_backend_for_names_the_nearest_way(shelf, cancer, tmp_path):
    import joblib
    from sklearn.linear_model import LogisticRegression

    joblib.dump(LogisticRegression(max_iter=5000).fit(*cancer), shelf / "plain.joblib")
    mlpack.pack(shelf / "plain.joblib", shelf / "plain.mlpack", format="native", budget=3)
    with pytest.raises(NoRouteError) as caught:
        mlpack.scaffold(shelf / "plain.mlpack", tmp_path / "repository", export="triton")
    assert "--format onnx" in caught.value.hint
    assert "plain.joblib" in caught.value.hint
    assert not (tmp_path / "repository").exists()


def test_a_graph_that_answers_with_maps_has_no_way(tmp_path):
    import onnx
    from scaffold.cases import LIST, bundle_of

    value = onnx.helper.make_tensor_value_info
    maps = onnx.helper.make_value_info(
        "label",
        onnx.helper.make_sequence_type_proto(
            onnx.helper.make_map_type_proto(
                onnx.TensorProto.INT64, onnx.helper.make_tensor_type_proto(onnx.TensorProto.FLOAT, None)
            )
        ),
    )
    node = onnx.helper.make_node("ZipMap", ["input"], ["label"], domain="ai.onnx.ml", classlabels_int64s=[0, 1, 2])
    graph = onnx.helper.make_graph([node], "g", [value("input", onnx.TensorProto.FLOAT, ["batch", 3])], [maps])
    opsets = [onnx.helper.make_opsetid("", 17), onnx.helper.make_opsetid("ai.onnx.ml", 3)]
    model = onnx.helper.make_model(graph, opset_imports=opsets, ir_version=8)
    manifest = bundle_of(LIST, tmp_path / "maps.mlpack", model=model.SerializeToString())
    with pytest.raises(NoRouteError, match="no tensor"):
        export_files(manifest, "triton")
