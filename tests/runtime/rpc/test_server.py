"""What every call has to bear: limits, deadlines, clients that are slow, broken or gone."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import threading
import time

import grpc
import numpy as np
import pytest

from mlpack.runtime.coerce.oip import bytes_of_array
from mlpack.runtime.rpc import open_inference_pb2 as pb
from mlpack.runtime.service.metrics import exposition

CODE = grpc.StatusCode
INFER = "/inference.GRPCInferenceService/ModelInfer"


def request_of(served, rows):
    """A raw request of ``rows`` rows of zeros."""
    array = np.zeros((rows, 30), dtype=np.float32)
    tensor = {"name": "input", "datatype": "FP32", "shape": array.shape}
    name = served.service.manifest.name
    return pb.ModelInferRequest(model_name=name, inputs=[tensor], raw_input_contents=[bytes_of_array(array)])


def lives(served):
    """The next good request is answered."""
    return len(served.infer(request_of(served, 2)).outputs) == 2


def counted(served, route, status):
    text = exposition(served.service.board, {}).decode()
    wanted = f'mlpack_requests_total{{route="{route}",status="{status}"}} '
    return sum(float(line.removeprefix(wanted)) for line in text.splitlines() if line.startswith(wanted))


def rows_answered(text):
    return next(float(line.split()[1]) for line in text.splitlines() if line.startswith("mlpack_rows_total"))


@pytest.fixture(scope="module")
def tight(serve, logistic):
    """The logistic regression with narrow limits."""
    limits = {"max_body": 100_000, "max_rows": 500, "body_timeout": 0.6}
    with serve(logistic.service.manifest.folder, **limits) as served:
        yield served


def test_a_message_that_is_too_large_is_refused(tight):
    with pytest.raises(grpc.RpcError) as refused:
        tight.infer(request_of(tight, 1000))
    assert refused.value.code() is CODE.RESOURCE_EXHAUSTED
    assert lives(tight)


def test_a_message_that_is_small_only_while_it_is_compressed_is_refused(tight):
    with grpc.insecure_channel(tight.address) as channel, pytest.raises(grpc.RpcError) as refused:
        channel.unary_unary(INFER)(b"\0" * (32 << 20), compression=grpc.Compression.Gzip, timeout=20)
    assert refused.value.code() is CODE.RESOURCE_EXHAUSTED
    assert lives(tight)


def test_too_many_rows_are_refused(tight):
    with pytest.raises(grpc.RpcError) as refused:
        tight.infer(request_of(tight, 501))
    assert (refused.value.code(), refused.value.details()) == (
        CODE.RESOURCE_EXHAUSTED,
        "501 rows, and a request may have 500",
    )
    instances = [{"values": [0.0] * 30}] * 501
    with pytest.raises(grpc.RpcError) as refused:
        tight.predict(tight.messages.PredictRequest(instances=instances[:300] + [{}] * 201))
    assert refused.value.code() is CODE.RESOURCE_EXHAUSTED


@pytest.mark.parametrize("raw", [b"\xff" * 100, b"\x0a\xff\xff\xff\xff\x0f", b"\x2a\x03abc", b"\x0a\x02\xff\xfe"])
def test_bytes_that_are_no_message_are_refused(tight, raw):
    for path in (INFER, f"/{tight.outline.full_name}/Predict"):
        with pytest.raises(grpc.RpcError) as refused:
            tight.call(path, raw, pb.ModelInferResponse)
        assert refused.value.code() in {CODE.INVALID_ARGUMENT, CODE.NOT_FOUND}
    assert lives(tight)


@pytest.mark.parametrize(
    "garbage",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        os.urandom(5000),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + os.urandom(5000),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0" + b"\xff\xff\xff\1\5\0\0\0\1",
    ],
)
def test_bytes_that_are_no_http2_end_their_connection_alone(tight, garbage):
    with socket.create_connection(("127.0.0.1", tight.port), timeout=20) as connection:
        connection.sendall(garbage)
        with contextlib.suppress(ConnectionError):
            while connection.recv(4096):
                pass
    assert lives(tight)


def test_a_method_that_is_none_is_unimplemented(tight):
    for path in ("/inference.GRPCInferenceService/ModelStreamInfer", "/x/y", "/mlpack.other.Other/Predict"):
        with pytest.raises(grpc.RpcError) as refused:
            tight.call(path, b"", pb.ModelInferResponse)
        assert refused.value.code() is CODE.UNIMPLEMENTED


def test_a_call_whose_request_does_not_arrive_is_ended(tight):
    """Other calls go on meanwhile, and one that is late does not end those that came after it."""
    silent = threading.Event()

    def nothing():
        silent.wait(20)
        yield b""

    with grpc.insecure_channel(tight.address) as channel:
        begun = time.monotonic()
        late = channel.stream_unary(INFER).future(nothing())
        assert lives(tight)
        assert late.exception(10).code() is CODE.DEADLINE_EXCEEDED
        assert "did not arrive within 0.6 s" in late.details()
        assert 0.5 < time.monotonic() - begun < 5
        silent.set()
    assert wait_until(lambda: counted(tight, "grpc_infer", 408) == 1)
    assert lives(tight)


def test_a_call_without_a_message_is_refused(tight):
    with grpc.insecure_channel(tight.address) as channel, pytest.raises(grpc.RpcError) as refused:
        channel.stream_unary(INFER)(iter(()), timeout=5)
    assert (refused.value.code(), refused.value.details()) == (CODE.INVALID_ARGUMENT, "the call has no message")


def test_the_id_of_a_request_comes_back(tight):
    raw = request_of(tight, 1).SerializeToString()
    with grpc.insecure_channel(tight.address) as channel:
        _, call = channel.unary_unary(INFER).with_call(raw, metadata=[("x-request-id", "abc-1")])
        assert ("x-request-id", "abc-1") in call.trailing_metadata()
        with pytest.raises(grpc.RpcError) as refused:
            channel.unary_unary(INFER)(b"", metadata=[("x-request-id", "abc-2")])
        assert ("x-request-id", "abc-2") in refused.value.trailing_metadata()
        _, call = channel.unary_unary(INFER).with_call(raw)
        assert "x-request-id" not in dict(call.trailing_metadata())


def test_calls_are_counted_by_what_came_of_them(tight):
    def counts():
        return counted(tight, "grpc_infer", 200), counted(tight, "grpc_predict", 400)

    time.sleep(0.2)  # the count of a call before this one may come after its answer
    before = counts()
    assert lives(tight)
    with pytest.raises(grpc.RpcError):
        tight.call(f"/{tight.outline.full_name}/Predict", b"\xff", pb.ModelInferResponse)
    assert wait_until(lambda: counts() == (before[0] + 1, before[1] + 1))


def test_a_deadline_of_the_service_is_kept(serve, costly_bundle):
    with serve(costly_bundle, timeout=0.002) as served:
        with pytest.raises(grpc.RpcError) as refused:
            served.infer(request_of(served, 5000))
        assert refused.value.code() is CODE.DEADLINE_EXCEEDED
        assert refused.value.details() == "the model did not answer in time"
        assert wait_until(lambda: counted(served, "grpc_infer", 504) == 1)


def test_what_a_client_gave_up_is_not_waited_for(serve, costly_bundle):
    """Two are given up while a third is computed: they never reach the model."""
    with serve(costly_bundle) as served, grpc.insecure_channel(served.address) as channel:
        assert served.infer(request_of(served, 1), channel).outputs
        batches = exposition(served.service.board, {}).decode()
        ask, raw = channel.unary_unary(INFER), request_of(served, 20_000).SerializeToString()
        first = ask.future(raw, timeout=60)
        assert wait_until(lambda: not served.service._batcher.is_idle)
        late, gone = ask.future(raw, timeout=0.15), ask.future(raw)
        assert late.code() is CODE.DEADLINE_EXCEEDED
        gone.cancel()
        assert first.code() is CODE.OK
        assert wait_until(lambda: counted(served, "grpc_infer", 504) + counted(served, "grpc_infer", 499) == 2)
        assert wait_until(lambda: served.service._batcher.is_idle)
        assert rows_answered(exposition(served.service.board, {}).decode()) - rows_answered(batches) == 20_000


def test_an_overload_is_refused_at_once_and_over_at_once(serve, costly_bundle):
    with serve(costly_bundle, max_waiting=2) as served, grpc.insecure_channel(served.address) as channel:
        raw = request_of(served, 2000).SerializeToString()
        calls = [channel.unary_unary(INFER).future(raw, timeout=30) for _ in range(40)]
        codes = [call.code() for call in calls]
        refused = [call for call in calls if call.code() is not CODE.OK]
        assert set(codes) == {CODE.OK, CODE.RESOURCE_EXHAUSTED}
        assert dict(refused[0].trailing_metadata())["retry-pushback-ms"] == "1000"
        assert wait_until(lambda: counted(served, "grpc_infer", 429) == len(refused))
        assert lives(served)


def test_messages_in_work_have_few_enough_bytes_together(serve, logistic):
    """The message that is asked for has 120 KB; a small one is always taken."""
    with serve(logistic.service.manifest.folder) as served:
        calls = served.server.calls
        assert wait_until(lambda: calls.held == 0)
        calls.held = 8 * served.service.settings.max_body - 50_000
        with pytest.raises(grpc.RpcError) as refused:
            served.infer(request_of(served, 1000))
        assert (refused.value.code(), refused.value.details()) == (
            CODE.RESOURCE_EXHAUSTED,
            "the requests that wait already have too many bytes",
        )
        assert dict(refused.value.trailing_metadata())["retry-pushback-ms"] == "1000"
        assert lives(served)
        assert wait_until(lambda: calls.held == 8 * served.service.settings.max_body - 50_000)
        calls.held = 0
        assert len(served.infer(request_of(served, 1000)).outputs) == 2
        assert wait_until(lambda: calls.held == 0)


def test_many_connections_at_once_are_all_answered(logistic):
    raw = request_of(logistic, 1).SerializeToString()

    async def ask():
        async with grpc.aio.insecure_channel(
            logistic.address, options=[("grpc.use_local_subchannel_pool", 1)]
        ) as channel:
            return pb.ModelInferResponse.FromString(await channel.unary_unary(INFER)(raw, timeout=60))

    async def all_of_them():
        return await asyncio.gather(*[ask() for _ in range(200)])

    answers = asyncio.run(all_of_them())
    assert len({answer.SerializeToString() for answer in answers}) == 1


def wait_until(holds, seconds=10):
    until = time.monotonic() + seconds
    while not holds() and time.monotonic() < until:
        time.sleep(0.02)
    return holds()
