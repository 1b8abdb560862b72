"""`mlpack serve` as two processes: how they end, whoever is told to while the model is prepared."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest

from mlpack.scaffold import waiting

WORKERS = ("reference", "candidate")


def children_of(process):
    return [int(number) for number in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def is_there(process):
    """Whether it runs; one that has ended and waits for who reaps it does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@contextmanager
def packing(logistic_pickle, cache, *options):
    """`mlpack serve` of a file that it has begun to pack, and its child that does so."""
    command = [sys.executable, "-m", "mlpack", "serve", str(logistic_pickle), "-p", "0", "--grpc-port", "0", *options]
    pipe = subprocess.PIPE
    environment = {**os.environ, "MLPACK_CACHE": str(cache)}
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=environment) as service:
        try:
            if not options:
                assert service.stderr.readline().startswith("packing")
            until = time.monotonic() + 60
            while not (preparers := children_of(service.pid)) or len(children_of(preparers[0])) < len(WORKERS):
                assert time.monotonic() < until
                time.sleep(0.01)
            yield service, preparers[0]
        finally:
            service.kill()


def all_gone(*processes):
    until = time.monotonic() + 30
    while any(map(is_there, processes)):
        assert time.monotonic() < until, processes
        time.sleep(0.01)
    return True


@pytest.mark.parametrize(
    ("number", "code", "says"),
    [
        (signal.SIGINT, 130, "interrupted; nothing was written"),
        (signal.SIGTERM, -signal.SIGTERM, ""),
        (signal.SIGHUP, -signal.SIGHUP, ""),
    ],
)
def test_a_signal_while_the_model_is_packed_ends_both(logistic_pickle, tmp_path, number, code, says):
    with packing(logistic_pickle, tmp_path) as (service, preparer):
        workers = children_of(preparer)
        service.send_signal(number)
        assert service.wait(60) == code
        told = service.stderr.read()
        assert says in told
        assert "Traceback" not in told
        assert "out of memory" not in told
        assert all_gone(preparer, *workers)
    assert not list(tmp_path.glob("bundles/*/model.mlpack"))


def test_who_prepares_ends_with_the_one_that_waits(logistic_pickle, tmp_path):
    with packing(logistic_pickle, tmp_path) as (service, preparer):
        workers = children_of(preparer)
        service.kill()
        assert all_gone(preparer, *workers)


def test_that_who_prepares_was_killed_is_told(logistic_pickle, tmp_path):
    with packing(logistic_pickle, tmp_path) as (service, preparer):
        os.kill(preparer, signal.SIGKILL)
        assert service.wait(60) == 137
        assert "ended by SIGKILL" in service.stderr.read()
        assert service.stdout.read() == ""


def test_that_who_prepares_was_killed_is_a_document_with_json(logistic_pickle, tmp_path):
    with packing(logistic_pickle, tmp_path, "--json") as (service, preparer):
        os.kill(preparer, signal.SIGKILL)
        assert service.wait(60) == 137
        document = json.loads(service.stdout.read())
    assert (document["ok"], document["exit_code"]) == (False, 137)
    assert "SIGKILL" in document["errors"][0]["message"]


def test_it_is_told_of_no_option_by_its_environment(logistic_pickle, tmp_path, monkeypatch):
    """Python's own safe path would hide the project from the workers of a supervisor."""
    monkeypatch.setenv("PYTHONSAFEPATH", "1")
    with packing(logistic_pickle, tmp_path, "--workers", "2") as (service, preparer):
        assert "2 workers" in service.stdout.readline()
        assert all_gone(preparer)
        service.terminate()
        assert service.wait(60) == 0


def answered(told):
    body = b'{"instances": []}'
    request = urllib.request.Request(f"{told['data']['rest']}/predict", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as response:
        return json.load(response)


def test_one_that_ignores_hangups_goes_on(logistic_pickle, tmp_path):
    """As `nohup` starts it."""
    former = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with packing(logistic_pickle, tmp_path, "--json") as (service, preparer):
            service.send_signal(signal.SIGHUP)
            told = json.loads(service.stdout.readline())
            assert all_gone(preparer)
            service.send_signal(signal.SIGHUP)
            assert answered(told) == {"predictions": []}
            service.terminate()
            assert service.wait(60) == 0
    finally:
        signal.signal(signal.SIGHUP, former)


def test_one_that_serves_ends_with_a_hangup(logistic_pickle, tmp_path):
    with packing(logistic_pickle, tmp_path, "--json") as (service, _):
        service.stdout.readline()
        service.send_signal(signal.SIGHUP)
        assert service.wait(60) == -signal.SIGHUP


def in_a_process(code):
    """What ``code`` prints in a process that is about to wait for its model: `waiting` is loaded there as a file is run."""
    begin = f"""
import importlib.util, json, os, sys
spec = importlib.util.spec_from_file_location("waiting", {waiting.__file__!r})
waiting = importlib.util.module_from_spec(spec)
spec.loader.exec_module(waiting)
waiting._runtime()
def lines(*told):
    return [json.dumps(one).encode() + b"\\n" for one in told]
"""
    ended = subprocess.run([sys.executable, "-P", "-c", begin + code], capture_output=True, text=True, check=True)
    return ended.stdout.split()


def test_nothing_heavy_is_imported_before_the_options_are_known_nor_by_a_supervisor():
    heavy = "print(sorted({'numpy', 'grpc', 'onnxruntime', 'runtime.process.worker'} & set(sys.modules)))"
    listened = [
        "waiting._listen(lines({'begun': True}))",
        "waiting._listen(lines({'begun': True}, {'options': ['--workers=2']}, {'format': 'onnx'}))",
        "waiting._listen(lines({'options': []}, {'format': 'onnx'}))",
        "waiting._listen(lines({'begun': True}, {'options': ['--port=none']}))",
    ]
    for listen in listened:
        assert in_a_process(f"{listen}\n{heavy}") == ["[]"]
    alone = (
        "waiting._listen(lines({'options': ['--grpc-port=-1', '--threads=3']}, {'begun': True}, {'format': 'onnx'}))"
    )
    assert in_a_process(f"{alone}\n{heavy}\nprint(os.environ['OMP_NUM_THREADS'])") == [
        *["['numpy',", "'onnxruntime',", "'runtime.process.worker']"],
        os.environ.get("OMP_NUM_THREADS", "3"),
    ]


def test_what_is_imported_later_is_the_projects_own(tmp_path):
    """An upgrade of mlpack must not reach into a service that runs."""
    (tmp_path / "runtime" / "rest").mkdir(parents=True)
    (tmp_path / "runtime" / "rest" / "documents.py").write_text("MINE = True\n")
    code = f"""
import runtime.rest.asgi
waiting._settle({str(tmp_path)!r})
from runtime.rest.documents import MINE
print(MINE, os.getcwd() == {str(tmp_path)!r}, sys.path[0] == {str(tmp_path)!r})
"""
    assert in_a_process(code) == ["True"] * 3
