"""The Open Inference Protocol over a real socket."""

from __future__ import annotations

import json
import struct
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier

import mlpack

INFER = "/v2/models/{}/infer"
ROW = [5.1, 3.5, 1.4, 0.2]
INPUT = {"name": "input", "shape": [1, 4], "datatype": "FP32", "data": ROW}


def infer(running, document: Any, tail: bytes | None = None, **headers: str):
    text = document if isinstance(document, bytes) else json.dumps(document).encode()
    if tail is not None:
        headers["inference-header-content-length"] = str(len(text))
    name = running.service.manifest.name
    return running.client.post(INFER.format(name), content=text + (tail or b""), headers=headers)


def error_of(answered) -> tuple[int, str]:
    assert list(answered.json()) == ["error"]
    return answered.status_code, answered.json()["error"]


def binary(name: str, datatype: str, array: np.ndarray, size: int | None = None) -> dict[str, Any]:
    size = array.nbytes if size is None else size
    return {"name": name, "shape": list(array.shape), "datatype": datatype, "parameters": {"binary_data_size": size}}


def twice(parameters: dict[str, Any]) -> bytes:
    """A request whose data are there twice, in an input with ``parameters``."""
    text = json.dumps({"inputs": [INPUT | {"parameters": parameters}]})
    return text.replace('"name"', '"data": [0, 0, 0, 0], "name"').encode()


def raw_outputs(answered) -> tuple[dict[str, Any], bytes]:
    assert answered.status_code == 200, answered.text
    assert answered.headers["content-type"] == "application/octet-stream"
    length = int(answered.headers["inference-header-content-length"])
    return json.loads(answered.content[:length]), answered.content[length:]


def test_the_server_and_the_model_tell_what_they_are(flowers) -> None:
    get = flowers.client.get
    assert get("/v2").json() == {
        "name": "mlpack",
        "version": "1",
        "extensions": ["binary_tensor_data", "model_configuration"],
    }
    assert get("/v2/health/live").json() == {"live": True}
    assert get("/v2/health/ready").json() == {"ready": True}
    for path in ("/v2/models/flowers", "/v2/models/flowers/versions/1"):
        assert get(f"{path}/ready").json() == {"name": "flowers", "ready": True}
        assert get(path).json() == {
            "name": "flowers",
            "versions": ["1"],
            "platform": "onnxruntime_onnx",
            "inputs": [{"name": "input", "datatype": "FP32", "shape": [-1, 4]}],
            "outputs": [
                {"name": "label", "datatype": "BYTES", "shape": [-1]},
                {"name": "probabilities", "datatype": "FP32", "shape": [-1, 3]},
            ],
        }
        assert get(f"{path}/config").json() == {
            "name": "flowers",
            "platform": "onnxruntime_onnx",
            "backend": "mlpack",
            "max_batch_size": 20_000,
            "input": [{"name": "input", "data_type": "TYPE_FP32", "dims": [4]}],
            "output": [
                {"name": "label", "data_type": "TYPE_STRING", "dims": []},
                {"name": "probabilities", "data_type": "TYPE_FP32", "dims": [3]},
            ],
        }
    index = flowers.client.post("/v2/repository/index")
    assert index.json() == [{"name": "flowers", "version": "1", "state": "READY", "reason": ""}]


@pytest.mark.parametrize(
    "path",
    [
        "/v2/models/other",
        "/v2/models/other/ready",
        "/v2/models/other/config",
        "/v2/models/flowers/versions/2",
        "/v2/models/flowers/versions/2/ready",
    ],
)
def test_another_model_or_version_is_404(flowers, path) -> None:
    status, message = error_of(flowers.client.get(path))
    assert status == 404
    assert "here" in message


@pytest.mark.parametrize("path", ["/v2/models/other/infer", "/v2/models/flowers/versions/2/infer"])
def test_nothing_is_inferred_from_another_model_or_version(flowers, path) -> None:
    assert error_of(flowers.client.post(path, json={"inputs": [INPUT]}))[0] == 404


@pytest.mark.parametrize("data", [ROW, [ROW]], ids=["flat", "nested"])
def test_values_as_json(flowers, data) -> None:
    answered = infer(flowers, {"id": "a-7", "inputs": [INPUT | {"data": data}]})
    assert answered.status_code == 200, answered.text
    document = answered.json()
    assert (document["model_name"], document["model_version"], document["id"]) == ("flowers", "1", "a-7")
    label, probabilities = document["outputs"]
    assert label == {"name": "label", "datatype": "BYTES", "shape": [1], "data": ["setosa"]}
    expected = flowers.service.model.session.run({"input": np.array([ROW], np.float32)})["probabilities"]
    assert probabilities["shape"] == [1, 3]
    assert np.array_equal(np.array(probabilities["data"], np.float32), expected.ravel())


