"""What a worker says of its sandbox on machines that lack a part of it: real processes on which that part is taken away."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mlpack.core.errors import MissingLibraryError, WorkerError
from mlpack.isolate import Sandbox, Worker
from mlpack.isolate.local import LocalWorker
from mlpack.isolate.probe import offered
from mlpack.isolate.protection import AT_HAND, Gap, Protection, weakest

FULL = Protection(landlock=7, seccomp=True)
HALF = Protection(seccomp=True, missing=(Gap("Landlock", "this kernel has no Landlock", "a newer kernel"),))
NONE = Protection(missing=(Gap("Landlock", "an old kernel"), Gap("seccomp", "no library", "apt install libseccomp2")))

_ON_ANOTHER_MACHINE = """
import errno, json, sys
import pyseccomp
from mlpack.isolate import Worker

kernel = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
for call, name in json.loads(sys.argv[1]).items():
    kernel.add_rule(pyseccomp.ERRNO(getattr(errno, name)), int(call) if call.isdigit() else call)
kernel.load()
with Worker("burglar:Burglar") as worker:
    print(json.dumps(worker.protection.to_json()))
"""
LANDLOCK = "444"
"""landlock_create_ruleset."""


@pytest.fixture
def shadowed(tmp_path, monkeypatch):
    """Modules that stand before the installed ones, as where those are not installed."""

    def shadow(**modules):
        for name, text in modules.items():
            (tmp_path / f"{name}.py").write_text(text)
        monkeypatch.setenv("PYTHONPATH", f"{Path(__file__).parent}:{tmp_path}")

    return shadow


@pytest.mark.parametrize(
    ("kernel", "state", "sentence"),
    [
        ({LANDLOCK: "ENOSYS"}, "partial", "half sandboxed, by seccomp only: this kernel has no Landlock"),
        (
            {LANDLOCK: "EOPNOTSUPP"},
            "partial",
            "half sandboxed, by seccomp only: Landlock is switched off in this kernel",
        ),
        ({LANDLOCK: "EPERM"}, "partial", "half sandboxed, by seccomp only: this container forbids the use of Landlock"),
        ({"seccomp": "EINVAL"}, "partial", "only: this kernel took no seccomp filter"),
        (
            {LANDLOCK: "ENOSYS", "seccomp": "EINVAL"},
            "none",
            "unsandboxed: this kernel has no Landlock; this kernel took no seccomp filter",
        ),
    ],
)
def test_what_a_kernel_lacks_is_said(shadowed, kernel, state, sentence):
    shadowed()
    command = [sys.executable, "-c", _ON_ANOTHER_MACHINE, json.dumps(kernel)]
    said = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert said["state"] == state
    assert sentence in said["sentence"]
    assert all(gap["remedy"] for gap in said["missing"])


@pytest.mark.parametrize(
    ("modules", "reason", "remedy"),
    [
        ({"landlockpy": "raise ImportError"}, "landlockpy is not installed", "pip install landlockpy"),
        ({"pyseccomp": "raise ImportError"}, "pyseccomp is not installed", "pip install pyseccomp"),
        (
            {"pyseccomp": "raise RuntimeError('Unable to find libseccomp')"},
            "libseccomp is not",
            "apt install libseccomp2",
        ),
    ],
)
def test_a_worker_that_requires_what_is_missing_loads_nothing(shadowed, tmp_path, modules, reason, remedy):
    canary = tmp_path / "canary"
    shadowed(**modules, hasty=f"from pathlib import Path\nPath({str(canary)!r}).touch()\nclass Hasty: ...")
    sandbox = Sandbox(writes=(tmp_path,))
    with Worker("hasty:Hasty", sandbox=sandbox, require_sandbox=True) as worker:
        with pytest.raises(MissingLibraryError, match="sandbox that is required") as caught:
            worker.call("anything")
        with pytest.raises(MissingLibraryError):  # also now that it is gone
            worker.call("anything")
        assert not worker.alive
    assert reason in caught.value.why
    assert caught.value.hint == remedy
    assert caught.value.exit_code == 6
    assert not canary.exists()


def test_a_worker_that_lacks_a_part_goes_on_and_says_so(shadowed, tmp_path):
    shadowed(pyseccomp="raise ImportError")
    with Worker("burglar:Burglar", sandbox=Sandbox(reads=(tmp_path,))) as worker:
        assert "pyseccomp.py" in worker.call("list", path=str(tmp_path))
        assert worker.protection.state == "partial"


def test_a_worker_that_never_starts_protects_nobody(tmp_path):
    with Worker("no:Module", interpreter="/bin/false") as worker:
        with pytest.raises(WorkerError, match="exit code 1"):
            worker.call("anything")
        assert worker.protection.state == "none"


def test_the_whole_sandbox_is_offered_here():
    found = offered()
    assert found.full
    assert found.sentence == f"sandboxed: Landlock {found.landlock}, seccomp"


def test_a_run_is_as_safe_as_its_weakest_worker():
    assert weakest([FULL, HALF, NONE, AT_HAND]) == NONE
    assert weakest([FULL, HALF]) == HALF
    assert weakest([AT_HAND, FULL]) == FULL
    assert weakest([]) == AT_HAND


@pytest.mark.parametrize("protection", [FULL, HALF, NONE, AT_HAND])
def test_json_and_back(protection):
    assert Protection.from_json(json.loads(json.dumps(protection.to_json()))) == protection


def test_people_are_warned_of_files_only():
    assert [line.text for line in NONE.warning()] == ["unsandboxed: an old kernel; no library"]
    assert HALF.warning()
    assert not FULL.warning()
    assert not AT_HAND.warning()
    with LocalWorker(object()) as worker:
        assert worker.protection == AT_HAND
