from __future__ import annotations

import json
import shutil

import grpc
import numpy as np
import pytest

from mlpack.runtime.coerce.oip import DTYPES, array_of_bytes, bytes_of_array, datatype_of
from mlpack.runtime.rpc import open_inference_pb2 as pb
from mlpack.runtime.rpc.oip import Infer
from mlpack.runtime.service.model import open_model

CODE = grpc.StatusCode


def raw_request(served, rows, **more):
    """``rows`` as the one input of the model, in raw contents."""
    spec = served.service.signature.inputs[0]
    array = np.asarray(rows, dtype=object if spec.dtype == "string" else spec.dtype)
    tensor = {"name": spec.name, "datatype": datatype_of(spec), "shape": array.shape}
    return pb.ModelInferRequest(
        model_name=served.service.manifest.name, inputs=[tensor], raw_input_contents=[bytes_of_array(array)], **more
    )


def tensors_of(response):
    """What tritonclient reads: raw contents in the order of the outputs."""
    pairs = zip(response.outputs, response.raw_output_contents, strict=True)
    return {tensor.name: array_of_bytes(raw, tensor.datatype, list(tensor.shape)) for tensor, raw in pairs}


def test_the_server_is_live_and_ready(logistic):
    assert logistic.oip("ServerLive", pb.ServerLiveRequest()).live
    assert logistic.oip("ServerReady", pb.ServerReadyRequest()).ready


def test_the_server_tells_what_it_is(logistic):
    told = logistic.oip("ServerMetadata", pb.ServerMetadataRequest())
    assert told.name == "mlpack"
    assert "model_configuration" in told.extensions


@pytest.mark.parametrize(
    ("name", "version", "ready"),
    [("rpc-logistic", "", True), ("rpc-logistic", "1", True), ("rpc-logistic", "2", False), ("other", "", False)],
)
def test_a_model_is_ready_if_it_is_the_one(logistic, name, version, ready):
    assert logistic.oip("ModelReady", pb.ModelReadyRequest(name=name, version=version)).ready is ready


def test_the_metadata_are_those_of_the_signature(logistic):
    told = logistic.oip("ModelMetadata", pb.ModelMetadataRequest(name="rpc-logistic"))
    assert (told.name, list(told.versions), told.platform) == ("rpc-logistic", ["1"], "onnxruntime_onnx")
    assert [(one.datatype, list(one.shape)) for one in told.inputs] == [("FP32", [-1, 30])]
    assert [(one.name, one.datatype, list(one.shape)) for one in told.outputs] == [
        ("label", "INT64", [-1]),
        ("probabilities", "FP32", [-1, 2]),
    ]


def test_what_triton_asks_beyond_the_protocol(logistic):
    config = logistic.oip("ModelConfig", pb.ModelConfigRequest(name="rpc-logistic")).config
    assert config.name == "rpc-logistic"
    assert (config.max_batch_size, config.input[0].data_type, list(config.input[0].dims)) == (
        20_000,
        pb.TYPE_FP32,
        [30],
    )
    assert [pb.DataType.Name(one.data_type) for one in config.output] == ["TYPE_INT64", "TYPE_FP32"]
    (entry,) = logistic.oip("RepositoryIndex", pb.RepositoryIndexRequest()).models
    assert (entry.name, entry.version, entry.state) == ("rpc-logistic", "1", "READY")


@pytest.mark.parametrize("rows", [1, 2, 50, 400])
def test_raw_contents_are_answered_raw(logistic, cancer, rows):
    data = cancer[0][:rows].astype(np.float32)
    response = logistic.infer(raw_request(logistic, data, id="42"))
    assert (response.model_name, response.model_version, response.id) == ("rpc-logistic", "1", "42")
    found = tensors_of(response)
    expected = logistic.service.model.session.run({"input": data})
    assert np.array_equal(found["label"], expected["label"])
    assert np.array_equal(found["probabilities"], expected["probabilities"])


def test_the_same_request_again_and_another_of_its_length(logistic, cancer):
    """The second and the third are not parsed whole; what they answer is their own."""
    session = logistic.service.model.session
    for row in (0, 0, 1, 2):
        data = cancer[0][row : row + 1].astype(np.float32)
        found = tensors_of(logistic.infer(raw_request(logistic, data)))
        assert np.array_equal(found["probabilities"], session.run({"input": data})["probabilities"])
    with pytest.raises(grpc.RpcError) as refused:
        logistic.infer(raw_request(logistic, np.full((1, 30), np.nan)))
    assert "input[0][0]" in refused.value.details()


