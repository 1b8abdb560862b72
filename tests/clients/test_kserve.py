"""KServe's own clients, HTTP and gRPC."""

from __future__ import annotations

import pytest
from clients.asking import Refused, check_ready, tensors

OVER = ["http", "grpc"]
ERRORS = {"http": "HTTPStatusError", "grpc": "AioRpcError"}


@pytest.mark.parametrize("over", OVER)
def test_it_is_live_and_ready(pair, kserve, over) -> None:
    check_ready(kserve, *pair, over)


@pytest.mark.parametrize(("over", "binary"), [("http", True), ("http", False), ("grpc", True), ("grpc", False)])
def test_the_golden_rows_get_the_estimators_answers(pair, kserve, over, binary) -> None:
    example, service = pair
    question = {"over": over, "at": service.at[over], "model": example.name, "inputs": tensors(example.feed)}
    example.check(kserve.ask("infer", **question, binary=binary)["outputs"])


def test_predict_takes_what_version_1_of_the_protocol_sends(pair, kserve) -> None:
    example, service = pair
    body = {"instances": example.rows.to_dict("records")}
    told = kserve.ask("predict", over="http", at=service.at["http"], body=body)["predictions"]
    classes = example.estimator.classes_.tolist()
    example.check(
        {
            "label": [one["label"] for one in told],
            "probabilities": [[one["probabilities"][str(name)] for name in classes] for one in told],
        }
    )


@pytest.mark.parametrize("over", OVER)
def test_errors_have_our_words(numbers, numbers_served, kserve, over) -> None:
    (name,) = numbers.feed
    wide = {name: {"datatype": "FP32", "shape": [1, 7], "data": [[1.5] * 7]}}
    for model, inputs, said in (("other", tensors(numbers.feed), numbers.name), (numbers.name, wide, name)):
        with pytest.raises(Refused) as caught:
            kserve.ask("infer", over=over, at=numbers_served.at[over], model=model, inputs=inputs)
        assert caught.value.kind == ERRORS[over]
        assert said in caught.value.message
