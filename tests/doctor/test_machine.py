"""The machine and its container engine, as they are."""

from __future__ import annotations

import http.server
import os
import platform
import threading
from collections.abc import Iterator

import pytest

from mlpack.doctor.machine import container_engine, this_machine


def test_the_machine_is_this_one() -> None:
    machine = this_machine()
    assert machine.python == platform.python_version()
    assert 0 < machine.cpus <= (os.cpu_count() or 1)
    assert 100e6 < machine.memory <= os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def test_no_engine_is_a_reason_and_not_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    engine = container_engine()
    assert engine.version == ""
    assert engine.reason == "nothing answers at tcp://127.0.0.1:1"
    assert engine.to_json()["present"] is False


class Deaf(http.server.BaseHTTPRequestHandler):
    """Takes a request and never answers it."""

    def do_GET(self) -> None:
        threading.Event().wait(5)


@pytest.fixture
def deaf_engine() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Deaf)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"tcp://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.socket.close()


@pytest.mark.timeout(30)
def test_an_engine_that_hangs_is_given_up(deaf_engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", deaf_engine)
    engine = container_engine()
    assert engine.version == ""
    assert engine.reason == f"{deaf_engine} did not answer within 2 s"
