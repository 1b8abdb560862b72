"""Starts a service on its core, waits until it answers, reads what it costs, and ends it."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from measure import process_tree, proportional_size

from serving.cores import SERVER, pinned

HOST = "127.0.0.1"
_TICKS = os.sysconf("SC_CLK_TCK")
_START_SECONDS = 90.0
_STOP_SECONDS = 15.0
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""More threads than the one core of the server would only wait for each other."""


class NotServingError(Exception):
    """The service did not start, or answers something else than it should."""


@dataclass(frozen=True)
class Launch:
    """How a service is started. ``ready`` is a path that answers 200 once it serves; empty where connecting is enough."""

    command: Sequence[str]
    folder: Path
    port: int
    ready: str
    environment: Mapping[str, str] = field(default_factory=dict)
    grpc_port: int = 0


@dataclass(frozen=True)
class Serving:
    """A service that runs: its first process, and those that this one started."""

    pid: int
    port: int
    grpc_port: int = 0

    def processor_seconds(self) -> float:
        """Seconds of processor time so far, of all its processes."""
        return sum(_processor_seconds(pid) for pid in process_tree(self.pid))

    def memory(self) -> int:
        """Bytes of resident memory of all its processes, pages that they share counted once."""
        return sum(proportional_size(pid) for pid in process_tree(self.pid))

    def resident(self) -> int:
        """Bytes of resident memory of the largest of its processes, whatever it shares with others."""
        return max(_resident(pid) for pid in process_tree(self.pid))


@contextmanager
def started(launch: Launch) -> Iterator[Serving]:
    """The service while the block runs, on the core of servers. Raises NotServingError with the end of what it wrote."""
    log = launch.folder / "service.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            pinned(SERVER, launch.command),
            cwd=launch.folder,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **ONE_THREAD, **launch.environment},
            start_new_session=True,
        )
    try:
        wait_until_ready(process, launch.port, launch.ready, pause=0.05, log=log)
        yield Serving(process.pid, launch.port, launch.grpc_port)
    finally:
        stop(process)


def wait_until_ready(process: subprocess.Popen[bytes], port: int, ready: str, pause: float, log: Path) -> None:
    """Return once ``ready`` answers 200, or once ``port`` accepts where it is empty. Raises NotServingError."""
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            raise NotServingError(f"ended with {process.returncode}: {_last_words(log)}")
        if _answers(port, ready):
            return
        time.sleep(pause)
    raise NotServingError(f"not ready after {_START_SECONDS:.0f} s: {_last_words(log)}")


def stop(process: subprocess.Popen[bytes]) -> None:
    """End the service as an orchestrator does; what is left of its session after that is killed."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(_STOP_SECONDS)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        port: int = taken.getsockname()[1]
        return port


def post(port: int, path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    """The body of the answer. Raises NotServingError where it is no 200."""
    connection = http.client.HTTPConnection(HOST, port, timeout=30)
    try:
        connection.request("POST", path, body, dict(headers))
        answer = connection.getresponse()
        told = answer.read()
    finally:
        connection.close()
    if answer.status != 200:
        raise NotServingError(f"{path} answered {answer.status}: {told[:300].decode(errors='replace')}")
    return told


def call(port: int, method: str, message: bytes) -> bytes:
    """The message of the answer to a call of gRPC. Raises NotServingError where it fails: h2load would not see that."""
    import grpc

    with grpc.insecure_channel(f"{HOST}:{port}") as channel:
        try:
            answer: bytes = channel.unary_unary(method)(message, timeout=30)
        except grpc.RpcError as error:
            raise NotServingError(f"{method} failed: {error}") from error
    return answer


def _answers(port: int, ready: str) -> bool:
    try:
        if not ready:
            socket.create_connection((HOST, port), timeout=1).close()
            return True
        connection = http.client.HTTPConnection(HOST, port, timeout=2)
        try:
            connection.request("GET", ready)
            return connection.getresponse().status == 200
        finally:
            connection.close()
    except (OSError, http.client.HTTPException):
        return False


def _last_words(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return " / ".join(lines[-3:]) or "it wrote nothing"


def _processor_seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _resident(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:")), 0)