def test_typed_contents_are_answered_typed(logistic, cancer):
    data = cancer[0][:3].astype(np.float32)
    request = pb.ModelInferRequest(model_name="rpc-logistic")
    tensor = request.inputs.add(name="input", datatype="FP32", shape=[3, 30])
    tensor.contents.fp32_contents.extend(data.ravel().tolist())
    response = logistic.infer(request)
    assert not response.raw_output_contents
    expected = logistic.service.model.session.run({"input": data})
    label, probabilities = response.outputs
    assert list(label.contents.int64_contents) == expected["label"].tolist()
    assert np.allclose(probabilities.contents.fp32_contents, expected["probabilities"].ravel(), rtol=1e-7)


def test_only_the_outputs_that_are_wanted_come_in_their_order(logistic, cancer):
    wanted = [{"name": "probabilities"}, {"name": "label"}]
    response = logistic.infer(raw_request(logistic, cancer[0][:1], outputs=wanted))
    assert [tensor.name for tensor in response.outputs] == ["probabilities", "label"]
    response = logistic.infer(raw_request(logistic, cancer[0][:1], outputs=wanted[:1]))
    assert list(tensors_of(response)) == ["probabilities"]


def test_no_rows_have_no_answers(logistic):
    found = tensors_of(logistic.infer(raw_request(logistic, np.zeros((0, 30)))))
    assert found["label"].shape == (0,)
    assert found["probabilities"].shape == (0, 2)


def test_texts_go_both_ways(flower_service, flowers, flower_model):
    rows, _ = flowers
    specs = flower_service.service.signature.inputs
    raw, typed = (pb.ModelInferRequest(model_name="rpc-flowers") for _ in range(2))
    for spec in specs:
        column = rows[spec.name].to_numpy()[:, None]
        array = column.astype(object if spec.dtype == "string" else spec.dtype)
        raw.inputs.add(name=spec.name, datatype=datatype_of(spec), shape=array.shape)
        raw.raw_input_contents.append(bytes_of_array(array))
        contents = typed.inputs.add(name=spec.name, datatype=datatype_of(spec), shape=array.shape).contents
        if spec.dtype == "string":
            contents.bytes_contents.extend([text.encode() for text in array.ravel()])
        else:
            field = contents.fp32_contents if spec.dtype == "float32" else contents.fp64_contents
            field.extend(array.ravel().tolist())
    labels = flower_model.predict(rows)
    assert tensors_of(flower_service.infer(raw))["label"].tolist() == labels.tolist()
    label = flower_service.infer(typed).outputs[0]
    assert label.datatype == "BYTES"
    assert [text.decode() for text in label.contents.bytes_contents] == labels.tolist()


def changed(request, **fields):
    """``request`` with its first input changed."""
    for name, value in fields.items():
        if name in {"shape", "raw"}:
            target = request.inputs[0].shape if name == "shape" else request.raw_input_contents
            del target[:]
            target.extend(value)
        else:
            setattr(request.inputs[0], name, value)
    return request


@pytest.mark.parametrize(
    ("fields", "code", "reason"),
    [
        ({"name": "x"}, CODE.INVALID_ARGUMENT, "there is no input 'x'"),
        ({"datatype": "FP64"}, CODE.INVALID_ARGUMENT, "has 120 bytes, and 240 go into [1, 30] of FP64"),
        ({"datatype": "INT32"}, CODE.INVALID_ARGUMENT, "INT32, and the model takes FP32"),
        ({"datatype": "FLOAT"}, CODE.INVALID_ARGUMENT, "'FLOAT', and not one of BOOL"),
        ({"shape": [30]}, CODE.INVALID_ARGUMENT, "[30], and the model takes [batch, 30]"),
        ({"shape": [2, 15]}, CODE.INVALID_ARGUMENT, "[2, 15], and the model takes [batch, 30]"),
        ({"shape": [-1, 30]}, CODE.INVALID_ARGUMENT, "has a shape that no array has"),
        ({"shape": [1 << 62, 4]}, CODE.INVALID_ARGUMENT, "has a shape that no array has"),
        ({"raw": [b"\0" * 119]}, CODE.INVALID_ARGUMENT, "has 119 bytes"),
        ({"raw": [b"\0" * 120, b""]}, CODE.INVALID_ARGUMENT, "there are 1 inputs, and raw contents for 2"),
        ({"raw": [b"\0\0\xc0\x7f" * 30]}, CODE.INVALID_ARGUMENT, "input[0][0]"),
        ({"raw": [b"\0\0\x80\x7f" * 30]}, CODE.INVALID_ARGUMENT, "input[0][0]"),
    ],
)
def test_what_the_model_does_not_take_is_refused(logistic, cancer, fields, code, reason):
    with pytest.raises(grpc.RpcError) as refused:
        logistic.infer(changed(raw_request(logistic, cancer[0][:1]), **fields))
    assert refused.value.code() is code
    assert reason in refused.value.details()


