"""`mlpack serve` from a terminal: what it refuses before anything is packed, and what it becomes."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import contextmanager

import pytest

import mlpack
from mlpack.cli.main import run

FREE = ("-p", "0", "--grpc-port", "0")


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def bundle(logistic_pickle, tmp_path_factory):
    path = tmp_path_factory.mktemp("bundles") / "cancer.mlpack"
    mlpack.pack(logistic_pickle, path)
    return path


def environment(cache, **more):
    return {**os.environ, "MLPACK_CACHE": str(cache), **more}


def mlpack_serve(cache, *arguments, code=None, **more):
    command = [sys.executable, *(["-c", code] if code else ["-m", "mlpack"]), "serve", *map(str, arguments)]
    return subprocess.run(command, env=environment(cache, **more), capture_output=True, text=True, check=False)


@contextmanager
def served(cache, *arguments, **options):
    """The service and what it announced. It is ended by Ctrl-C."""
    command = [sys.executable, "-m", "mlpack", "serve", *map(str, arguments), *FREE, "--json"]
    with subprocess.Popen(
        command, env=environment(cache), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    ) as service:
        try:
            line = service.stdout.readline()
            assert line, service.stderr.read()
            yield service, json.loads(line)
        finally:
            service.send_signal(signal.SIGINT)
            service.communicate(timeout=60)


def refused(cache, code, *arguments, says="", **more):
    ended = mlpack_serve(cache, *arguments, **more)
    assert ended.returncode == code, ended.stderr
    assert "Traceback" not in ended.stderr
    assert "next: " in ended.stderr
    assert says in ended.stderr
    return ended


def ask(told, body):
    request = urllib.request.Request(f"{told['data']['rest']}/predict", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)["predictions"]


def example(told):
    """The body in the curl line that it announced, run by a shell."""
    ended = subprocess.run(["bash", "-c", told["data"]["curl"]], capture_output=True, text=True, check=True)
    return json.loads(ended.stdout)["predictions"]


def test_a_bundle_is_served_by_the_process_that_was_started(bundle, cache):
    with served(cache, bundle) as (service, told):
        assert (told["command"], told["ok"], told["errors"]) == ("serve", True, [])
        assert told["data"]["pid"] == service.pid
        assert (told["data"]["name"], told["data"]["version"]) == ("cancer", "1")
        (prediction,) = example(told)
        assert set(prediction) == {"label", "probabilities"}
    assert service.returncode == 0


def test_a_model_file_is_packed_once_and_served_under_its_name(logistic_pickle, cache, tmp_path):
    path = shutil.copy(logistic_pickle, tmp_path / "my model.pkl")
    with served(cache, path) as (_, told):
        assert told["data"]["name"] == "my-model"
        first = example(told)
    kept = {entry.name: entry.stat().st_mtime_ns for entry in (cache / "bundles").rglob("mlpack.json")}
    with served(cache, path) as (_, told):
        assert example(told) == first
    assert kept == {entry.name: entry.stat().st_mtime_ns for entry in (cache / "bundles").rglob("mlpack.json")}


def test_that_a_file_is_packed_is_told_on_stderr_once(logistic_pickle, cache, tmp_path):
    path = shutil.copy(logistic_pickle, tmp_path / "slow.pkl")
    command = [sys.executable, "-m", "mlpack", "serve", path, *FREE]
    pipe = subprocess.PIPE
    for told in (["packing slow.pkl and proving it …"], []):
        with subprocess.Popen(command, env=environment(cache), stdout=pipe, stderr=pipe, text=True) as service:
            assert "is served" in service.stdout.readline()
            service.terminate()
            err = service.communicate(timeout=60)[1]
        assert [line for line in err.splitlines() if line.startswith("packing")] == told


@pytest.mark.parametrize("wrong", [("--name", "x"), ("--port", "x"), ("--tls-cert", "no.pem", "--tls-key", "no.pem")])
def test_an_error_is_a_document_on_one_line_as_the_announcement_is(bundle, cache, wrong):
    ended = mlpack_serve(cache, bundle, *wrong, "--json")
    assert ended.stdout.count("\n") == 1
    document = json.loads(ended.stdout)
    assert (document["command"], document["ok"], document["exit_code"]) == ("serve", False, ended.returncode)
    assert document["data"] is None
    assert document["errors"][0]["hint"]


def test_a_model_that_is_served_as_it_is(forest_pipeline, cache):
    """In joblib, by scikit-learn itself: nothing of mlpack unpickles it, so it is scanned before."""
    with served(cache, forest_pipeline, "--format", "native", "--name", "forest-1") as (_, told):
        assert told["data"]["name"] == "forest-1"
        assert set(example(told)[0]) == {"label", "probabilities"}


def test_sigterm_ends_it_with_0(bundle, cache):
    command = [sys.executable, "-m", "mlpack", "serve", bundle, *FREE]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=environment(cache), stdout=pipe, stderr=pipe, text=True) as service:
        lines = [service.stdout.readline() for _ in range(2)]
        assert "is served" in lines[0]
        assert "http://127.0.0.1:" in lines[1]
        service.terminate()
        assert service.wait(60) == 0


@pytest.mark.parametrize(("option", "name"), [("-p", "--grpc-port"), ("--grpc-port", "-p")])
def test_a_port_in_use_is_told_before_anything_is_packed(logistic_pickle, tmp_path, option, name):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused(tmp_path / "cache", 2, logistic_pickle, option, port, name, 0, says=f"port {port} of 127.0.0.1")
    assert not (tmp_path / "cache").exists()


def test_one_port_for_both(bundle, cache):
    refused(cache, 2, bundle, "-p", 8080, "--grpc-port", 8080, says="cannot share")


def test_extras_that_are_not_installed(bundle, cache):
    code = """
