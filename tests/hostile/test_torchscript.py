"""TorchScript has no safe mode: with the scan off, what holds is the sandbox of the worker that loads it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hostile.torchscript import HOSTILE

from mlpack.core.errors import WorkerError
from mlpack.isolate import Sandbox, Worker


def test_in_the_sandbox_its_code_writes_nothing(cases, gallery, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    files = [cases[entry.name] for entry in HOSTILE if entry.harm == "runs" and entry.proof]
    with Worker("hostile.format_loaders:Sandboxed", sandbox=Sandbox(reads=(gallery,))) as worker:
        told = {case.entry.name: worker.call("load", path=str(case.path), timeout=120) for case in files}
    assert not [case.entry.name for case in files if case.canary.exists()]
    assert len(files) > 8
    # from_file cannot make its file and says so; save writes into a stream that never opened, and says nothing.
    assert told["torchscript/save"] == "loaded"
    assert "from_file" in told["torchscript/from-file"]


def test_a_crash_is_the_workers_alone(cases, gallery, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    path = cases["torchscript/storage-that-is-not-there"].path
    sandbox = Sandbox(reads=(gallery,))
    with Worker("hostile.format_loaders:Sandboxed", sandbox=sandbox) as worker, pytest.raises(WorkerError, match="SIG"):
        worker.call("load", path=str(path), timeout=120)
