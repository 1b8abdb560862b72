"""A registry on this machine, to push to: Debian's ``docker-registry``, with a folder that goes with it."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from mlpack.core.errors import EngineError

SECONDS_TO_ANSWER = 30.0


@contextmanager
def registry() -> Iterator[str]:
    """The ``host:port`` of an empty registry; an engine speaks to one on loopback without TLS.

    Raises EngineError where it is not installed or does not start.
    """
    program = shutil.which("docker-registry")
    if not program:
        raise EngineError(
            "docker-registry is not installed", hint="apt-get install --no-install-recommends docker-registry"
        )
    with tempfile.TemporaryDirectory(prefix="mlpack-registry-") as temporary:
        folder, address = Path(temporary), f"127.0.0.1:{_free_port()}"
        (folder / "config.yml").write_text(json.dumps(settings(folder, address)))  # JSON is YAML
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [program, "serve", str(folder / "config.yml")], stdout=log, stderr=log, start_new_session=True
            )
        try:
            _wait(process, address, folder / "log")
            yield address
        finally:
            process.terminate()
            process.wait()


def settings(folder: Path, address: str) -> dict[str, object]:
    """What the registry is told: where to keep and where to listen; images can be deleted."""
    return {
        "version": 0.1,
        "log": {"level": "warn"},
        "storage": {"filesystem": {"rootdirectory": str(folder / "data")}, "delete": {"enabled": True}},
        "http": {"addr": address},
    }


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def _wait(process: subprocess.Popen[bytes], address: str, log: Path) -> None:
    until = time.monotonic() + SECONDS_TO_ANSWER
    while not _answers(address):
        if process.poll() is not None or time.monotonic() > until:
            raise EngineError("docker-registry does not start", details=log.read_text(errors="replace")[-4000:])
        time.sleep(0.05)


def _answers(address: str) -> bool:
    with closing(HTTPConnection(address, timeout=5)) as connection:
        try:
            connection.request("GET", "/v2/")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
