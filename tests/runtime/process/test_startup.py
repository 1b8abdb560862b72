"""What a worker costs: the memory that it takes, what it imports, and the work until it is ready."""

from __future__ import annotations

import json
import os
import resource
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import grpc

MEMORY = 120 << 20


def memory(running) -> int:
    pages = int(Path(f"/proc/{running.process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def test_memory_over_rest_and_grpc(start, load, forest_project):
    running = start(forest_project)
    assert not load(running, clients=16, seconds=2).result().lost
    one = json.loads((forest_project / "example.json").read_text())["instances"]
    assert running.ask("/predict", {"instances": one * 1000})[0] == 200
    with grpc.insecure_channel(running.grpc) as channel:
        ask = channel.unary_unary("/inference.GRPCInferenceService/ServerReady")
        for _ in range(100):
            ask(b"", timeout=20)
    assert memory(running) < MEMORY
    assert running.ask("/openapi.json")[0] == 200
    assert memory(running) < MEMORY


def test_the_work_until_it_is_ready(start, project):
    """Of processor time: how long it takes is a matter of who else is at work. The benchmark has the seconds."""
    running = start(project)
    told = Path(f"/proc/{running.process.pid}/stat").read_text().rpartition(")")[2].split()
    spent = (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")
    assert spent < 2.0


UNWANTED = (
    "sklearn",
    "scipy",
    "pandas",
    "torch",
    "tensorflow",
    "onnx",
    "joblib",
    "fastapi",
    "uvicorn",
    "click",
    "mlpack",
    "jinja2",
)


def test_nothing_is_imported_that_the_model_does_not_need(project):
    code = (
        "import asyncio, sys\n"
        "from runtime.process.worker import run\n"
        "from runtime.service.board import Board\n"
        "from runtime.settings import Settings\n"
        "import app, runtime.rpc.server\n"
        "asyncio.run(app.application.start(Settings(), Board.create()))\n"
        f"print([name for name in {UNWANTED!r} if name in sys.modules])\n"
    )
    ended = subprocess.run([sys.executable, "-c", code], cwd=project, capture_output=True, text=True, check=True)
    assert ended.stdout == "[]\n"


POOLS = """
import json, sys, threadpoolctl
pools = [pool["num_threads"] for pool in threadpoolctl.threadpool_info()]
print(json.dumps({"msg": "pools", "threads": pools}), file=sys.stderr, flush=True)
"""


def test_threads_of_numpy(start, project, tmp_path):
    """OpenBLAS reads how many it may have when NumPy is imported, and has as many as there are processors else."""
    folder = Path(shutil.copytree(project, tmp_path / "pools"))
    with (folder / "app.py").open("a") as app:
        app.write(POOLS)
    for threads in (1, 2):
        running = start(folder, "--threads", str(threads))
        (told,) = [line["threads"] for line in running.lines() if line["msg"] == "pools"]
        assert set(told) == {threads}


def test_a_thousand_connections_at_once(start, project):
    """More than most shells allow a process: the service takes what it is allowed at most."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    running = start(project)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    body = (project / "example.json").read_bytes()
    request = b"POST /predict HTTP/1.1\r\nhost: a\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
    try:
        clients = [socket.create_connection(("127.0.0.1", running.port), timeout=30) for _ in range(1000)]
        for client in clients:
            client.sendall(request)
        assert {client.recv(12) for client in clients} == {b"HTTP/1.1 200"}
        for client in clients:
            client.close()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert running.predict() == 200
    assert memory(running) < MEMORY
    assert running.end() == 0


def test_few_descriptors(project, tmp_path, until):
    """Who is too many is told so, as long as that takes no descriptor either; who was there goes on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = f"ulimit -n 128; exec {sys.executable} -m runtime --port {port} --grpc-port -1 --announce json"
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(["bash", "-c", command], cwd=project, stdout=subprocess.PIPE, stderr=log)
    try:
        assert process.stdout
        assert json.loads(process.stdout.readline())["ok"]
        clients = [socket.create_connection(("127.0.0.1", port), timeout=20) for _ in range(100)]
        answers = [answer_to(client) for client in clients]
        assert answers.count(b"HTTP/1.1 200") >= 20
        assert b"HTTP/1.1 503" in answers
        assert set(answers) <= {b"HTTP/1.1 200", b"HTTP/1.1 503", b""}
        for client in clients:
            client.close()
        until(lambda: lives(port))
    finally:
        process.terminate()
        assert process.wait(30) == 0
        if process.stdout:
            process.stdout.close()


def lives(port: int) -> bool:
    """Descriptors are free again once the service has seen that its clients are gone."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        return answer_to(client) == b"HTTP/1.1 200"


def answer_to(client: socket.socket) -> bytes:
    """How the answer begins; empty where the connection was reset."""
    try:
        client.sendall(b"GET /livez HTTP/1.1\r\nhost: a\r\n\r\n")
        return client.recv(12)
    except OSError:
        return b""
