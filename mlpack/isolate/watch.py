"""The process around a worker: waits for its end or its parent's, and leaves nothing behind."""

from __future__ import annotations

import os
import resource
import select
import shutil
import signal
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NoReturn

_PR_SET_PDEATHSIG = 1
_POLL_SECONDS = 0.2


def go_on_watched(parent: int, scratch: Path, pipes: Iterable[int]) -> None:
    """Make the scratch folder and return in a child of this process, which watches it from then on and never returns.

    A sandboxed worker cannot remove its own scratch folder, for it may not write where that lies, and one that was killed
    removes nothing. So the watcher, which loads no model, stays outside. When ``parent`` has ended it ends the worker, even
    while native code computes there, and removes the folder. When the worker has ended it ends as that did.
    """
    pidfd = _open_parent(parent)
    scratch.mkdir(mode=0o700)
    os.chdir(scratch)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
    worker = os.fork()
    if worker == 0:
        if pidfd is not None:
            os.close(pidfd)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
        _end_with_watcher()
        return
    signal.signal(signal.SIGTERM, lambda *_: os.kill(worker, signal.SIGKILL))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM})
    for pipe in pipes:
        os.close(pipe)  # so that the parent sees the worker's own end closed
    _watch(parent, pidfd, worker, scratch)


def remove_tree(folder: Path) -> None:
    """Remove ``folder``, also where something that is about to end still writes into it."""
    for _ in range(100):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            return


def _open_parent(parent: int) -> int | None:
    """A descriptor that becomes readable when the parent ends; None where the system has no such thing."""
    pidfd = None
    if hasattr(os, "pidfd_open"):
        try:
            pidfd = os.pidfd_open(parent)
        except ProcessLookupError:
            sys.exit(1)
    if os.getppid() != parent:
        sys.exit(1)
    return pidfd


def _end_with_watcher() -> None:
    if sys.platform != "linux":
        return
    import ctypes

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _watch(parent: int, pidfd: int | None, worker: int, scratch: Path) -> NoReturn:
    if pidfd is not None:
        ended = select.select([pidfd, os.pidfd_open(worker)], [], [])[0]
        orphaned = pidfd in ended
    else:
        while os.waitid(os.P_PID, worker, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None and os.getppid() == parent:
            time.sleep(_POLL_SECONDS)
        orphaned = os.getppid() != parent
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once it is reaped the worker's number may be another's
    if orphaned:
        os.kill(worker, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1])
    if orphaned:
        remove_tree(scratch)
        os.killpg(0, signal.SIGKILL)  # all that an unsandboxed worker may have started
    _end_as(code)


def _end_as(code: int) -> NoReturn:
    """End the way the worker did, so that the parent can tell its death from a plain end."""
    if code < 0:
        if -code not in {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)
