"""Asked as grpcurl asks: no stubs, only what the service tells of itself."""

from __future__ import annotations

import pytest
from clients.asking import Refused

OIP = "inference.GRPCInferenceService"
METHODS = {"ServerLive", "ServerReady", "ModelReady", "ServerMetadata", "ModelMetadata", "ModelInfer"}


@pytest.fixture
def typed(pair, reflection) -> str:
    """The model's own service."""
    _, service = pair
    told = reflection.ask("services", at=service.at["grpc"])
    (found,) = [name for name in told if not name.startswith(("inference.", "grpc."))]
    return found


def test_every_service_is_listed_and_serving(pair, typed, reflection) -> None:
    _, service = pair
    at = service.at["grpc"]
    assert {OIP, "grpc.health.v1.Health"} <= set(reflection.ask("services", at=at))
    for name in ("", OIP, typed):
        assert reflection.ask("health", at=at, service=name) == "SERVING"
    with pytest.raises(Refused, match="NOT_FOUND"):
        reflection.ask("health", at=at, service="no.such.Service")


def test_the_methods_are_described(pair, typed, reflection) -> None:
    _, service = pair
    at = service.at["grpc"]
    assert set(reflection.ask("methods", at=at, service=OIP)) >= METHODS
    assert [*reflection.ask("methods", at=at, service=typed)] == ["Predict"]


def test_predict_answers_records_by_the_columns_own_names(pair, typed, reflection) -> None:
    example, service = pair
    request = {"instances": example.rows.to_dict("records")}
    told = reflection.ask("invoke", at=service.at["grpc"], service=typed, method="Predict", request=request)
    predictions = told["predictions"]
    classes = [str(name) for name in example.estimator.classes_.tolist()]
    kind = type(example.estimator.classes_.tolist()[0])
    example.check(
        {
            "label": [kind(one.get("label", 0)) for one in predictions],
            "probabilities": [[one["probabilities"].get(name, 0.0) for name in classes] for one in predictions],
        }
    )


def test_open_inference_answers_as_well(numbers, numbers_served, reflection) -> None:
    (name,) = numbers.feed
    rows = numbers.feed[name]
    contents = {"fp32_contents": rows.ravel().tolist()}
    given = {"name": name, "datatype": "FP32", "shape": list(rows.shape), "contents": contents}
    request = {"model_name": numbers.name, "inputs": [given]}
    told = reflection.ask("invoke", at=numbers_served.at["grpc"], service=OIP, method="ModelInfer", request=request)
    assert {one["name"] for one in told["outputs"]} == {"label", "probabilities"}


def test_errors_have_our_words(pair, typed, reflection) -> None:
    _, service = pair
    at = service.at["grpc"]
    with pytest.raises(Refused, match=r"INVALID_ARGUMENT") as caught:
        reflection.ask("invoke", at=at, service=typed, method="Predict", request={"instances": [{}]})
    assert "instances[0]" in caught.value.message
    with pytest.raises(Refused, match="NOT_FOUND"):
        reflection.ask("invoke", at=at, service=OIP, method="ModelMetadata", request={"name": "other"})
