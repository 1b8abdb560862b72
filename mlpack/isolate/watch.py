"""The process around a worker: waits for its end or its parent's, and leaves nothing behind."""

from __future__ import annotations

import os
import resource
import select
import shutil
import signal
import struct
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

STATUS = struct.Struct("<i")
"""What the watcher writes when the worker has ended: its exit code, a signal as its negative number."""

_ORDERS = {signal.SIGUSR1, signal.SIGTERM}
"""From the parent: end the worker; end it, remove its folder and end too."""
_PR_SET_PDEATHSIG = 1
_POLL_SECONDS = 0.2
"""Where the system has no descriptors of processes."""


def go_on_watched(parent: int, scratch: Path, pipes: tuple[int, int], status: int) -> None:
    """Make the scratch folder and return in a child of this process, which watches it from then on and never returns.

    A sandboxed worker cannot remove its own scratch folder, for it may not write where that lies, and one that was killed
    removes nothing. So the watcher, which loads no model, stays outside, and stays until the parent has closed the
    worker or has ended, even while native code computes there: a killed run leaves neither process nor folder.
    """
    parent_end = _open_parent(parent)
    signal.pthread_sigmask(signal.SIG_BLOCK, _ORDERS)
    scratch.mkdir(mode=0o700)
    os.chdir(scratch)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    worker = os.fork()
    if worker == 0:
        os.setpgid(0, 0)
        os.close(status)
        if parent_end is not None:
            os.close(parent_end)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ORDERS)
        end_with_parent()
        return
    for pipe in pipes:
        os.close(pipe)  # so that the parent sees the worker's own end closed
    Watch(parent, parent_end, worker, scratch, status, _orders()).keep()


def remove_tree(folder: Path) -> None:
    """Remove ``folder``, also where something that is about to end still writes into it."""
    for _ in range(100):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return


@dataclass
class Watch:
    """The worker, which leads a process group of its own, and whom it belongs to. ``orders`` brings the parent's signals."""

    parent: int
    parent_end: int | None
    worker: int
    scratch: Path
    status: int
    orders: int

    def keep(self) -> NoReturn:
        """Wait until the parent wants no more of the worker, or is no more."""
        worker_end: int | None = os.pidfd_open(self.worker) if self.parent_end is not None else None
        alive = True
        while True:
            watched = [end for end in (self.orders, self.parent_end, worker_end) if end is not None]
            ready = select.select(watched, [], [], _POLL_SECONDS if self.parent_end is None else None)[0]
            orders = os.read(self.orders, 64) if self.orders in ready else b""
            orphaned = os.getppid() != self.parent
            if alive and (orders or orphaned or worker_end in ready or self._has_ended()):
                alive, worker_end = False, None
                self._end_worker()
            if orphaned or signal.SIGTERM in orders:
                remove_tree(self.scratch)
                os._exit(0)

    def _has_ended(self) -> bool:
        return os.waitid(os.P_PID, self.worker, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def _end_worker(self) -> None:
        """Kill all of its group, say how it ended itself, and let its number go."""
        try:
            os.killpg(self.worker, signal.SIGKILL)
        except ProcessLookupError:  # it has not come to lead its group yet
            os.kill(self.worker, signal.SIGKILL)
        code = os.waitstatus_to_exitcode(os.waitpid(self.worker, 0)[1])
        try:
            os.write(self.status, STATUS.pack(code))
        except BrokenPipeError:
            return  # nobody is there to hear it


def _open_parent(parent: int) -> int | None:
    """A descriptor that becomes readable when the parent ends; None where the system has no such thing."""
    parent_end = None
    if hasattr(os, "pidfd_open"):
        try:
            parent_end = os.pidfd_open(parent)
        except ProcessLookupError:
            sys.exit(1)
    if os.getppid() != parent:
        sys.exit(1)
    return parent_end


def _orders() -> int:
    """A descriptor from which the numbers of the parent's signals can be read, those that waited until now among them."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    signal.set_wakeup_fd(write)
    for order in _ORDERS:
        signal.signal(order, lambda *_: None)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ORDERS)
    return read


def end_with_parent() -> None:
    """Have this process killed when the one that forked it ends."""
    if sys.platform != "linux":
        return
    import ctypes

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
