"""MLServer itself, started on an exported folder from an environment of its own."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from clients.environments import python_of

HOST = "127.0.0.1"
_STARTS_WITHIN = 120.0
_START = "import sys; from mlserver.cli import main; sys.exit(main())"


@dataclass(frozen=True)
class MLServer:
    """A server that runs, and is ready."""

    port: int
    grpc_port: int
    log: Path

    def ask(self, path: str, body: bytes | None = None) -> tuple[int, Any]:
        """Status and document of the answer: a GET, or a POST of ``body``."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=60)
        try:
            connection.request("GET" if body is None else "POST", path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        return answer.status, json.loads(text) if text else None


@contextmanager
def mlserver(folder: Path, names: list[str], log: Path) -> Iterator[MLServer]:
    """MLServer on ``folder`` while the block runs; all models called ``names`` are ready before it begins."""
    ports = _free_ports(3)
    variables = dict(zip(("HTTP_PORT", "GRPC_PORT", "METRICS_PORT"), map(str, ports), strict=True))
    settings = {**variables, "HOST": HOST, "PARALLEL_WORKERS": "1", "DEBUG": "false"}
    environment = {**os.environ, **{f"MLSERVER_{name}": value for name, value in settings.items()}}
    command = [str(python_of("mlserver")), "-c", _START, "start", str(folder)]
    with log.open("w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environment, cwd=log.parent)
    server = MLServer(ports[0], ports[1], log)
    try:
        _wait(server, process, names)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(server: MLServer, process: subprocess.Popen[bytes], names: list[str]) -> None:
    end = time.monotonic() + _STARTS_WITHIN
    while not all(_is_ready(server, name) for name in names):
        assert process.poll() is None, server.log.read_text()[-4000:]
        assert time.monotonic() < end, server.log.read_text()[-4000:]
        time.sleep(0.2)


def _is_ready(server: MLServer, name: str) -> bool:
    try:
        return server.ask(f"/v2/models/{name}/ready")[0] == 200
    except OSError:
        return False


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server((HOST, 0)) for _ in range(count)]
    try:
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()