import importlib.util, sys
from mlpack.cli.main import run
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name in {"uvloop", "grpc"} else found(name, *rest)
run()
"""
    ended = mlpack_serve(cache, bundle, *FREE, code=code)
    assert ended.returncode == 6
    assert "uvloop, grpc" in ended.stderr
    assert 'pip install "mlpack-toolkit[serve,grpc]"' in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--port", "x"], "--port"),
        (["--port", "70000"], "65535"),
        (["--workers", "0"], "--workers"),
        (["--max-body", "0"], "--max-body"),
        (["--timeout", "-1"], "--timeout"),
        (["--tls-cert", "cert.pem"], "certificate and its key"),
        (["--tls-cert", "no.pem", "--tls-key", "no.pem"], "no.pem"),
        (["--api-key-file", "no.txt"], "no.txt"),
        (["--host", "256.1.1.1"], "256.1.1.1"),
        (["--name", "x"], "is packed"),
        (["--format", "onnx", "--data", "rows.csv"], "are for packing"),
        (["--log-level", "loud"], "loud"),
    ],
)
def test_options_that_cannot_be(bundle, cache, arguments, says, monkeypatch, capsys):
    monkeypatch.setenv("MLPACK_CACHE", str(cache))
    monkeypatch.setattr("mlpack.scaffold.split.Successor.serve", lambda *_: pytest.fail("it was not refused"))
    free = ("--port=18080", "--grpc-port=0") if "--host" in arguments else FREE
    with pytest.raises(SystemExit) as ended:
        run(["serve", str(bundle), *free, *arguments])
    assert ended.value.code == 2
    assert says in capsys.readouterr().err


def test_the_environment_counts_too(bundle, cache):
    refused(cache, 2, bundle, *FREE, MLPACK_WORKERS="none", says="MLPACK_WORKERS")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused(cache, 2, bundle, "--grpc-port", 0, MLPACK_PORT=str(port), says=f"port {port}")


def test_what_is_no_model(cache, tmp_path):
    refused(cache, 2, tmp_path / "nothing.joblib", *FREE, says="does not exist")
    refused(cache, 2, tmp_path, *FREE, says="folder")
    (tmp_path / "notes.txt").write_text("dear diary")
    refused(cache, 7, tmp_path / "notes.txt", *FREE)


def test_a_damaged_bundle(bundle, cache, tmp_path):
    shutil.copytree(bundle, tmp_path / "cut.mlpack")
    with (tmp_path / "cut.mlpack" / "model.onnx").open("ab") as file:
        file.write(b"x")
    refused(cache, 7, tmp_path / "cut.mlpack", *FREE, says="SHA-256 differs")


def test_an_unsafe_and_an_untrusted_file(cache, tmp_path):
    (tmp_path / "evil.pkl").write_bytes(b"cos\n_exit\n(I7\ntR.")
    refused(cache, 4, tmp_path / "evil.pkl", *FREE, says="os._exit(7)")
    (tmp_path / "mine.pkl").write_bytes(b"\x80\x02cmypackage.features\nScaler\n)\x81.")
    refused(cache, 11, tmp_path / "mine.pkl", *FREE, says="--trust")


def test_a_bundle_whose_model_is_unsafe_whatever_its_manifest_says(forest_pipeline, cache, tmp_path):
    """Somebody packed it by hand, hashes and all. Nothing that is loaded by pickle is started without a scan."""
    import hashlib

    folder = tmp_path / "forest.mlpack"
    mlpack.pack(forest_pipeline, folder, format="native")
    manifest = json.loads((folder / "mlpack.json").read_text())
    content = b"cos\n_exit\n(I7\ntR."
    (folder / manifest["model"]["file"]).write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    manifest["model"]["sha256"] = digest
    for entry in manifest["files"]:
        if entry["path"] == manifest["model"]["file"]:
            entry["sha256"] = digest
    (folder / "mlpack.json").write_text(json.dumps(manifest))
    refused(cache, 4, folder, *FREE, "--trust", digest, says="is refused")


def test_errors_as_json(cache, tmp_path):
    ended = mlpack_serve(cache, tmp_path / "nothing.onnx", *FREE, "--json")
    document = json.loads(ended.stdout)
    assert (document["command"], document["exit_code"], document["data"]) == ("serve", 2, None)


def test_reload_wants_a_bundle(logistic_pickle, cache):
    refused(cache, 2, logistic_pickle, *FREE, "--reload", says="mlpack pack")


def test_reload_scans_what_replaces_the_bundle(bundle, cache, monkeypatch):
    from mlpack.scaffold.cache import Packing
    from mlpack.scaffold.launch import prepared

    monkeypatch.setenv("MLPACK_CACHE", str(cache))
    launch = prepared(
        bundle, ["--reload", "--port=0", "--grpc-port=0"], packing=Packing(), flags=["--trust=" + 64 * "a"]
    )
    place = launch.arguments.index("--reload-check")
    check = [*launch.arguments[place + 1].split(" "), str(bundle)]
    assert check[1:] == ["-m", "mlpack", "scan", "--quiet", f"--trust={64 * 'a'}", str(bundle)]
    assert subprocess.run(check, check=False, capture_output=True).returncode == 0


def test_paths_lead_where_they_led(bundle, cache, tmp_path):
    """The service runs in another folder."""
    (tmp_path / "key.txt").write_text("secret\n")
    link = tmp_path / "here.mlpack"
    shutil.copytree(bundle, link)
    with served(cache, "here.mlpack", "--api-key-file", "key.txt", cwd=tmp_path) as (_, told):
        with pytest.raises(urllib.error.HTTPError, match="401"):
            ask(told, b'{"instances": []}')
        assert len(example(told)) == 1
