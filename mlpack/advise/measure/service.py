"""`mlpack serve` as everybody starts it, on free ports of this machine, and what it costs while it is asked."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from typing import IO, Any

from mlpack.advise.measure.processes import processor_seconds, resident_memory
from mlpack.advise.measure.requests import Requests
from mlpack.advise.measurements import Load, Way
from mlpack.core.errors import MlpackError, WorkerError, error_from_json
from mlpack.runtime.manifest import Manifest
from mlpack.runtime.settings import Settings

_GENERATOR = (sys.executable, "-m", "mlpack.advise.measure.generator")
_STOP_SECONDS = 20.0
_WARM = 0.25
_PATIENCE = 120.0
_SLACK = 1 << 16


@dataclass(frozen=True)
class Served:
    """A service that runs: its first process, its ports, and the seconds that it took to be ready."""

    pid: int
    port: int
    grpc_port: int
    start: float

    def memory(self) -> int:
        """Bytes that all its processes hold resident."""
        return resident_memory(self.pid)

    def processor_seconds(self) -> float:
        """Processor time so far, of all its processes."""
        return processor_seconds(self.pid)


@contextmanager
def served(manifest: Manifest, requests: Requests, *, vouching: Sequence[str]) -> Iterator[Served]:
    """The service of the judged bundle with one worker and one processor for its model, while the block runs.

    Raises what `mlpack serve` ends with.
    """
    defaults = Settings()
    limits = [
        f"--max-rows={max(defaults.max_rows, requests.rows)}",
        f"--max-body={max(defaults.max_body, requests.longest + _SLACK)}",
    ]
    # The model was judged before this. Where its user vouched for it, it may have been saved anew, with another hash.
    vouched = [*vouching, f"--trust={manifest.model_sha256}"]
    command = [sys.executable, "-m", "mlpack", "serve", str(manifest.folder.absolute()), "--json", "--host=127.0.0.1"]
    options = ["--port=0", "--grpc-port=0", "--workers=1", "--threads=1", *limits, *vouched]
    begun = time.perf_counter()
    with tempfile.TemporaryFile() as log:
        # In a session of its own: Ctrl-C is for us, and we end it.
        process = subprocess.Popen(
            [*command, *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            env=_environment(),
            start_new_session=True,
        )
        try:
            yield _announced(process, log, begun)
        finally:
            _stop(process)


def load(service: Served, requests: Requests, way: Way, connections: int, seconds: float) -> Load:
    """What the service does for ``seconds`` while so many connections ask it, after a quarter of that for warming."""
    _generate(service, requests, way, connections, _WARM * seconds)
    before = service.processor_seconds()
    told = _generate(service, requests, way, connections, seconds)
    used = service.processor_seconds() - before
    return Load(connections, told["requests"] / told["seconds"], told["p50"], told["p99"], used / told["requests"])


def _generate(service: Served, requests: Requests, way: Way, connections: int, seconds: float) -> dict[str, float]:
    """What a generator in a process of its own counted. Raises WorkerError where an answer was a refusal."""
    request = requests.by_way[way]
    grpc = way == "gRPC"
    order = {
        "grpc": grpc,
        "port": service.grpc_port if grpc else service.port,
        "path": request.path,
        "headers": dict(request.headers),
        "bytes": len(request.body),
        "connections": connections,
        "seconds": seconds,
    }
    spoken = json.dumps(order).encode() + b"\n" + request.body
    try:
        ended = subprocess.run(_GENERATOR, input=spoken, capture_output=True, check=False, timeout=seconds + _PATIENCE)
    except subprocess.TimeoutExpired as error:
        raise WorkerError(
            f"{way} was not answered within {_PATIENCE:.0f} s", hint="try it: mlpack serve MODEL"
        ) from error
    if ended.returncode:
        raise WorkerError(
            f"{way} was not answered as it should",
            why=ended.stderr.decode(errors="replace").strip().rpartition("\n")[2],
            hint="try it: mlpack serve MODEL",
        )
    told: dict[str, float] = json.loads(ended.stdout)
    return told


def _announced(process: subprocess.Popen[bytes], log: IO[bytes], begun: float) -> Served:
    """The service once it is ready. Raises the error that it ended with."""
    assert process.stdout is not None
    line = process.stdout.readline()
    start = time.perf_counter() - begun
    document: dict[str, Any] = json.loads(line) if line else {}
    if not document.get("ok"):
        raise _error(document, log)
    data = document["data"]
    return Served(data["pid"], _port(data["rest"]), _port(data["grpc"]), start)


def _error(document: dict[str, Any], log: IO[bytes]) -> MlpackError:
    for told in document.get("errors", ()):
        return error_from_json(told, WorkerError)
    log.seek(0)
    words = log.read().decode(errors="replace").strip()
    return WorkerError("the service did not start", why=words[-500:], hint="try it: mlpack serve MODEL")


def _port(address: str) -> int:
    return int(address.rpartition(":")[2])


def _environment() -> dict[str, str]:
    """The user's, without the settings of a service: keys, certificates and ports are not what is measured."""
    settings = {f"MLPACK_{option.name.upper()}" for option in fields(Settings)}
    return {name: value for name, value in os.environ.items() if name not in settings}


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the service as an orchestrator does; what is left of its session after that is killed."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(_STOP_SECONDS)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout is not None:
        process.stdout.close()
