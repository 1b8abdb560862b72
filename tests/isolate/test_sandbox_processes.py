"""Programs, processes and other people's processes, tried from inside a worker."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pyseccomp
import pytest

from mlpack.core.errors import WorkerError
from mlpack.isolate.seccomp import ABSENT, NUMBERS, REFUSED

RAISING = [
    "run_program",
    "spawn",
    "become",
    "become_from_memory",
    "fork",
    "fork_as_a_library",
    "spawn_as_a_library",
]


@pytest.fixture
def stranger():
    """A process that the worker has no business with."""
    process = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    yield process
    process.communicate()


@pytest.mark.parametrize("method", RAISING)
def test_no_program_and_no_process_is_started(house, method):
    canary = house.worker.scratch / "canary"  # where it could be written
    house.refuses(method, canary=canary)
    assert not canary.exists()
    assert house.worker.alive


@pytest.mark.parametrize("method", ["run_shell", "run_shell_of_c"])
def test_no_shell_is_started(house, method):
    canary = house.worker.scratch / "canary"
    assert house.worker.call(method, canary=str(canary)) != 0
    assert not canary.exists()


@pytest.mark.parametrize("flags", [17, 0, 0x4000 | 0x100 | 17, 0x10000000 | 17, 0x10000000 | 0x10F00])
def test_no_clone_makes_a_process(house, flags):
    """SIGCHLD, nothing, as vfork does it, in a new user namespace, and that as a thread."""
    house.refuses("clone", flags=flags)


def test_the_call_that_no_filter_can_see_into_is_not_there(house):
    with pytest.raises(WorkerError, match="ENOSYS"):
        house.worker.call("clone3")


@pytest.mark.parametrize(
    "method", ["signal", "signal_by_descriptor", "have_the_kernel_signal", "limit", "hold_back", "trace"]
)
def test_other_processes_are_left_alone(house, stranger, method):
    before = os.getpriority(os.PRIO_PROCESS, stranger.pid)
    for pid in (stranger.pid, os.getpid()):
        house.refuses(method, pid=pid)
    assert stranger.poll() is None
    assert os.getpriority(os.PRIO_PROCESS, stranger.pid) == before


def test_the_watcher_cannot_be_killed(house, stranger):
    watcher = int(Path(f"/proc/{house.worker.call('own_number')}/stat").read_text().rpartition(")")[2].split()[1])
    house.refuses("signal", pid=watcher)
    house.refuses("leave_the_group")
    assert house.worker.alive


def test_every_call_on_the_list_is_refused(house):
    """With nothing but zeros as arguments, which none of them could do harm with."""
    numbers = {call: NUMBERS.get(call) or pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, call) for call in REFUSED}
    known = {call: number for call, number in numbers.items() if number >= 0}
    assert len(known) > 80
    assert {call for call in REFUSED if numbers[call] == -1} == set(), "misspelt, or unknown to libseccomp"
    answers = house.worker.call("system_calls", numbers=known)
    assert answers == dict.fromkeys(known, "EPERM")
    answers = house.worker.call("system_calls", numbers={call: NUMBERS[call] for call in ABSENT})
    assert answers == dict.fromkeys(ABSENT, "ENOSYS")


def test_calls_of_another_machines_kind_are_refused(house):
    """x32: the same calls with another bit in their number. For seccomp it is another machine; aarch64 has no such thing."""
    getpid, error = {"x86_64": (39, "EPERM"), "aarch64": (172, "ENOSYS")}[platform.machine()]
    with pytest.raises(WorkerError, match=error):
        house.worker.call("system_call", number=0x40000000 + getpid)