def test_a_request_without_an_id_gets_none_and_the_version_may_be_in_the_path(flowers) -> None:
    answered = flowers.client.post("/v2/models/flowers/versions/1/infer", json={"inputs": [INPUT]})
    assert "id" not in answered.json()


def test_only_the_outputs_that_are_wanted_come_in_the_order_they_were_named(flowers) -> None:
    for wanted in (["probabilities"], ["probabilities", "label"]):
        answered = infer(flowers, {"inputs": [INPUT], "outputs": [{"name": name} for name in wanted]})
        assert [output["name"] for output in answered.json()["outputs"]] == wanted


def test_no_content_type_is_needed(flowers) -> None:
    request = flowers.client.build_request("POST", "/v2/models/flowers/infer", content=json.dumps({"inputs": [INPUT]}))
    assert "content-type" not in request.headers
    assert flowers.client.send(request).status_code == 200


def test_values_as_bytes_both_ways(flowers) -> None:
    row = np.array([ROW, ROW], "<f4")
    document = {"inputs": [binary("input", "FP32", row)], "parameters": {"binary_data_output": True}}
    for _ in range(2):  # the second answer's head is remembered
        told, raw = raw_outputs(infer(flowers, document, row.tobytes()))
        sizes = [output["parameters"]["binary_data_size"] for output in told["outputs"]]
        assert sizes == [20, 24]
        assert raw[:20] == (struct.pack("<I", 6) + b"setosa") * 2
        expected = flowers.service.model.session.run({"input": row})["probabilities"]
        assert np.array_equal(np.frombuffer(raw[20:], "<f4").reshape(2, 3), expected)


def test_bytes_are_asked_for_output_by_output(flowers) -> None:
    outputs = [{"name": "label"}, {"name": "probabilities", "parameters": {"binary_data": True}}]
    told, raw = raw_outputs(infer(flowers, {"id": "7", "inputs": [INPUT], "outputs": outputs}))
    assert told["id"] == "7"
    assert told["outputs"][0]["data"] == ["setosa"]
    assert told["outputs"][1] == {
        "name": "probabilities",
        "datatype": "FP32",
        "shape": [1, 3],
        "parameters": {"binary_data_size": 12},
    }
    assert len(raw) == 12
    plain = [{"name": "label", "parameters": {"binary_data": False}}]
    answered = infer(flowers, {"inputs": [INPUT], "outputs": plain, "parameters": {"binary_data_output": True}})
    assert answered.json()["outputs"][0]["data"] == ["setosa"]


def test_several_inputs_some_as_bytes_and_in_any_order(pair) -> None:
    scores, ids = np.array([[1.5, -2.5]]), np.array([[3, -4, 5]])
    document = {
        "inputs": [
            binary("scores", "FP64", scores),
            {"name": "ids", "shape": [1, 3], "datatype": "INT64", "data": [3, -4, 5]},
        ]
    }
    mixed = infer(pair, document, scores.tobytes()).json()["outputs"]
    both = {"inputs": [binary("scores", "FP64", scores), binary("ids", "INT64", ids)]}
    assert infer(pair, both, scores.tobytes() + ids.tobytes()).json()["outputs"] == mixed
    assert [output["data"] for output in mixed] == [[3, 4, 5], [3.0, -5.0]]


def test_texts_and_missing_values(mixed) -> None:
    def ask(city: dict[str, Any], income: list[Any], tail: bytes | None = None):
        inputs = [
            {"name": "city: home", "shape": [2, 1], "datatype": "BYTES", **city},
            {"name": "age", "shape": [2, 1], "datatype": "FP64", "data": [20, 70]},
            {"name": "income", "shape": [2, 1], "datatype": "FP64", "data": income},
        ]
        return infer(mixed, {"inputs": inputs}, tail)

    raw = b"".join(struct.pack("<I", len(city.encode())) + city.encode() for city in ("Oslo", "Tromsø"))
    as_text = ask({"data": ["Oslo", "Tromsø"]}, [1e4, None])
    as_bytes = ask({"parameters": {"binary_data_size": len(raw)}}, [1e4, None], raw)
    assert as_text.status_code == 200, as_text.text
    assert as_text.json()["outputs"] == as_bytes.json()["outputs"]
    assert error_of(ask({"data": ["Oslo", "Paris"]}, [1e4, 2e4]))[0] == 422
    assert error_of(ask({"data": ["Oslo", None]}, [1e4, 2e4]))[0] == 422


