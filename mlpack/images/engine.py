"""The container engine: found where the docker command finds it, and errors that tell its absence from lack of rights."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from mlpack.core.errors import EngineError
from mlpack.images.address import engine_address

OLDEST_API = (1, 40)
"""Of Docker 19.03 (2019). Older ones do not say which image they built."""
_SECONDS = 60
_LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Engine:
    """An engine that answers. Ports that it publishes are bound to the address ``listens``, and reached at ``host``."""

    api: Any
    address: str
    version: str
    host: str = _LOOPBACK
    listens: str = _LOOPBACK


@contextmanager
def connected() -> Iterator[Engine]:
    """The engine that DOCKER_HOST names, else DOCKER_CONTEXT or the context in use, else the machine's own.

    Raises EngineError: there is none, it may not be used, it is too old, or none that runs Linux.
    """
    import docker

    address, tls = engine_address()
    facts = _facts(address, tls)
    _check(address, facts)
    api = docker.APIClient(base_url=address, tls=tls, version=str(facts["ApiVersion"]), timeout=_SECONDS)
    host = _remote_host(address)
    try:
        yield Engine(api, address, str(facts["Version"]), host or _LOOPBACK, "" if host else _LOOPBACK)
    finally:
        api.close()


def _facts(address: str, tls: Any) -> dict[str, Any]:
    """What the engine says of itself. Raises EngineError."""
    import docker
    import requests.exceptions

    api = None
    try:
        api = docker.APIClient(base_url=address, tls=tls, version=".".join(map(str, OLDEST_API)), timeout=_SECONDS)
        facts: dict[str, Any] = api.version(api_version=False)
    except (docker.errors.DockerException, requests.exceptions.RequestException, ValueError, OSError) as error:
        raise _not_connected(address, error) from error
    finally:
        if api is not None:
            api.close()
    return facts


def _remote_host(address: str) -> str:
    """The machine that the engine runs on, empty where it is this one: ports on its loopback are not reached from here."""
    host = None if address.startswith(("unix:", "npipe:")) else urlsplit(address).hostname
    return "" if host in {None, "localhost", _LOOPBACK, "::1"} else str(host)


def _not_connected(address: str, error: Exception) -> EngineError:
    number = _errno_in(error)
    if number == errno.EACCES:
        return EngineError(
            f"the container engine at {address} may not be used by this user",
            why="its socket belongs to root and the group docker",
            hint="sudo usermod -aG docker $USER, and log in again; or run an engine of your own: dockerd-rootless.sh",
        )
    if number == errno.ENOENT:
        return EngineError(
            "there is no container engine on this machine",
            why=f"there is no socket at {address}",
            hint="install Docker Engine (Debian: apt install docker.io), or name one: DOCKER_HOST=unix:///path/to/docker.sock;"
            "\nwithout an engine, --render-only DIR writes the build context",
        )
    if number == errno.ECONNREFUSED:
        return EngineError(
            f"the container engine at {address} does not run",
            why="nobody listens there",
            hint="sudo systemctl start docker"
            if not _remote_host(address) and address.startswith("unix:")
            else "check DOCKER_HOST, or the context in use: docker context ls; there: sudo systemctl start docker",
        )
    return EngineError(
        f"no container engine answers at {address}",
        why=" ".join(str(error).split()),
        hint="check DOCKER_HOST, or the context in use: docker context ls",
    )


def _errno_in(error: BaseException | None) -> int | None:
    """The number of the system's error behind those that the SDK and its libraries wrap around it."""
    seen: set[int] = set()
    pending: list[Any] = [error]
    while pending:
        one = pending.pop()
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        if isinstance(one, OSError) and one.errno:
            return one.errno
        pending += [one.__cause__, one.__context__, getattr(one, "reason", None), *one.args]
    return None


def _check(address: str, facts: dict[str, Any]) -> None:
    version = tuple(int(part) for part in str(facts.get("ApiVersion", "0")).split(".") if part.isdigit())
    if version < OLDEST_API:
        raise EngineError(
            f"the container engine at {address} is too old: {facts.get('Version')}",
            why=f"its API has version {facts.get('ApiVersion')}, and has to have {'.'.join(map(str, OLDEST_API))}",
            hint="update it to Docker Engine 19.03 or newer",
        )
    if str(facts.get("Os", "linux")) != "linux":
        raise EngineError(
            f"the container engine at {address} runs {facts['Os']} containers, and a service is one for Linux",
            hint="switch it to Linux containers",
        )
