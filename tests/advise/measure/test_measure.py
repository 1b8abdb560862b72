"""What is sent, what sends it, and what it costs the one who answers."""

import json
import os
import socket
import subprocess
import sys
import time

import numpy as np
import pytest
from scaffold.cases import ALL, bundle_of

from mlpack.advise.measure import facts_of
from mlpack.advise.measure.files import rows_of
from mlpack.advise.measure.offline import batch_run, best_size
from mlpack.advise.measure.processes import processor_seconds, resident_memory
from mlpack.advise.measure.requests import golden_feed, requests_of
from mlpack.advise.measure.service import load, served
from mlpack.core.errors import MlpackError, WorkerError
from mlpack.runtime.coerce.rows import Rows


@pytest.mark.parametrize("layout", ALL)
@pytest.mark.parametrize("rows", [1, 7])
def test_a_request_has_the_rows_that_are_asked_for(layout, rows, tmp_path):
    """In each way, for rows of every layout; three golden rows are there."""
    manifest = bundle_of(ALL[layout], tmp_path / "bundle")
    requests = requests_of(manifest, rows)
    assert requests.rows == rows
    instances = json.loads(requests.by_way["/predict"].body)["instances"]
    assert len(instances) == rows
    feed = Rows(manifest.signature).feed_of_instances(instances)
    assert {len(array) for array in feed.values()} == {rows}
    assert {len(array) for array in golden_feed(manifest, rows).values()} == {rows}
    assert requests.longest == max(len(request.body) for request in requests.by_way.values())
    assert all(isinstance(row, dict) for row in rows_of(instances, manifest.signature))


def test_what_a_manifest_says(tmp_path):
    facts = facts_of(bundle_of(ALL["image"], tmp_path / "image"))
    assert (facts.values, facts.format, facts.size) == (28 * 28, "onnx", len(b"no model"))


def test_a_service_is_started_asked_and_gone(manifest, monkeypatch):
    """Whatever the environment says of ports and keys: it is measured as it is."""
    monkeypatch.setenv("MLPACK_API_KEY", "secret")
    monkeypatch.setenv("MLPACK_GRPC_PORT", "-1")
    requests = requests_of(manifest, 3)
    with served(manifest, requests, vouching=[]) as service:
        told = load(service, requests, "gRPC", 2, 0.2)
        assert service.memory() > 10_000_000
        socket.create_connection(("127.0.0.1", service.port)).close()
    assert told.connections == 2
    assert told.rate > 1
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", service.port))


def test_a_refusal_is_no_answer(manifest, tmp_path):
    """Requests for another model: each way says so, and nothing is counted."""
    others = requests_of(bundle_of(ALL["image"], tmp_path / "other", name="other"), 1)
    with served(manifest, requests_of(manifest, 1), vouching=[]) as service:
        for way in others.by_way:
            with pytest.raises(WorkerError, match=way) as refused:
                load(service, others, way, 1, 0.1)
            assert refused.value.why


def test_a_service_that_cannot_start_says_why(tmp_path):
    manifest = bundle_of(ALL["image"], tmp_path / "no-model")
    with (
        pytest.raises(MlpackError) as refused,
        served(manifest, requests_of(manifest, 1), vouching=[]) as service,
    ):
        pytest.fail(f"{service} runs")
    assert refused.value.exit_code == 7
    assert refused.value.hint


def test_the_generator_counts_what_was_answered():
    """Against a server of a few lines, which counts too."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    code = f"""
import socket, sys
server = socket.create_server(("127.0.0.1", 0))
print(server.getsockname()[1], flush=True)
peer, _ = server.accept()
count = 0
while data := peer.recv(65536):
    count += 1
    peer.sendall({answer!r}[:20]); peer.sendall({answer!r}[20:])
print(count, flush=True)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as server:
        order = {
            "grpc": False,
            "port": int(server.stdout.readline()),
            "path": "/",
            "headers": {},
            "bytes": 2,
            "connections": 1,
            "seconds": 0.2,
        }
        spoken = json.dumps(order).encode() + b"\n[]"
        command = [sys.executable, "-m", "mlpack.advise.measure.generator"]
        told = json.loads(subprocess.run(command, input=spoken, capture_output=True, check=True).stdout)
        assert told["requests"] == int(server.stdout.readline())
    assert told["seconds"] >= 0.2
    assert told["p50"] <= told["p99"]


def test_a_run_over_rows_in_memory(manifest):
    run = batch_run(manifest, 0.2, 2)
    assert (run.processors, run.files) == (2, False)
    assert run.rows >= 64
    assert run.rate > 1000
    assert run.rate_of_one == run.rate / 2
    assert run.start > 0


def test_a_bundle_that_was_replaced_is_not_run(manifest, tmp_path):
    command = [sys.executable, "-m", "mlpack.advise.measure.offline", str(manifest.folder), 64 * "0", "0.1", "1"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "replaced" in ended.stderr


def test_the_best_size_is_the_one_with_the_best_rate(manifest):
    """A model that takes 10 ms whatever it is given, and one that takes ever more for each row."""
    assert best_size(manifest, lambda _: time.sleep(0.01), 0.1) == 16_384
    assert best_size(manifest, lambda rows: time.sleep(0.001 * rows**1.5), 0.1) == 1


def test_processor_time_and_memory_of_a_process_and_its_children():
    code = "import time\nwhile time.process_time() < 0.3: pass\nprint(1, flush=True)\ninput()"
    parent = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {code!r}])"
    with subprocess.Popen([sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        assert processor_seconds(process.pid) >= 0.29
        assert resident_memory(process.pid) > 2 * 5_000_000
        process.communicate(b"\n")
    block = np.ones(10_000_000)
    assert resident_memory(os.getpid()) > block.nbytes
    assert processor_seconds(process.pid) == resident_memory(process.pid) == 0