def test_a_missing_number_is_null_or_nan(serve, tmp_path) -> None:
    rows, target = load_iris(return_X_y=True)
    rows[::3, 1] = np.nan
    bundle = tmp_path / "holed.mlpack"
    mlpack.pack(RandomForestClassifier(5, random_state=0).fit(rows, target), bundle, sample=rows)
    holed = serve(bundle)

    def ask(tensor: dict[str, Any], tail: bytes | None = None) -> Any:
        return infer(holed, {"inputs": [tensor]}, tail).json()["outputs"]

    for row in (rows[:1], rows[1:2]):
        written = {"name": "input", "shape": [1, 4], "datatype": "FP64"}
        data = [None if np.isnan(value) else value for value in row[0].tolist()]
        assert ask(written | {"data": data}) == ask(binary("input", "FP64", row), row.tobytes())


def test_an_empty_batch_is_answered_with_one(flowers) -> None:
    answered = infer(flowers, {"inputs": [INPUT | {"shape": [0, 4], "data": []}]})
    assert [output["shape"] for output in answered.json()["outputs"]] == [[0], [0, 3]]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"datatype": "FP64"}, "FP32"),
        ({"datatype": "INT32", "data": [5, 3, 1, 0]}, "FP32"),
        ({"datatype": "BYTES", "data": ["5", "3", "1", "0"]}, "FP32"),
        ({"name": "other"}, "no input 'other'"),
        ({"shape": [1, 3], "data": ROW[:3]}, "[batch, 4]"),
        ({"shape": [4]}, "[batch, 4]"),
        ({"data": [5.1, 3.5, 1.4, None]}, "input[0]"),
        ({"data": [5.1, 3.5, 1.4, 1e39]}, "input[0][3]"),
        ({"data": [5.1, 3.5, 1.4, True]}, "input[0][3]"),
        ({"data": [5.1, 3.5, 1.4, "0.2"]}, "input[0][3]"),
        ({"parameters": {"shared_memory_region": "x"}}, "shared memory"),
    ],
)
def test_values_that_the_model_does_not_take_are_422(flowers, change, told) -> None:
    status, message = error_of(infer(flowers, {"inputs": [INPUT | change]}))
    assert (status, told in message) == (422, True), message


def test_an_output_that_there_is_not_and_the_classification_extension_are_422(flowers) -> None:
    for output in ({"name": "other"}, {"name": "label", "parameters": {"classification": 2}}):
        assert error_of(infer(flowers, {"inputs": [INPUT], "outputs": [output]}))[0] == 422


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b'{"inputs": []}',
        b'{"inputs": 5}',
        b'{"inputs": [5]}',
        b"[" * 100_000,
        b'{"inputs": [{"name": "input", "shape": [1, 4], "datatype": "FP32", "data": ' + b"[" * 100_000,
        b'{"a": ' * 100_000,
        {"inputs": [INPUT | {"shape": [-1, -4]}]},
        {"inputs": [INPUT | {"shape": [1, 4.0]}]},
        {"inputs": [INPUT | {"shape": [2, 4]}]},
        {"inputs": [INPUT | {"shape": [2**62, 2**62]}]},
        {"inputs": [INPUT | {"shape": [1] * 100}]},
        {"inputs": [INPUT | {"datatype": "FP8"}]},
        {"inputs": [INPUT | {"datatype": "BF16"}]},
        {"inputs": [INPUT | {"data": [[5.1, 3.5], [1.4, 0.2]]}]},
        {"inputs": [INPUT | {"data": [ROW, ROW]}]},
        {"inputs": [INPUT, INPUT]},
        {"id": 5, "inputs": [INPUT]},
        {"inputs": [{"name": "input", "shape": [1, 4], "datatype": "FP32"}]},
        {"inputs": [binary("input", "FP32", np.zeros((1, 4), "f"))]},
        json.dumps({"inputs": [INPUT]}).replace("5.1", "NaN").encode(),
        json.dumps({"inputs": [INPUT]}).replace("5.1", "1e400").encode(),
        json.dumps({"inputs": [INPUT]}).replace("5.1", "1" + "0" * 5000).encode(),
        json.dumps({"inputs": [INPUT]}).replace("{", '{"inputs": [], ', 1).encode(),
        json.dumps({"inputs": [INPUT]}).replace('"shape"', '"shape": [4, 1], "shape"').encode(),
        *(twice(parameters) for parameters in ({}, {"binary_data_size": None}, {"other": 1})),
        json.dumps({"parameters": {}, "id": "a", "inputs": [INPUT]}).replace('"id"', '"id": "b", "id"').encode(),
        json.dumps({"inputs": [INPUT], "outputs": [{"name": "label", "parameters": {}}]})
        .replace('"outputs"', '"outputs": [], "outputs"')
        .encode(),
    ],
    ids=range(33),
)
def test_a_request_that_cannot_be_read_is_400(flowers, body) -> None:
    assert error_of(infer(flowers, body))[0] == 400
    assert infer(flowers, {"inputs": [INPUT]}).status_code == 200


ZEROS = np.zeros((1, 4), "<f4")


