"""`mlpack serve` as two processes: how they end, whoever is told to while the model is prepared."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

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
    [(signal.SIGINT, 130, "interrupted; nothing was written"), (signal.SIGTERM, 143, ""), (signal.SIGHUP, 129, "")],
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
