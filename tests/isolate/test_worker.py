import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from mlpack.core.errors import DataError, WorkerError
from mlpack.isolate import Limits, Worker


@pytest.fixture
def target(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    return "crew:Crew"


def test_arrays_and_values_come_back_as_they_went(target):
    sent = {
        "floats": np.array([[1.5, np.nan], [-np.inf, 0.0]], dtype=np.float32),
        "empty": np.empty((0, 3), dtype=np.int64),
        "flags": np.array([True, False]),
        "words": np.array([["a", None], ["ü", "b"]], dtype=object),
        "nested": {"list": [1, 2.5, None, "x"], "array": np.arange(3, dtype=np.int8)},
    }
    with Worker(target) as worker:
        back = worker.call("echo", **sent)
    assert np.array_equal(back["floats"], sent["floats"], equal_nan=True)
    assert back["floats"].dtype == np.float32
    assert back["empty"].shape == (0, 3)
    assert back["flags"].dtype == bool
    assert back["words"].tolist() == sent["words"].tolist()
    assert back["nested"]["list"] == [1, 2.5, None, "x"]
    assert back["nested"]["array"].dtype == np.int8


def test_what_libraries_print_does_not_disturb_the_answers(target):
    with Worker(target) as worker:
        assert worker.call("chatter") == "done"
        assert "a library talks" in worker.output()


def test_an_error_of_mlpack_is_raised_here_as_it_was_there(target):
    with Worker(target) as worker, pytest.raises(DataError) as caught:
        worker.call("raise_own")
    assert (caught.value.why, caught.value.hint) == ("it has two", "look again")
    assert "raise_own" in caught.value.details


def test_a_foreign_error_names_itself_and_leaves_the_worker_alive(target):
    with Worker(target) as worker:
        with pytest.raises(WorkerError, match="ValueError: the number is wrong"):
            worker.call("raise_foreign")
        assert worker.call("echo", a=1) == {"a": 1}


@pytest.mark.parametrize(("method", "words"), [("exit", "exit code 7"), ("crash", "SIGSEGV")])
def test_a_death_is_an_error_with_its_reason(target, method, words):
    with Worker(target, name="candidate") as worker, pytest.raises(WorkerError, match=f"candidate .*{words}"):
        worker.call(method)


def test_a_worker_that_hangs_is_ended(target):
    with Worker(target) as worker:
        worker.call("echo")
        started = time.monotonic()
        with pytest.raises(WorkerError, match="hung"):
            worker.call("hang", timeout=0.5)
        assert time.monotonic() - started < 20
        with pytest.raises(WorkerError):
            worker.call("echo")


def test_what_is_only_told_is_never_answered(target):
    with Worker(target) as worker:
        worker.tell("raise_foreign")
        worker.tell("chatter")
        assert worker.call("echo", a=1) == {"a": 1}
        assert "the number is wrong" in worker.output()


def test_limits_bind_the_worker(target):
    with Worker(target, limits=Limits(memory_bytes=512 << 20, file_bytes=1 << 20)) as worker:
        assert worker.call("fill", size=1 << 20) == 1 << 20
        with pytest.raises(WorkerError, match="MemoryError"):
            worker.call("fill", size=2 << 30)
        with pytest.raises(WorkerError, match=r"SIGXFSZ|File too large"):
            worker.call("write", size=4 << 20)


def test_limits_cannot_be_lifted_again(target):
    with Worker(target) as worker:
        assert worker.call("raise_limit", name="RLIMIT_NOFILE") == 4096
        assert worker.call("raise_limit", name="RLIMIT_CORE") == 0
    with Worker(target, limits=Limits(memory_bytes=512 << 20)) as worker:
        assert worker.call("raise_limit", name="RLIMIT_DATA") == 512 << 20


def test_a_worker_that_goes_silent_is_ended(target):
    """Code in it closes the pipe and goes on: nobody waits for it for ever."""
    with Worker(target) as worker:
        with pytest.raises(WorkerError, match="went silent"):
            worker.call("hang_up")
        assert not worker.alive


def test_what_a_killed_worker_wrote_stays_until_it_is_closed(target):
    with Worker(target) as worker:
        written = Path(worker.call("leave_something"))
        worker.kill()
        assert written.read_text() == "a result"
    assert not written.exists()


def test_temporary_files_go_to_a_scratch_folder_that_goes_too(target):
    with Worker(target) as worker:
        scratch = Path(worker.call("place"))
        assert scratch == worker.scratch
        assert scratch.is_dir()
    assert not scratch.exists()


def test_a_killed_parent_leaves_neither_worker_nor_scratch_folder(target, tmp_path):
    script = f"""
import sys
from mlpack.isolate import Worker
from mlpack.isolate import Sandbox
from pathlib import Path
worker = Worker({target!r}, sandbox=Sandbox(writes=(Path({str(tmp_path)!r}),)))
print(worker.scratch, flush=True)
worker.call("hang_in_native_code", path={str(tmp_path / "pid")!r})
"""
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    scratch = Path(parent.stdout.readline().strip())
    pid = int(_wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text()))
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    _wait_for(lambda: not scratch.exists())
    _wait_for(lambda: not _is_running(pid))


@pytest.mark.parametrize("end", ["worker.kill()", "worker.begin('crash'); worker._process.exit_code()"])
def test_nor_does_one_that_is_killed_when_its_worker_has_gone_already(target, end):
    script = f"""
import time
from mlpack.isolate import Worker
worker = Worker({target!r})
print(worker.call("leave_something"), flush=True)
{end}
print(worker.alive, flush=True)
time.sleep(600)
"""
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as parent:
        written = Path(parent.stdout.readline().strip())
        assert parent.stdout.readline().strip() == "False"
        assert written.exists()
        parent.send_signal(signal.SIGKILL)
    _wait_for(lambda: not written.parent.exists())


def test_what_a_worker_started_ends_with_it(target):
    with Worker(target, sandbox=None) as worker:
        pid = worker.call("start_a_program")
        assert _is_running(pid)
        worker.kill()
        _wait_for(lambda: not _is_running(pid))


def _wait_for(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("it never happened")


def _is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"


def test_the_password_of_a_key_stays_here(target, monkeypatch):
    """A worker runs what a model file asks for, and has no business with the key that its bundle is signed with."""
    monkeypatch.setenv("MLPACK_KEY_PASSWORD", "sesame")
    monkeypatch.setenv("ANYTHING_ELSE", "passed on")
    with Worker(target) as worker:
        assert worker.call("variable", name="MLPACK_KEY_PASSWORD") is None
        assert worker.call("variable", name="ANYTHING_ELSE") == "passed on"
