"""Traces, as a collector gets them: an HTTP server of our own that decodes what OpenTelemetry sends."""

from __future__ import annotations

import gzip
import http.server
import os
import subprocess
import sys
import threading

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)

from mlpack.runtime.rpc import open_inference_pb2


class Collector(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        self.server.got.append((self.path, ExportTraceServiceRequest.FromString(body)))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(ExportTraceServiceResponse().SerializeToString())

    def log_message(self, format, *arguments) -> None:
        pass


@pytest.fixture
def collector():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
    server.got = []
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def spans_of(collector):
    return [
        (resource.resource, span)
        for path, request in collector.got
        if path == "/v1/traces"
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def attributes(holder) -> dict[str, str]:
    return {one.key: one.value.string_value or one.value.int_value for one in holder.attributes}


def test_rest_and_grpc(start, project, collector):
    running = start(project, "--otlp-endpoint", f"http://127.0.0.1:{collector.server_port}")
    trace = "0af7651916cd43dd8448eb211c80319c"
    body = (project / "example.json").read_bytes()
    assert (
        running.ask("/predict", body, traceparent=f"00-{trace}-b7ad6b7169203331-01", authorization="Bearer secret")[0]
        == 200
    )
    assert running.ask("/readyz")[0] == 200
    with grpc.insecure_channel(running.grpc) as channel:
        path = "/inference.GRPCInferenceService/ModelMetadata"
        ask = channel.unary_unary(path)
        request = open_inference_pb2.ModelMetadataRequest(name="logistic")
        ask(request.SerializeToString(), timeout=20)
        with pytest.raises(grpc.RpcError):
            ask(open_inference_pb2.ModelMetadataRequest(name="other").SerializeToString(), timeout=20)
    assert running.end() == 0
    found = spans_of(collector)
    assert {attributes(resource)["service.name"] for resource, _ in found} == {"logistic"}
    assert [span.name for _, span in found] == ["POST /predict", path, path]
    over_http = found[0][1]
    assert over_http.trace_id.hex() == trace
    assert attributes(over_http)["http.status_code"] == 200
    assert [attributes(span)["rpc.grpc.status_code"] for _, span in found[1:]] == [
        0,
        grpc.StatusCode.NOT_FOUND.value[0],
    ]
    assert b"secret" not in b"".join(request.SerializeToString() for _, request in collector.got)


def test_a_collector_that_is_away_is_no_reason_not_to_serve(start, project):
    running = start(project, "--otlp-endpoint", "http://127.0.0.1:9")
    assert running.predict() == 200
    assert running.end() == 0


BLOCK = """
import sys

class Block:
    def find_spec(self, name, path=None, target=None):
        if name == "opentelemetry.sdk":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Block())
"""


def test_without_its_packages(project, tmp_path):
    """FastAPI brings a part of OpenTelemetry with it; what sends traces is not in it."""
    (tmp_path / "sitecustomize.py").write_text(BLOCK)
    address = "http://127.0.0.1:9"
    command = [sys.executable, "-m", "runtime", "--port", "0", "--grpc-port", "-1", "--otlp-endpoint", address]
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    ended = subprocess.run(
        command, check=False, cwd=project, capture_output=True, text=True, timeout=60, env=environment
    )
    assert ended.returncode == 6
    assert "error: opentelemetry.sdk is missing, which --otlp-endpoint needs" in ended.stderr
    assert "next: pip install opentelemetry-sdk " in ended.stderr
