import hashlib
import subprocess
import sys

import pytest

from mlpack.scaffold.foresight import start_original
from mlpack.scaffold.store import note_packed


@pytest.fixture
def started(monkeypatch, tmp_path):
    """What was started early, by its target, files and libraries: the processes themselves are for tests/isolate."""
    monkeypatch.setenv("MLPACK_CACHE", str(tmp_path / "cache"))
    calls = []
    monkeypatch.setattr("mlpack.isolate.early.start_early", lambda *given: calls.append(given))
    return calls


def test_an_original_that_was_never_packed(logistic_pickle, started):
    assert start_original(["--port", "80", str(logistic_pickle)])
    (((target, sandbox, libraries)),) = started
    assert target == "mlpack.convert.source:Source"
    assert sandbox.reads == (logistic_pickle, logistic_pickle.with_name(f"{logistic_pickle.name}.json"))
    assert libraries == ["sklearn"]


def test_none_that_is_kept_already(logistic_pickle, started):
    note_packed(hashlib.sha256(logistic_pickle.read_bytes()).hexdigest())
    assert not start_original([str(logistic_pickle)])
    assert not started


def test_none_for_what_else_a_command_line_holds(logistic_pickle, started, tmp_path):
    (tmp_path / "rows.csv").write_text("a,b\n1,2\n")
    (tmp_path / "empty.pkl").write_bytes(b"")
    assert not start_original(["--data", str(tmp_path / "rows.csv"), str(tmp_path / "empty.pkl"), str(tmp_path)])
    assert not start_original(["no.pkl", "x" * 5000, "\0"])
    assert not start_original(["--require-sandbox", str(logistic_pickle)])
    assert not started


def test_it_is_guessed_without_anything_heavy():
    code = "import sys, mlpack.scaffold.foresight, mlpack.scaffold.split, mlpack.isolate.early; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"numpy", "typer", "mlpack.formats", "mlpack.scaffold.cache"} & set(loaded)