def test_other_models_versions_and_outputs_are_unknown(logistic, cancer):
    request = raw_request(logistic, cancer[0][:1])
    request.model_name = "other"
    with pytest.raises(grpc.RpcError) as refused:
        logistic.infer(request)
    assert refused.value.code() is CODE.NOT_FOUND
    request = raw_request(logistic, cancer[0][:1], model_version="7")
    with pytest.raises(grpc.RpcError) as refused:
        logistic.infer(request)
    assert refused.value.code() is CODE.NOT_FOUND
    with pytest.raises(grpc.RpcError) as refused:
        logistic.infer(raw_request(logistic, cancer[0][:1], outputs=[{"name": "scores"}]))
    assert "there is no output 'scores'; there are label, probabilities" in refused.value.details()


def test_contents_that_contradict_themselves_are_refused(logistic, cancer):
    both = raw_request(logistic, cancer[0][:1])
    both.inputs[0].contents.fp32_contents.append(1)
    twice = raw_request(logistic, cancer[0][:1])
    twice.inputs.append(twice.inputs[0])
    twice.raw_input_contents.append(twice.raw_input_contents[0])
    elsewhere = pb.ModelInferRequest(model_name="rpc-logistic")
    elsewhere.inputs.add(name="input", datatype="FP32", shape=[1, 30]).contents.fp64_contents.extend([0.0] * 30)
    shared = pb.ModelInferRequest(model_name="rpc-logistic")
    shared.inputs.add(name="input", datatype="FP32", shape=[1, 30]).parameters[
        "shared_memory_region"
    ].string_param = "a"
    half = pb.ModelInferRequest(
        model_name="rpc-logistic", inputs=[{"name": "input", "datatype": "FP16", "shape": [1, 30]}]
    )
    for request, reason in (
        (both, "has contents, and there are raw contents too"),
        (twice, "is there twice"),
        (elsewhere, "is of FP32, and has fp64_contents"),
        (shared, "is in shared memory"),
        (half, "goes as raw contents"),
        (pb.ModelInferRequest(model_name="rpc-logistic"), "the input 'input' is missing"),
    ):
        with pytest.raises(grpc.RpcError) as refused:
            logistic.infer(request)
        assert refused.value.code() is CODE.INVALID_ARGUMENT
        assert reason in refused.value.details()


def test_every_datatype_has_a_name_in_tritons_configuration():
    assert {f"TYPE_{'STRING' if name == 'BYTES' else name}" for name in DTYPES} <= set(pb.DataType.keys())


def test_a_costly_model_answers_from_its_thread(cancer, serve, costly, costly_bundle):
    with serve(costly_bundle) as served:
        assert served.service.inline_rows == 0
        found = tensors_of(served.infer(raw_request(served, cancer[0][:5] / 1000)))
        assert np.abs(found["probabilities"] - costly.predict_proba(cancer[0][:5] / 1000)).max() < 1e-4


@pytest.mark.parametrize("name", ["another", "rpc-costly"])
def test_an_answer_names_the_model_that_was_served_when_its_request_came(cancer, serve, costly_bundle, tmp_path, name):
    newer = tmp_path / "newer.mlpack"
    shutil.copytree(costly_bundle, newer)
    document = json.loads((newer / "mlpack.json").read_text())
    version = document["version"] if name == "another" else "2"
    (newer / "mlpack.json").write_text(json.dumps(document | {"name": name, "version": version}))
    with serve(costly_bundle) as served:
        service, infer = served.service, Infer(served.service)
        request = raw_request(served, cancer[0][:5] / 1000)
        feed, rows, asked = infer.read(request.SerializeToString())
        outputs = service.model.session.run(feed)
        old, model = service.model, open_model(newer, service.settings)

        async def take_over():
            service.replace(model).close()

        served.on_loop(take_over())
        late = pb.ModelInferResponse.FromString(infer.write(outputs, rows, asked))
        assert (late.model_name, late.model_version) == ("rpc-costly", document["version"])
        request.model_name, request.model_version = name, ""
        feed, rows, asked = infer.read(request.SerializeToString())
        now = pb.ModelInferResponse.FromString(infer.write(outputs, rows, asked))
        assert (now.model_name, now.model_version) == (name, version)
        old.close()
