"""The end of a service, and of one of its workers, under load over both protocols."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from clients.served import HOST, Served, served, until
from fire.load import Load, Tally
from fire.processes import children
from fire.wire import post

from mlpack.runtime.rpc import open_inference_pb2

INFER = "/inference.GRPCInferenceService/ModelInfer"
CLIENTS = 24


@contextlib.contextmanager
def loaded(service: Served, model, seconds: float) -> Iterator[Tally]:
    """What becomes of requests for /predict while the block runs, and until the service takes no more or time is up."""
    load = Load(service.port, post("/predict", json.dumps({"instances": model.rows.to_dict("records")}).encode()))
    thread = threading.Thread(target=lambda: asyncio.run(load.closed(CLIENTS, seconds)))
    thread.start()
    try:
        assert until(lambda: load.tally.statuses[200] > 100)
        yield load.tally
    finally:
        thread.join()


def infer_request(model) -> bytes:
    ((name, rows),) = model.feed.items()
    request = open_inference_pb2.ModelInferRequest(model_name=model.name, raw_input_contents=[rows.tobytes()])
    request.inputs.add(name=name, datatype="FP32", shape=rows.shape)
    return request.SerializeToString()


def called(service: Served, model) -> grpc.StatusCode:
    """How a call on a connection of its own ends."""
    options = [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_retries", 0)]
    with grpc.insecure_channel(f"{HOST}:{service.grpc_port}", options) as channel:
        return channel.unary_unary(INFER).future(infer_request(model), timeout=10).code()


class Caller(threading.Thread):
    """Calls one after the other, until one is not answered: how many were, and the first that was not."""

    def __init__(self, service: Served, model) -> None:
        super().__init__()
        self._raw = infer_request(model)
        self._address = f"{HOST}:{service.grpc_port}"
        self.answered = 0
        self.end: tuple[float, grpc.StatusCode] | None = None

    def run(self) -> None:
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.enable_retries", 0)]
        with grpc.insecure_channel(self._address, options) as channel:
            call = channel.unary_unary(INFER)
            while self.end is None:
                begun = time.monotonic()
                try:
                    call(self._raw, timeout=30)
                    self.answered += 1
                except grpc.RpcError as error:
                    self.end = (begun, error.code())


@pytest.mark.parametrize("workers", [1, 2])
def test_sigterm_loses_no_accepted_request(model, tmp_path, workers) -> None:
    with served(model.bundle, tmp_path, "--workers", str(workers)) as service:
        callers = [Caller(service, model) for _ in range(4)]
        for caller in callers:
            caller.start()
        with loaded(service, model, 30) as tally:
            assert until(lambda: all(caller.answered > 10 for caller in callers))
            told = time.monotonic()
            assert service.stop() == 0
        for caller in callers:
            caller.join(30)
        assert not tally.lost
        assert set(tally.statuses) == {200}
        assert tally.refused == CLIENTS, "each was turned away once, at the end"
        for caller in callers:
            begun, code = caller.end
            assert code in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED}
            assert begun > told, "a call that was under way was not answered"
        assert '"level": "error"' not in service.log.read_text()


def test_sigterm_loses_no_call_of_a_burst(model, tmp_path) -> None:
    """Calls that have arrived and that Python has not met yet are accepted as well: gRPC alone would cancel them."""
    with served(model.bundle, tmp_path) as service, contextlib.ExitStack() as opened:
        options = [("grpc.use_local_subchannel_pool", 1)]
        address, raw = f"{HOST}:{service.grpc_port}", infer_request(model)
        channels = [opened.enter_context(grpc.insecure_channel(address, options)) for _ in range(20)]
        for channel in channels:
            grpc.channel_ready_future(channel).result(20)
        calls = [channel.unary_unary(INFER).future(raw, timeout=60) for channel in channels for _ in range(40)]
        assert until(lambda: any(call.done() for call in calls))
        assert service.stop() == 0
        assert {call.code() for call in calls} == {grpc.StatusCode.OK}


def test_a_worker_that_is_killed_takes_only_its_own_requests_with_it(model, tmp_path) -> None:
    with served(model.bundle, tmp_path, "--workers", "2") as service:
        victim, other = children(service.process.pid)
        with loaded(service, model, 4) as tally:
            killed = time.monotonic()
            os.kill(victim, signal.SIGKILL)
            assert until(lambda: not Path(f"/proc/{victim}").exists() or victim not in children(service.process.pid))
            assert {called(service, model) for _ in range(20)} == {grpc.StatusCode.OK}
            answered = tally.statuses[200]
            assert until(lambda: tally.statuses[200] > answered + 100), "the other one goes on"
            assert until(lambda: service.ask("/readyz")[0] == 200 and len(children(service.process.pid)) == 2)
        assert set(tally.statuses) == {200}
        assert tally.refused == 0
        assert len(tally.lost) <= CLIENTS
        assert all(begun < killed + 1 for begun, *_ in tally.lost)
        assert other in children(service.process.pid)
        assert "mlpack_worker_restarts_total 1.0" in service.ask("/metrics")[1]
        assert service.stop() == 0
