"""Triton's own clients, HTTP and gRPC: values as JSON and as bytes, texts, many at once, errors."""

from __future__ import annotations

import pytest
from clients.asking import Refused, check_ready, tensors

OVER = ["http", "grpc"]
ERROR = "InferenceServerException"


@pytest.mark.parametrize("over", OVER)
def test_it_is_live_and_ready(pair, triton, over) -> None:
    check_ready(triton, *pair, over)
    example, service = pair
    version = {"model_name": example.name, "model_version": "1"}
    assert triton.ask("is_model_ready", over=over, at=service.at[over], **version) is True


@pytest.mark.parametrize("over", OVER)
def test_a_model_that_is_not_there_is_not_ready(numbers_served, triton, over) -> None:
    assert triton.ask("is_model_ready", over=over, at=numbers_served.at[over], model_name="other") is False


@pytest.mark.parametrize("over", OVER)
def test_metadata_is_the_signature(pair, triton, over) -> None:
    example, service = pair
    told = triton.ask("get_model_metadata", over=over, at=service.at[over], model_name=example.name)
    signature = example.manifest.signature
    assert told["name"] == example.name
    assert told["versions"] == ["1"]
    assert [one["name"] for one in told["inputs"]] == [spec.name for spec in signature.inputs]
    assert [one["name"] for one in told["outputs"]] == ["label", "probabilities"]
    assert {one["datatype"] for one in told["inputs"]} <= {"FP32", "FP64", "BYTES"}
    assert all(int(one["shape"][0]) == -1 for one in told["inputs"])
    server = triton.ask("get_server_metadata", over=over, at=service.at[over])
    assert server["name"] == "mlpack"
    if over == "http":
        assert "binary_tensor_data" in server["extensions"]


def test_the_configuration_is_told(pair, triton) -> None:
    example, service = pair
    told = triton.ask("get_model_config", over="http", at=service.at["http"], model_name=example.name)
    assert told["max_batch_size"] > 0
    assert [one["name"] for one in told["output"]] == ["label", "probabilities"]


@pytest.mark.parametrize("outputs", [None, ["label", "probabilities"]], ids=["all", "named"])
@pytest.mark.parametrize(("over", "binary"), [("http", True), ("http", False), ("grpc", True)])
def test_the_golden_rows_get_the_estimators_answers(pair, triton, over, binary, outputs) -> None:
    example, service = pair
    told = triton.ask(
        "infer", over=over, at=service.at[over], model=example.name, inputs=tensors(example.feed), binary=binary,
        outputs=outputs, request_id="golden-1",
    )  # fmt: skip
    example.check(told["outputs"])
    assert told["id"] == "golden-1"


@pytest.mark.parametrize("over", OVER)
def test_one_output_may_be_asked_for(pair, triton, over) -> None:
    example, service = pair
    question = {"over": over, "at": service.at[over], "model": example.name, "inputs": tensors(example.feed)}
    assert [*triton.ask("infer", **question, outputs=["label"])["outputs"]] == ["label"]


@pytest.mark.parametrize("over", OVER)
def test_many_at_once_are_all_answered(pair, triton, over) -> None:
    example, service = pair
    question = {"over": over, "at": service.at[over], "model": example.name, "inputs": tensors(example.feed)}
    answers = triton.ask("infer_many", **question, times=64)
    assert len(answers) == 64
    for told in answers:
        example.check(told["outputs"])


def _without(inputs, name):
    return {one: tensor for one, tensor in inputs.items() if one != name}


def _as(inputs, name, **changes):
    return inputs | {name: inputs[name] | changes}


WRONG = {
    "another input": (lambda inputs, name: inputs | {"other": inputs[name]}, "other"),
    "a missing input": (_without, "{name}"),
    "another type": (lambda inputs, name: _as(inputs, name, datatype="INT64", data=[[0]], shape=[1, 1]), "{name}"),
    "another rank": (lambda inputs, name: _as(inputs, name, shape=[*inputs[name]["shape"], 1]), "{name}"),
    "another width": (lambda inputs, name: _as(inputs, name, data=[[1.5] * 7], shape=[1, 7]), "{name}"),
    "no number": (lambda inputs, name: _as(inputs, name, data=[[float("inf")] * 30], shape=[1, 30]), "{name}"),
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.parametrize("over", OVER)
def test_what_the_model_does_not_take_is_an_error_with_our_words(numbers, numbers_served, triton, over, wrong) -> None:
    change, expected = WRONG[wrong]
    (name,) = numbers.feed
    inputs = change(tensors(numbers.feed), name)
    with pytest.raises(Refused) as caught:
        triton.ask("infer", over=over, at=numbers_served.at[over], model=numbers.name, inputs=inputs)
    assert caught.value.kind == ERROR
    assert expected.format(name=name) in caught.value.message


@pytest.mark.parametrize("over", OVER)
def test_another_model_is_an_error_that_names_ours(numbers, numbers_served, triton, over) -> None:
    with pytest.raises(Refused, match=numbers.name) as caught:
        triton.ask("infer", over=over, at=numbers_served.at[over], model="other", inputs=tensors(numbers.feed))
    assert caught.value.kind == ERROR


def test_a_call_may_be_compressed(numbers, numbers_served, triton) -> None:
    question = {"over": "grpc", "at": numbers_served.at["grpc"], "model": numbers.name, "inputs": tensors(numbers.feed)}
    numbers.check(triton.ask("infer", **question, compression_algorithm="gzip")["outputs"])


def test_a_body_that_is_compressed_is_refused_as_that(numbers, numbers_served, triton) -> None:
    question = {"over": "http", "at": numbers_served.at["http"], "model": numbers.name, "inputs": tensors(numbers.feed)}
    with pytest.raises(Refused, match="gzip") as caught:
        triton.ask("infer", **question, request_compression_algorithm="gzip")
    assert caught.value.kind == ERROR
