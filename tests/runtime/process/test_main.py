"""``python -m runtime``: what is told when the service is ready, and when it cannot start."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

CLEAN = {name: value for name, value in os.environ.items() if not name.startswith("MLPACK_")}


def refused(folder: Path, *options: str, module: str = "runtime", **environment: str) -> tuple[int, str, dict]:
    """Exit code, stderr and the JSON document of a start that fails."""
    command = [sys.executable, "-m", module, "--port", "0", "--grpc-port", "0", "--announce", "json", *options]
    ended = subprocess.run(
        command, check=False, cwd=folder, capture_output=True, text=True, timeout=60, env=CLEAN | environment
    )
    document = json.loads(ended.stdout)
    assert document["command"] == "serve"
    assert document["ok"] is False
    assert document["data"] is None
    assert document["exit_code"] == ended.returncode
    (error,) = document["errors"]
    assert f"error: {error['message']}" in ended.stderr
    return ended.returncode, ended.stderr, error


def spoilt(project: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(project, tmp_path / "spoilt"))


def test_what_is_told(start, project):
    running = start(project)
    told = running.told
    assert told["name"] == "logistic"
    assert told["docs"] == f"{told['rest']}/docs"
    assert told["pid"] == running.process.pid
    assert told["workers"] == 1
    assert told["seconds_to_ready"] > 0
    assert running.ask("/docs")[0] == 200


@pytest.mark.parametrize("how", ["keyless", "variable", "file"])
def test_the_command_that_is_told_works_when_it_is_pasted(start, project, tmp_path, how):
    options, environment = [], {}
    if how == "variable":
        environment = {"MLPACK_API_KEY": "very secret"}
    if how == "file":
        (tmp_path / "a key").write_text("very secret\n")
        options = ["--api-key-file", str(tmp_path / "a key")]
    running = start(project, *options, **environment)
    assert "very secret" not in json.dumps(running.told)
    answered = subprocess.run(
        ["bash", "-c", running.told["curl"]], capture_output=True, check=True, env=CLEAN | environment
    )
    (prediction,) = json.loads(answered.stdout)["predictions"]
    assert set(prediction) == {"label", "probabilities"}
    assert (running.predict() == 200) is (how == "keyless")


def test_for_people(project):
    command = [sys.executable, "-m", "runtime", "--port", "0", "--grpc-port", "-1"]
    with subprocess.Popen(
        command, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=CLEAN
    ) as process:
        assert process.stdout
        lines = [process.stdout.readline().decode() for _ in range(6)]
        process.terminate()
    assert process.returncode == 0
    assert lines[0].startswith("logistic 1 is served, ready after ")
    assert [line.split()[0] for line in lines[1:4]] == ["REST", "docs", "stop"]
    assert lines[4] == "\n"
    assert lines[5].startswith("curl http://127.0.0.1:")


def test_nobody_reads_what_is_told(project, until):
    """A pipe that is closed already does not end the service."""
    reading, writing = os.pipe()
    os.close(reading)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "runtime", "--port", str(port), "--grpc-port", "-1"]
    process = subprocess.Popen(command, cwd=project, stdout=writing, env=CLEAN)
    os.close(writing)
    try:
        until(lambda: comes_up(port))
    finally:
        process.terminate()
    assert process.wait(30) == 0


def comes_up(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=10) as answer:
            return answer.status == 200
    except OSError:
        return False


@pytest.mark.parametrize("option", ["--port", "--grpc-port"])
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_port_that_is_taken(project, option, workers):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, told, error = refused(project, option, port, "--workers", workers)
    assert code == 2
    assert error["message"] == f"port {port} of 127.0.0.1 is in use"
    assert f"by process {os.getpid()} (" in told
    assert f"next: {option} 0 takes a free port" in told


def test_a_port_of_another_service(start, project):
    """gRPC servers share their port with others of the same user, unless somebody looks."""
    running = start(project)
    port = running.grpc.rpartition(":")[2]
    assert refused(project, "--grpc-port", port)[2]["message"] == f"port {port} of 127.0.0.1 is in use"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--host", "203.0.113.7"], "203.0.113.7 is no address of this machine"),
        (["--host", "nowhere.invalid"], "nowhere.invalid is no address of this machine"),
        (["--nothing"], "unrecognized arguments: --nothing"),
        (["--port", "x"], "argument --port: invalid int value: 'x'"),
        (["--timeout", "nan"], "--timeout has to be more than 0"),
        (["--drain-delay", "-1"], "--drain-delay has to be 0 or more"),
        (["--port", "7", "--grpc-port", "7"], "REST and gRPC cannot share port 7"),
        (["--api-key-file", "nothing"], "nothing cannot be read"),
        (["--otlp-endpoint", "nothing"], "nothing is no address of a collector"),
        (["--tls-cert", "nothing", "--tls-key", "nothing"], "nothing, nothing cannot be used for TLS"),
    ],
)
def test_options_that_cannot_be_used(project, options, message):
    code, _, error = refused(project, *options)
    assert (code, error["message"]) == (2, message)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_bundle_that_is_damaged(project, tmp_path, workers):
    folder = spoilt(project, tmp_path)
    (folder / "model" / "model.onnx").write_bytes(b"")
    code, told, _ = refused(folder, "--workers", workers)
    assert code == 7
    assert told.count("error:") == 1, "it is told once, not by every worker"


def test_other_answers_than_the_golden_ones(project, tmp_path):
    """A service whose model answers differently here does not start."""
    import hashlib

    import numpy as np

    folder = spoilt(project, tmp_path)
    path, manifest = folder / "model" / "golden.npz", folder / "model" / "mlpack.json"
    with np.load(path) as stored:
        arrays = {name: array + 1 if "prob" in name else array for name, array in stored.items()}
    np.savez(path, **arrays)
    document = json.loads(manifest.read_text())
    (entry,) = [entry for entry in document["files"] if entry["path"] == "golden.npz"]
    entry["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    manifest.write_text(json.dumps(document))
    assert refused(folder)[0] == 3


def test_a_library_that_is_missing(project, tmp_path):
    folder = spoilt(project, tmp_path)
    (folder / "onnxruntime.py").write_text("raise ModuleNotFoundError('no onnxruntime', name='onnxruntime')")
    code, told, _ = refused(folder)
    assert code == 6
    assert "onnxruntime is missing" in told
    assert "next: pip install" in told


def test_a_folder_without_a_service(tmp_path):
    code, told, _ = refused(tmp_path, module="mlpack.runtime")
    assert code == 2
    assert "there is no app.py" in told


def test_an_app_that_is_another(project, tmp_path):
    folder = spoilt(project, tmp_path)
    (folder / "app.py").write_text("nothing = 1\n")
    assert refused(folder)[0] == 2


def test_a_bug_is_an_error_of_its_own(project, tmp_path):
    folder = spoilt(project, tmp_path)
    (folder / "app.py").write_text("1 / 0\n")
    code, told, error = refused(folder)
    assert code == 1
    assert error["message"] == "the service has a bug: ZeroDivisionError: division by zero"
    assert "Traceback" in told


def test_the_runtime_of_mlpack_runs_that_of_the_project(project):
    """``python -m mlpack.runtime`` in a project: its own copy is what it was rendered with."""
    command = [sys.executable, "-m", "mlpack.runtime", "--port", "0", "--grpc-port", "-1", "--announce", "json"]
    with subprocess.Popen(
        command, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=CLEAN
    ) as process:
        assert process.stdout
        assert json.loads(process.stdout.readline())["ok"] is True
        maps = Path(f"/proc/{process.pid}/cmdline").read_bytes().split(b"\0")
        process.terminate()
    assert b"runtime" in maps


@pytest.mark.parametrize("pause", [0.0, 0.1])
def test_a_body_may_be_made_small(start, project, read_one, pause):
    """Whether it arrives in one piece with its head or not."""
    running = start(project, "--max-body", "2000")
    body = (project / "example.json").read_bytes()
    for blanks, status in ((0, 200), (10_000, 413)):
        head = b"POST /predict HTTP/1.1\r\nhost: a\r\ncontent-length: %d\r\n\r\n" % (len(body) + blanks)
        with socket.create_connection(("127.0.0.1", running.port)) as connection:
            for part in (head, body + b" " * blanks) if pause else (head + body + b" " * blanks,):
                connection.sendall(part)
                time.sleep(pause)
            assert read_one(connection)[0] == status


def test_help(project):
    ended = subprocess.run(
        [sys.executable, "-m", "runtime", "--help"], check=False, cwd=project, capture_output=True, text=True
    )
    assert ended.returncode == 0
    assert "--drain-timeout" in ended.stdout
