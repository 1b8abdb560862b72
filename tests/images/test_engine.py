"""Where the engine is, and why there is none: each reason has words and a command of its own."""

import http.server
import json
import os
import socket
import socketserver
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from mlpack.core.errors import EngineError
from mlpack.images.engine import _remote_host, connected

ASK = "from mlpack.images.engine import connected\nwith connected() as engine: print(engine.version)"


def refused(monkeypatch, address):
    monkeypatch.setenv("DOCKER_HOST", address)
    with pytest.raises(EngineError) as caught, connected():
        pass
    return caught.value


def test_it_is_found_by_docker_host(engine):
    with connected() as found:
        assert found.version == engine.version()["Version"]
        assert found.host == found.listens == "127.0.0.1"


def test_no_engine_at_all(monkeypatch, tmp_path):
    error = refused(monkeypatch, f"unix://{tmp_path}/gone.sock")
    assert "there is no container engine" in error.message
    assert "--render-only" in error.hint


def test_an_engine_that_does_not_run(monkeypatch, tmp_path):
    with socket.socket(socket.AF_UNIX) as left_over:
        left_over.bind(str(tmp_path / "docker.sock"))
    error = refused(monkeypatch, f"unix://{tmp_path}/docker.sock")
    assert "does not run" in error.message
    assert "systemctl start" in error.hint


def test_an_address_that_is_none(monkeypatch):
    error = refused(monkeypatch, "nonsense://here")
    assert error.exit_code == 8
    assert "nonsense" in error.message


@pytest.mark.usefixtures("engine")
def test_an_engine_that_is_not_for_this_user():
    """As nobody, who may look into the folder of the socket, and not write to it."""
    folder = Path(os.environ["DOCKER_HOST"].removeprefix("unix://")).parent
    modes = {one: one.stat().st_mode & 0o7777 for one in (folder, folder.parent)}
    try:
        for one in modes:
            one.chmod(0o755)
        code = (
            f"{ASK}\nimport os; os.setgroups([]); os.setgid(65534); os.setuid(65534)\n{ASK}"  # imports are done by then
        )
        ended = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    finally:
        for one, mode in modes.items():
            one.chmod(mode)
    assert "may not be used by this user" in ended.stderr, ended.stderr


class Old(http.server.BaseHTTPRequestHandler):
    """What answers as an engine of 2017 does."""

    def do_GET(self):
        body = json.dumps({"Version": "17.03", "ApiVersion": "1.27", "MinAPIVersion": "1.12", "Os": "linux"}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self):
        return "here"

    def log_message(self, *_):
        pass


def test_an_engine_that_is_too_old(monkeypatch, tmp_path):
    with socketserver.UnixStreamServer(str(tmp_path / "old.sock"), Old) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        error = refused(monkeypatch, f"unix://{tmp_path}/old.sock")
        server.shutdown()
    assert "too old: 17.03" in error.message
    assert "1.27" in error.why


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("unix:///var/run/docker.sock", ""),
        ("npipe:////./pipe/docker_engine", ""),
        ("tcp://127.0.0.1:2375", ""),
        ("tcp://localhost:2375", ""),
        ("tcp://docker:2375", "docker"),
        ("https://10.0.0.7:2376", "10.0.0.7"),
        ("ssh://user@builder", "builder"),
    ],
)
def test_ports_of_an_engine_elsewhere_are_asked_for_there(address, host):
    assert _remote_host(address) == host
