"""A container of an image, locked down as in earnest: started on ports of its own, and removed whatever happens."""

from __future__ import annotations

import http.client
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from mlpack.core.errors import SmokeTestError
from mlpack.images.engine import Engine
from mlpack.images.failures import told

REST, GRPC = 8080, 8081
READY_SECONDS = 60.0
_PAUSE_SECONDS = 0.01
_LOG_LINES = 60
_RESIDENT = """
import glob
print(sum(int(line.split()[1]) for name in glob.glob('/proc/[0-9]*/status') for line in open(name) if line.startswith('VmRSS')
          and f'/{__import__("os").getpid()}/' not in name))
"""
LOCKED: Mapping[str, Any] = {
    "read_only": True,
    "cap_drop": ["ALL"],
    "security_opt": ["no-new-privileges"],
    "pids_limit": 512,
}
"""How every service can be run, and this one is: `docker run --read-only --cap-drop ALL --security-opt no-new-privileges`."""


@dataclass(frozen=True)
class Running:
    """A service in a container. ``seconds`` is from its start to the first time that it said it was ready."""

    engine: Engine
    name: str
    rest: int
    grpc: int
    seconds: float

    @property
    def log(self) -> str:
        """The last lines that it wrote."""
        return log_of(self.engine, self.name)

    def resident_bytes(self) -> int:
        """The memory of all its processes that is resident."""
        with told("the memory of the container cannot be read"):
            made = self.engine.api.exec_create(self.name, ["python", "-c", _RESIDENT], stderr=False)
            return int(self.engine.api.exec_start(made["Id"])) * 1024


@contextmanager
def running(
    engine: Engine, image: str, *, ready_seconds: float = READY_SECONDS, user: str | None = None
) -> Iterator[Running]:
    """A container of ``image`` that is ready. It is gone after the block.

    Raises EngineError where it cannot be started, SmokeTestError with its log where it ends or does not get ready.
    """
    with named_container(engine) as name:
        with told(f"a container of {image} cannot be started"):
            _create(engine, image, name, user)
            begun = time.monotonic()
            engine.api.start(name)
            ports = engine.api.inspect_container(name)["NetworkSettings"]["Ports"]
        rest, grpc = (_published(ports, port) for port in (REST, GRPC))
        _wait(engine, name, rest, begun + ready_seconds)
        yield Running(engine, name, rest, grpc, time.monotonic() - begun)


@contextmanager
def named_container(engine: Engine) -> Iterator[str]:
    """A name for a container, which is gone after the block: also one whose creation was interrupted before it was known."""
    name = f"mlpack-{secrets.token_hex(6)}"
    try:
        yield name
    finally:
        for pause in (0.0, 0.5):
            time.sleep(pause)
            if _is_removed(engine, name):
                break


def _is_removed(engine: Engine, name: str) -> bool:
    """Remove the container; False where there is none of that name, or none yet. Raises EngineError."""
    import docker.errors

    with told(f"the container {name} cannot be removed"):
        try:
            engine.api.remove_container(name, force=True, v=True)
        except docker.errors.NotFound:
            return False
    return True


def log_of(engine: Engine, container: str, lines: int = _LOG_LINES) -> str:
    """The last lines of a container's log."""
    with told("the log of the container cannot be read"):
        return str(engine.api.logs(container, tail=lines).decode(errors="replace")).strip()


def _create(engine: Engine, image: str, name: str, user: str | None) -> None:
    ports = dict.fromkeys((REST, GRPC), (engine.listens, None) if engine.listens else None)
    host_config = engine.api.create_host_config(port_bindings=ports, **LOCKED)
    engine.api.create_container(image, name=name, host_config=host_config, ports=list(ports), user=user)


def _published(ports: Mapping[str, Any], port: int) -> int:
    bound = ports.get(f"{port}/tcp") or []
    return int(bound[0]["HostPort"]) if bound else 0


def _wait(engine: Engine, container: str, port: int, until: float) -> None:
    """Until the service says that it is ready. Raises SmokeTestError."""
    while not (port and _is_ready(engine.host, port)):
        with told("the container cannot be asked"):
            state = engine.api.inspect_container(container)["State"]
        if not state["Running"]:
            raise SmokeTestError(
                f"the service in the image ended before it was ready, with exit code {state['ExitCode']}",
                why=log_of(engine, container) or "it wrote nothing",
                hint="see whether the bundle is served here: mlpack serve BUNDLE",
            )
        if time.monotonic() > until:
            raise SmokeTestError(
                "the service in the image did not get ready in time",
                why=log_of(engine, container) or "it wrote nothing",
                hint="see whether the bundle is served here: mlpack serve BUNDLE",
            )
        time.sleep(_PAUSE_SECONDS)


def _is_ready(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", "/v2/health/ready")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
