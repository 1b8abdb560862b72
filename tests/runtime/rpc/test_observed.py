"""What is seen of calls from outside: lines in the log, spans of OpenTelemetry."""

from __future__ import annotations

import logging

import grpc
import pytest

from mlpack.runtime.rpc import open_inference_pb2 as pb

INFER = "/inference.GRPCInferenceService/ModelInfer"


def told(caplog):
    return [(one.path, one.status, one.request_id) for one in caplog.records if one.name == "mlpack.rpc"]


def test_calls_are_logged_where_that_is_wanted(serve, flower_bundle, caplog):
    caplog.set_level(logging.INFO, "mlpack.rpc")
    with serve(flower_bundle, log_requests=True) as served:
        served.oip("ServerLive", pb.ServerLiveRequest(), metadata=[("x-request-id", "one")])
        with pytest.raises(grpc.RpcError):
            served.call(INFER, b"\xff", pb.ModelInferResponse)
        served.on_loop(served.server.stop(5))
    assert told(caplog) == [("/inference.GRPCInferenceService/ServerLive", 200, "one"), (INFER, 400, "")]


def test_calls_that_are_in_order_are_not_logged_otherwise(serve, flower_bundle, caplog):
    caplog.set_level(logging.INFO, "mlpack.rpc")
    with serve(flower_bundle) as served:
        served.oip("ServerLive", pb.ServerLiveRequest())
        served.on_loop(served.server.stop(5))
    assert not told(caplog)


def test_spans_tell_of_calls_that_were_answered_and_of_those_that_were_refused(serve, flower_bundle):
    from opentelemetry.instrumentation.grpc import GrpcAioInstrumentorServer
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    provider, spans = TracerProvider(), InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    instrumentor = GrpcAioInstrumentorServer()
    instrumentor.instrument(tracer_provider=provider)
    try:
        with serve(flower_bundle, api_key="a key") as served:
            key = [("x-api-key", "a key")]
            assert served.oip("ServerLive", pb.ServerLiveRequest(), metadata=key).live
            for metadata, code in ((None, grpc.StatusCode.UNAUTHENTICATED), (key, grpc.StatusCode.INVALID_ARGUMENT)):
                with pytest.raises(grpc.RpcError) as refused:
                    served.call(INFER, b"\xff", pb.ModelInferResponse, metadata=metadata)
                assert refused.value.code() is code
            served.on_loop(served.server.stop(5))
    finally:
        instrumentor.uninstrument()
    codes = [span.attributes["rpc.grpc.status_code"] for span in spans.get_finished_spans()]
    assert codes == [0, grpc.StatusCode.UNAUTHENTICATED.value[0], grpc.StatusCode.INVALID_ARGUMENT.value[0]]
