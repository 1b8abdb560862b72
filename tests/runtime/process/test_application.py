"""The same application under a server that is not ours: ``uvicorn app:app``, with settings from the environment."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request

CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("MLPACK_")}


def uvicorn(folder, port, **environment):
    command = [sys.executable, "-m", "uvicorn", "app:app", "--port", str(port), "--log-level", "error"]
    return subprocess.Popen(command, cwd=folder, env=CLEAN | environment, stderr=subprocess.PIPE, text=True)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def ask(port, path, body=None):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", body, timeout=20) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


def comes_up(port) -> bool:
    try:
        return ask(port, "/readyz")[0] == 200
    except OSError:
        return False


def test_under_uvicorn(project, until):
    port = free_port()
    process = uvicorn(project, port, MLPACK_MAX_ROWS="1")
    try:
        until(lambda: comes_up(port))
        example = json.loads((project / "example.json").read_text())
        status, body = ask(port, "/predict", json.dumps(example).encode())
        assert status == 200
        assert json.loads(body)["predictions"]
        assert ask(port, "/predict", json.dumps({"instances": example["instances"] * 2}).encode())[0] == 413
        assert ask(port, "/openapi.json")[0] == 200
    finally:
        process.terminate()
        _, told = process.communicate(timeout=30)
    assert process.returncode in {0, -15}
    assert not told


def test_under_uvicorn_with_a_damaged_bundle(project, tmp_path):
    folder = shutil.copytree(project, tmp_path / "spoilt")
    (folder / "model" / "model.onnx").unlink()
    process = uvicorn(folder, free_port())
    _, told = process.communicate(timeout=60)
    assert process.returncode == 3, "uvicorn's own code for an application that does not start"
    assert "lists 'model.onnx', which is not in it" in told