@pytest.mark.parametrize(
    ("document", "tail"),
    [
        ({"inputs": [binary("input", "FP32", ZEROS)]}, b"\0" * 15),
        ({"inputs": [binary("input", "FP32", ZEROS)]}, b"\0" * 17),
        ({"inputs": [binary("input", "FP32", ZEROS, 17)]}, b"\0" * 17),
        ({"inputs": [binary("input", "FP32", ZEROS, -1)]}, b"\0" * 16),
        ({"inputs": [binary("input", "FP32", ZEROS, 2**62)]}, b"\0" * 16),
        ({"inputs": [binary("input", "FP99", ZEROS)]}, b"\0" * 16),
        ({"inputs": [binary("input", "FP32", ZEROS) | {"data": ROW}]}, b"\0" * 16),
        ({"inputs": [INPUT]}, b"\0"),
        ({"inputs": [binary("input", "BYTES", ZEROS)]}, b"\xff" * 16),
        ({"inputs": [binary("input", "BYTES", ZEROS, 3)]}, b"\0" * 3),
    ],
    ids=range(10),
)
def test_bytes_that_do_not_fit_are_400(flowers, document, tail) -> None:
    assert error_of(infer(flowers, document, tail))[0] == 400
    assert infer(flowers, {"inputs": [binary("input", "FP32", ZEROS)]}, ZEROS.tobytes()).status_code == 200


def test_a_json_that_was_seen_before_lets_nothing_else_pass(flowers, pair) -> None:
    def ask(running, tail: bytes, *inputs: dict[str, Any]):
        return infer(running, {"inputs": list(inputs), "parameters": {"binary_data_output": True}}, tail)

    told = binary("input", "FP32", ZEROS)
    for row in ([1, 2, 3, 4], [5, 6, 7, 8], [5, 6, 7, 8]):
        good = np.array([row], "<f4")
        _, raw = raw_outputs(ask(flowers, good.tobytes(), told))
        expected = flowers.service.model.session.run({"input": good})["probabilities"]
        assert raw.endswith(expected.tobytes())
        assert error_of(ask(flowers, np.full((1, 4), np.nan, "<f4").tobytes(), told))[0] == 422
        assert error_of(ask(flowers, good.tobytes() + b"\0", told))[0] == 400
        assert error_of(ask(flowers, good.tobytes()[:-1], told))[0] == 400
    for number in (1, 2):
        scores, ids = np.array([[number, 0.5]]), np.array([[number, -7, number]])
        inputs = [binary("scores", "FP64", scores), binary("ids", "INT64", ids)]
        _, raw = raw_outputs(ask(pair, scores.tobytes() + ids.tobytes(), *inputs))
        assert raw == np.abs(ids).tobytes() + (2 * scores).tobytes()


@pytest.mark.parametrize("length", ["-1", "x", "1e2", "", "99999", "9" * 5000, "0"])
def test_a_broken_header_length_is_400(flowers, length) -> None:
    body = json.dumps({"inputs": [INPUT]})
    headers = {"inference-header-content-length": length}
    answered = flowers.client.post("/v2/models/flowers/infer", content=body, headers=headers)
    assert error_of(answered)[0] == 400


def test_not_a_number_in_bytes_is_422_where_nothing_may_be_missing(flowers, mixed) -> None:
    row = np.array([[5.1, np.nan, 1.4, 0.2]], "<f4")
    status, message = error_of(infer(flowers, {"inputs": [binary("input", "FP32", row)]}, row.tobytes()))
    assert (status, "sepal width" in message) == (422, True), message
    income = np.array([[np.nan]])
    inputs = [
        {"name": "city: home", "shape": [1, 1], "datatype": "BYTES", "data": ["Oslo"]},
        {"name": "age", "shape": [1, 1], "datatype": "FP64", "data": [20]},
        binary("income", "FP64", income),
    ]
    assert infer(mixed, {"inputs": inputs}, income.tobytes()).status_code == 200


def test_more_rows_than_one_request_may_have_are_413(serve, flowers_bundle) -> None:
    few = serve(flowers_bundle, max_rows=2)
    rows = np.zeros((3, 4), "<f4")
    assert error_of(infer(few, {"inputs": [binary("input", "FP32", rows)]}, rows.tobytes()))[0] == 413
    assert infer(few, {"inputs": [binary("input", "FP32", rows[:2])]}, rows[:2].tobytes()).status_code == 200


def test_other_keys_and_parameters_are_let_pass(flowers) -> None:
    document = {
        "model_name": "flowers",
        "inputs": [INPUT | {"parameters": {"content_type": "np"}, "extra": [1, {"a": None}]}],
        "parameters": {"priority": 1, "timeout": 100},
        "outputs": [{"name": "label", "parameters": {"anything": {}}}],
    }
    assert infer(flowers, document).status_code == 200
