"""`mlpack serve` as a user starts it: a process of its own, on ports that are free."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HOST = "127.0.0.1"
_STARTS_WITHIN = 60.0
_ENDS_WITHIN = 40.0


@dataclass(frozen=True)
class Served:
    """A service that runs."""

    process: subprocess.Popen[str]
    port: int
    grpc_port: int
    log: Path

    @property
    def at(self) -> dict[str, str]:
        """Where each protocol is."""
        return {"http": f"{HOST}:{self.port}", "grpc": f"{HOST}:{self.grpc_port}"}

    @property
    def url(self) -> str:
        """Where REST is."""
        return f"http://{HOST}:{self.port}"

    def ask(self, path: str, document: Any = None, *, timeout: float = 30.0) -> tuple[int, Any]:
        """Status and body of the answer on a connection of its own: a GET, or a POST of ``document``."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=timeout)
        try:
            if document is None:
                connection.request("GET", path)
            else:
                connection.request("POST", path, json.dumps(document), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        return answer.status, json.loads(text) if text.startswith(("{", "[")) else text

    def stop(self) -> int:
        """End it as an orchestrator does. Its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(_ENDS_WITHIN)


@contextmanager
def served(bundle: Path, folder: Path, *options: str, **settings: object) -> Iterator[Served]:
    """``mlpack serve bundle`` while the block runs. It logs to ``folder``, and renders beside the bundle.

    ``settings`` are those that have no option, only a variable in the environment.
    """
    log = folder / "service.log"
    command = [sys.executable, "-m", "mlpack", "serve", str(bundle), "-p", "0", "--grpc-port", "0", "--json", *options]
    variables = {"cache": bundle.parent / "cache", **settings}
    environment = {**os.environ, **{f"MLPACK_{name.upper()}": str(value) for name, value in variables.items()}}
    with log.open("w") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True, env=environment)
    try:
        told = _announced(process, log)
        rest, grpc = (int(told[one].rpartition(":")[2]) for one in ("rest", "grpc"))
        yield Served(process, rest, grpc, log)
    finally:
        process.kill()
        process.communicate()


def _announced(process: subprocess.Popen[str], log: Path) -> Any:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, f"the service ended with {process.wait()}: {log.read_text()[-2000:]}"
    return json.loads(line)["data"]


def until(true: Any, seconds: float = 10.0) -> bool:
    """Whether ``true()`` came true within ``seconds``."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True
