from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from google.protobuf import descriptor_pb2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlpack.core.errors import MlpackError
from mlpack.runtime.rpc.outline import outline_of
from mlpack.runtime.signature import Signature, TensorSpec
from mlpack.scaffold.proto import compile_proto, context, run_protoc
from mlpack.scaffold.templates import render

CLASSES = ("setosa", "versicolor")
OUTPUTS = (
    TensorSpec("label", "string", ("batch",), "label"),
    TensorSpec("probabilities", "float32", ("batch", 2), "probabilities"),
)
NAMED = Signature(
    (
        TensorSpec("age", "float64", ("batch", 1)),
        TensorSpec("class", "string", ("batch", 1)),
        TensorSpec("Visits (per year)", "int64", ("batch", 1)),
    ),
    OUTPUTS,
    categories={"class": ("first", 'sec"ond\n')},
    classes={"label": CLASSES, "probabilities": CLASSES},
    missing=("age",),
    closed=("class",),
    ranges={"Visits (per year)": (0, 365)},
)


def proto_of(signature, name="iris"):
    return render("service/model.proto.j2", context(signature, name))


def compiled(signature, name="iris"):
    """The FileDescriptorProto that protoc makes of it."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        proto, target = Path(folder, "model.proto"), Path(folder, "model.set")
        proto.write_text(proto_of(signature, name), encoding="utf-8")
        run_protoc([f"-I{folder}", f"--descriptor_set_out={target}", str(proto)])
        return descriptor_pb2.FileDescriptorSet.FromString(target.read_bytes()).file[0]


def fields_of(file, message):
    kind = next(kind for kind in file.message_type if kind.name == message)
    return [(field.name, field.number, field.json_name) for field in kind.field]


def test_a_record_is_told_field_by_field():
    text = proto_of(NAMED)
    for line in (
        "package mlpack.iris;",
        "service Iris {",
        "  rpc Predict(PredictRequest) returns (PredictResponse);",
        '  // "age": float64; may be missing',
        "  optional double age = 1;",
        '  // "class": string; one of "first", "sec\\"ond\\n"',
        "  optional string class_ = 2;",
        '  // "Visits (per year)": int64; at least 0; at most 365',
        '  optional int64 visits_per_year = 3 [json_name = "Visits (per year)"];',
        '  // "label": string; one of "setosa", "versicolor"',
        "  optional string label = 1;",
        "  map<string, double> probabilities = 2;",
    ):
        assert f"{line}\n" in text


def test_it_is_the_same_whenever_it_is_rendered():
    assert proto_of(NAMED) == proto_of(Signature.from_json(NAMED.to_json()))


@pytest.mark.parametrize(
    ("signature", "lines"),
    [
        (
            Signature((TensorSpec("x", "float32", ("batch", 30)),), (TensorSpec("y", "float32", ("batch",)),)),
            ["  repeated Instance instances = 1;", "  repeated double values = 1;", "  optional float y = 1;"],
        ),
        (
            Signature((TensorSpec("text", "string", ("batch",)),), (TensorSpec("n", "int64", ("batch",), "label"),)),
            ["  repeated string instances = 1;", "  optional int64 n = 1;"],
        ),
        (
            Signature(
                (TensorSpec("image", "float32", ("batch", 28, 28)), TensorSpec("ids", "int32", ("batch", "time"))),
                (TensorSpec("mask", "bool", ("batch", 28, 28)), TensorSpec("scores", "float64", ("batch", 10))),
            ),
            [
                '  // "image": float32; [batch, 28, 28]',
                "  FloatTensor image = 1;",
                "  Int32Tensor ids = 2;",
                "  BoolTensor mask = 1;",
                "  repeated double scores = 2;",
                "message FloatTensor {",
                "  repeated bool values = 2;",
            ],
        ),
        (
            Signature((TensorSpec("id", "uint64", ("batch", 1)), TensorSpec("on", "bool", ("batch", 1))), OUTPUTS),
            ["  optional uint64 id = 1;", "  optional bool on = 2;"],
        ),
    ],
)
def test_every_layout_has_its_messages(signature, lines):
    text = proto_of(signature)
    compiled(signature)
    for line in lines:
        assert f"{line}\n" in text


@pytest.mark.parametrize(
    "name", ["iris", "Instance", "predict-request", "3d", "float-tensor", "mlpack", "google", "class"]
)
def test_any_name_of_a_bundle_is_one_of_a_service(name):
    file = compiled(NAMED, name)
    outline = outline_of(NAMED, name)
    assert [service.name for service in file.service] == [outline.service]
    assert f"{file.package}.{file.service[0].name}" == outline.full_name


def test_numbers_that_protobuf_keeps_are_left_out():
    columns = tuple(f"c{place}" for place in range(19_010))
    spec = TensorSpec("x", "float32", ("batch", len(columns)))
    numbers = [number for _, number, _ in fields_of(compiled(Signature((spec,), OUTPUTS, {"x": columns})), "Instance")]
    assert numbers[:2] == [1, 2]
    assert numbers[18_997:19_000] == [18_998, 18_999, 20_000]


ODD = st.text(max_size=12) | st.sampled_from(
    ["class", "from", "str", "values", "shape", "a b", "a_b", "aB", "1", "self"]
)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(ODD, min_size=1, max_size=8, unique=True), st.lists(ODD, min_size=1, max_size=4, unique=True), st.data()
)
def test_any_columns_categories_and_outputs_compile_and_map_back(columns, outputs, data):
    known = data.draw(st.dictionaries(st.sampled_from(columns), st.lists(st.text(max_size=8), min_size=1, max_size=3)))
    signature = Signature(
        tuple(TensorSpec(name, "string", ("batch", 1)) for name in columns),
        tuple(TensorSpec(name, "float32", ("batch", 2)) for name in outputs),
        categories={name: tuple(values) for name, values in known.items()},
    )
    outline = outline_of(signature, "odd")
    file = compiled(signature, "odd")
    told = [("Prediction", outline.prediction, outputs)]
    if outline.layout.kind == "records":
        told.append(("Instance", outline.instance, columns))
    elif outline.layout.kind == "tensors":
        told.append(("PredictRequest", outline.request, columns))
    for message, members, names in told:
        assert [member.own for member in members] == names
        assert fields_of(file, message) == [(member.name, member.number, member.json) for member in members]


def test_the_stubs_are_python_that_speaks(tmp_path):
    (tmp_path / "model.proto").write_text(proto_of(NAMED), encoding="utf-8")
    compile_proto(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "model.proto",
        "model_pb2.py",
        "model_pb2.pyi",
        "model_pb2_grpc.py",
    ]
    ast.parse((tmp_path / "model_pb2.pyi").read_text())
    code = """
