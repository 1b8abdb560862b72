"""Health and reflection: what probes, load balancers and people with grpcurl ask."""

from __future__ import annotations

import time

import grpc
import pytest
from google.protobuf import descriptor_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2

STATUS = health_pb2.HealthCheckResponse


@pytest.fixture
def served(serve, flower_bundle):
    with serve(flower_bundle, body_timeout=1.0) as served:
        yield served


@pytest.fixture
def channel(served):
    with grpc.insecure_channel(served.address) as channel:
        yield channel


def test_every_service_is_healthy_and_no_other_is_known(served, channel):
    health = health_pb2_grpc.HealthStub(channel)
    for name in ("", "inference.GRPCInferenceService", "mlpack.rpc_flowers.RpcFlowers"):
        assert health.Check(health_pb2.HealthCheckRequest(service=name), timeout=5).status == STATUS.SERVING
    with pytest.raises(grpc.RpcError) as refused:
        health.Check(health_pb2.HealthCheckRequest(service="other"), timeout=5)
    assert refused.value.code() is grpc.StatusCode.NOT_FOUND


def test_a_service_that_starts_or_ends_is_not_healthy(served, channel):
    health = health_pb2_grpc.HealthStub(channel)
    served.service.board.mark(0, "starting")
    assert health.Check(health_pb2.HealthCheckRequest(), timeout=5).status == STATUS.NOT_SERVING
    served.service.board.mark(0, "ready")
    assert health.Check(health_pb2.HealthCheckRequest(), timeout=5).status == STATUS.SERVING
    served.service.draining = True
    assert health.Check(health_pb2.HealthCheckRequest(), timeout=5).status == STATUS.NOT_SERVING


def test_those_who_watch_are_told_and_keep_nobody_waiting(served, channel):
    """One that goes away takes nothing from the others, and none holds up the end of the service."""
    health = health_pb2_grpc.HealthStub(channel)
    one, two, other = (
        health.Watch(health_pb2.HealthCheckRequest(service=name), timeout=30) for name in ("", "", "other")
    )
    assert next(one).status == next(two).status == STATUS.SERVING
    assert next(other).status == STATUS.SERVICE_UNKNOWN
    one.cancel()
    served.service.board.mark(0, "starting")
    assert next(two).status == STATUS.NOT_SERVING
    served.service.board.mark(0, "ready")
    assert next(two).status == STATUS.SERVING
    served.service.draining = True
    begun = time.monotonic()
    served.on_loop(served.server.stop(20))
    assert time.monotonic() - begun < 5
    assert [told.status for told in two] == [STATUS.NOT_SERVING]


def test_too_many_who_watch_are_sent_away(served, channel):
    health = health_pb2_grpc.HealthStub(channel)
    watching = [health.Watch(health_pb2.HealthCheckRequest(), timeout=30) for _ in range(64)]
    assert {next(one).status for one in watching} == {STATUS.SERVING}
    with pytest.raises(grpc.RpcError) as refused:
        next(health.Watch(health_pb2.HealthCheckRequest(), timeout=5))
    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert health.Check(health_pb2.HealthCheckRequest(), timeout=5).status == STATUS.SERVING
    for one in watching:
        one.cancel()


def reflected(channel, version, **request):
    ask = channel.stream_stream(
        f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
        reflection_pb2.ServerReflectionRequest.SerializeToString,
        reflection_pb2.ServerReflectionResponse.FromString,
    )
    (answer,) = ask(iter([reflection_pb2.ServerReflectionRequest(**request)]), timeout=5)
    return answer


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
def test_reflection_lists_the_services(channel, version):
    answer = reflected(channel, version, list_services="")
    assert [one.name for one in answer.list_services_response.service] == [
        "grpc.health.v1.Health",
        "grpc.reflection.v1alpha.ServerReflection",
        "inference.GRPCInferenceService",
        "mlpack.rpc_flowers.RpcFlowers",
    ]


@pytest.mark.parametrize(
    ("symbol", "message"),
    [("inference.GRPCInferenceService", "ModelInferRequest"), ("mlpack.rpc_flowers.RpcFlowers", "PredictRequest")],
)
def test_reflection_tells_the_messages_of_a_service(channel, symbol, message):
    answer = reflected(channel, "v1alpha", file_containing_symbol=symbol)
    (raw,) = answer.file_descriptor_response.file_descriptor_proto
    file = descriptor_pb2.FileDescriptorProto.FromString(raw)
    assert message in [kind.name for kind in file.message_type]


def test_reflection_says_what_it_does_not_know(channel):
    answer = reflected(channel, "v1", file_containing_symbol="other.Service")
    assert answer.error_response.error_code == grpc.StatusCode.NOT_FOUND.value[0]
