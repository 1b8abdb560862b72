"""Asks a service as grpcurl does: with no stubs, by what its reflection tells. Health by its published messages."""

from __future__ import annotations

from typing import Any

import grpc
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthStub
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from lines import answer


def ask(call: str, at: str, **arguments: Any) -> Any:
    with grpc.insecure_channel(at) as channel:
        return CALLS[call](channel, **arguments)


def health(channel: Any, service: str) -> str:
    return HealthCheckResponse.ServingStatus.Name(HealthStub(channel).Check(HealthCheckRequest(service=service)).status)


def services(channel: Any) -> list[str]:
    return list(ProtoReflectionDescriptorDatabase(channel).get_services())


def described(channel: Any, service: str) -> Any:
    return DescriptorPool(ProtoReflectionDescriptorDatabase(channel)).FindServiceByName(service)


def methods(channel: Any, service: str) -> dict[str, str]:
    return {method.name: method.input_type.full_name for method in described(channel, service).methods}


def invoke(channel: Any, service: str, method: str, request: dict[str, Any]) -> Any:
    found = described(channel, service).methods_by_name[method]
    asked, answered = GetMessageClass(found.input_type), GetMessageClass(found.output_type)
    run = channel.unary_unary(f"/{service}/{method}", asked.SerializeToString, answered.FromString)
    return MessageToDict(run(ParseDict(request, asked())), preserving_proto_field_name=True)


CALLS = {"health": health, "services": services, "methods": methods, "invoke": invoke}


if __name__ == "__main__":
    answer(ask)