import model_pb2, model_pb2_grpc
request = model_pb2.PredictRequest(instances=[model_pb2.Instance(age=3, class_="first", visits_per_year=2)])
assert model_pb2_grpc.IrisStub
print(model_pb2.PredictRequest.FromString(request.SerializeToString()).instances[0].class_)
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert ended.stdout == "first\n"


def test_a_proto_that_is_none_is_an_error(tmp_path):
    (tmp_path / "model.proto").write_text("no proto")
    with pytest.raises(MlpackError) as refusal:
        compile_proto(tmp_path)
    assert "model.proto:1" in refusal.value.why


def test_a_process_with_other_protobufs_in_it_lives(tmp_path):
    """TensorFlow, torch and onnx bring their own: protoc in the same process crashed it."""
    (tmp_path / "model.proto").write_text(proto_of(NAMED))
    code = "import tensorflow, torch, onnx; from mlpack.scaffold.proto import compile_proto; from pathlib import Path; "
    subprocess.run([sys.executable, "-c", f"{code}compile_proto(Path({str(tmp_path)!r}))"], check=True)
    assert (tmp_path / "model_pb2.py").is_file()


@settings(deadline=None, max_examples=30)
@given(st.lists(ODD, min_size=1, max_size=8, unique=True))
def test_the_stubs_of_any_columns_are_python(columns):
    import tempfile

    signature = Signature(tuple(TensorSpec(name, "float32", ("batch", 1)) for name in columns), OUTPUTS)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "model.proto").write_text(proto_of(signature), encoding="utf-8")
        compile_proto(Path(folder))
        ast.parse(Path(folder, "model_pb2.pyi").read_text(encoding="utf-8"))
