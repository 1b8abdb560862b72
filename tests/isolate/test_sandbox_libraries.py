"""What good models do works in the sandbox, and the sandbox holds every thread that libraries start."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mlpack.isolate import Worker


@pytest.fixture
def library(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "2")
    with Worker("burglar:Library", environment=threads, require_sandbox=True) as worker:
        yield worker


def test_nothing_that_starts_threads_is_there_before_the_sandbox_is():
    script = "import mlpack.isolate.host, os, sys; print(len(os.listdir('/proc/self/task')), 'numpy' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["1", "False"]


def test_blas_computes_and_all_its_threads_are_in_the_sandbox(library):
    assert library.call("multiply") == 600.0**3
    threads = library.call("threads")
    assert len(threads) > 1
    assert threads == [{"NoNewPrivs": "1", "Seccomp": "2"}] * len(threads)


def test_models_that_predict_in_parallel_predict_and_do_not_warn(library):
    assert all(share > 0.9 for share in library.call("predict_in_parallel"))


def test_a_worker_without_sandbox_says_that_nobody_asked(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    with Worker("burglar:Burglar", sandbox=None) as worker:
        assert worker.protection.state == "none"
        assert worker.protection.sentence == "unsandboxed: none was asked for"
        assert worker.call("list", path="/") == sorted(os.listdir("/"))
