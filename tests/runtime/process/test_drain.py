"""The end of a service under load: what was accepted is answered, whoever asks is told not to come, and the exit code is 0."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import time
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from mlpack.runtime.rpc import open_inference_pb2


@pytest.mark.parametrize("options", [[], ["--workers", "2"]], ids=["one", "two"])
@pytest.mark.parametrize("rows", [1, 200])
def test_no_accepted_request_is_lost(start, load, until, forest_project, options, rows):
    running = start(forest_project, "--drain-timeout", "20", *options)
    loading = load(running, clients=32, rows=rows)
    until(lambda: b'route="predict",status="200"' in running.ask("/metrics")[1])
    time.sleep(1)
    assert running.end() == 0
    found = loading.result()
    assert not found.lost
    assert found.answered > 50
    assert set(found.statuses) == {"200"}
    assert found.refused == 32


def test_readiness_fails_first(start, project):
    """While the delay passes, all is answered but for who asks whether it is ready."""
    running = start(project, "--drain-delay", "1.5")
    assert running.ask("/readyz")[0] == 200
    running.process.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    assert running.ask("/readyz")[0] == 503
    assert running.ask("/v2/health/ready")[0] == 503
    assert running.ask("/livez")[0] == 200
    assert running.predict() == 200
    with grpc.insecure_channel(running.grpc) as channel:
        health = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=5)
    assert health.status == health_pb2.HealthCheckResponse.NOT_SERVING
    assert running.process.wait(20) == 0


def infer_request(running, rows: int) -> bytes:
    (told,) = json.loads(running.ask("/v2/models/forest")[1])["inputs"]
    request = open_inference_pb2.ModelInferRequest(model_name="forest")
    tensor = request.inputs.add(name=told["name"], datatype=told["datatype"], shape=[rows, 30])
    contents = getattr(tensor.contents, {"FP32": "fp32_contents", "FP64": "fp64_contents"}[told["datatype"]])
    contents.extend([1.0] * rows * 30)
    return request.SerializeToString()


def test_what_runs_over_grpc_is_answered(start, until, forest_project):
    """32 calls wait for a model that answers them one by one; who calls when the first are answered is turned away."""
    running = start(forest_project, "--batching", "off")
    raw = infer_request(running, rows=8000)
    with grpc.insecure_channel(running.grpc) as channel:
        call = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
        calls = [call.future(raw, timeout=60) for _ in range(32)]
        until(lambda: any(one.done() for one in calls))
        running.process.send_signal(signal.SIGTERM)
        assert {one.code() for one in calls} == {grpc.StatusCode.OK}
        assert running.process.wait(20) == 0
        with pytest.raises(grpc.RpcError) as error:
            call(raw, timeout=5)
    assert error.value.code() == grpc.StatusCode.UNAVAILABLE


def test_a_second_signal_ends_it_at_once(start, project):
    running = start(project, "--drain-delay", "30")
    running.process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    assert running.end(signal.SIGINT, 5) == 128 + signal.SIGINT


def test_ctrl_c(start, project):
    assert start(project).end(signal.SIGINT) == 0


def test_a_request_that_takes_too_long_is_cut_and_logged(start, project):
    running = start(project, "--drain-timeout", "0.5")
    with socket.create_connection(("127.0.0.1", running.port)) as connection:
        connection.sendall(b"POST /predict HTTP/1.1\r\nhost: a\r\ncontent-length: 100\r\n\r\n{")
        time.sleep(0.2)
        assert running.end(seconds=10) == 0
    assert [line["connections"] for line in running.lines() if "connections" in line] == [1]


NEVER = """
import time
from runtime.service import batcher, service

service.Service.inline_rows = 0
batcher._answers = lambda run, jobs: time.sleep(600)
"""


def test_a_model_that_does_not_come_back(start, project, tmp_path):
    """Its thread cannot be ended: the process ends with it."""
    folder = Path(shutil.copytree(project, tmp_path / "stuck"))
    with (folder / "app.py").open("a") as app:
        app.write(NEVER)
    running = start(folder, "--drain-timeout", "0.5")
    with socket.create_connection(("127.0.0.1", running.port)) as connection:
        body = (folder / "example.json").read_bytes()
        connection.sendall(b"POST /predict HTTP/1.1\r\nhost: a\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))
        time.sleep(0.5)
        assert running.end(seconds=10) == 0


SLOWLY = """
import time
from runtime.service import batcher, service

service.Service.inline_rows = 0
answers = batcher._answers
batcher._answers = lambda run, jobs: time.sleep(1.5) or answers(run, jobs)
"""


def test_a_client_that_leaves_is_not_worked_for(start, project, tmp_path, read_one):
    """Its request waits for the model, which answers the one before and the one behind it."""
    folder = Path(shutil.copytree(project, tmp_path / "slow"))
    with (folder / "app.py").open("a") as app:
        app.write(SLOWLY)
    running = start(folder)
    body = (folder / "example.json").read_bytes()
    request = b"POST /predict HTTP/1.1\r\nhost: a\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
    clients = [socket.create_connection(("127.0.0.1", running.port)) for _ in range(3)]
    for client in clients:
        client.sendall(request)
        time.sleep(0.2)
    clients[1].close()
    assert [read_one(clients[place])[0] for place in (0, 2)] == [200, 200]
    metrics = running.ask("/metrics")[1]
    assert b"mlpack_batch_requests_sum 2.0" in metrics
    assert b'mlpack_requests_total{route="predict",status="499"} 1.0' in metrics
    assert b'mlpack_requests_total{route="predict",status="200"} 2.0' in metrics
    assert not [line for line in running.lines() if line["level"] == "error"]
    for client in clients:
        client.close()


def test_requests_in_one_packet(start, forest_project, read_one):
    """All that were read are answered, and the last of them is told that it is the last."""
    running = start(forest_project, "--drain-delay", "0.3")
    body = (forest_project / "example.json").read_bytes()
    request = b"POST /predict HTTP/1.1\r\nhost: a\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
    with socket.create_connection(("127.0.0.1", running.port)) as connection:
        running.process.send_signal(signal.SIGTERM)
        time.sleep(0.1)
        connection.sendall(request * 20)
        answers = [read_one(connection) for _ in range(20)]
    assert [status for status, _, _ in answers] == [200] * 20
    assert ["connection" in headers for _, headers, _ in answers] == [False] * 19 + [True]
    assert running.process.wait(20) == 0
