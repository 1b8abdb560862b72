"""A worker process from outside: its pipes, its end, and the watcher around it."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from mlpack.isolate.watch import STATUS, remove_tree


class WatchedProcess:
    """Starts at once. ``log`` takes what it prints. Its scratch folder is made and removed by the watcher."""

    def __init__(self, interpreter: str, scratch: Path, variables: Mapping[str, str], log: BinaryIO) -> None:
        self._scratch = scratch
        self._code: int | None = None
        request_read, request_write = os.pipe()
        answer_read, answer_write = os.pipe()
        status_read, status_write = os.pipe()
        theirs = (request_read, answer_write, status_write)
        self.requests: BinaryIO = os.fdopen(request_write, "wb")
        self._answers = os.fdopen(answer_read, "rb", buffering=0)
        self._status = os.fdopen(status_read, "rb", buffering=0)
        try:
            self._watcher = subprocess.Popen(
                [interpreter, "-m", "mlpack.isolate.host", *map(str, (*theirs, os.getpid(), scratch))],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=theirs,
                start_new_session=True,
                env=variables,
            )
        except OSError:
            for stream in (self.requests, self._answers, self._status):
                stream.close()
            raise
        finally:
            for descriptor in theirs:
                os.close(descriptor)

    def read(self, size: int, deadline: float | None) -> bytearray:
        """``size`` bytes of its answers. Raises EOFError when it has ended, TimeoutError after ``deadline``."""
        data = bytearray(size)
        view = memoryview(data)
        while view:
            wait = None if deadline is None else max(0.0, deadline - time.monotonic())
            if not select.select([self._answers], [], [], wait)[0]:
                raise TimeoutError
            count = self._answers.readinto(view)
            if not count:
                raise EOFError
            view = view[count:]
        return data

    def exit_code(self, seconds: float | None = None) -> int | None:
        """How it ended, a signal as its negative number; None when it has not within ``seconds``, for ever without."""
        if self._code is None and select.select([self._status], [], [], seconds)[0]:
            said = self._status.read(STATUS.size)
            # A watcher that says nothing has ended itself, before there was a worker to watch.
            self._code = STATUS.unpack(said)[0] if said else self._watcher.wait()
        return self._code

    def kill(self) -> None:
        """End it and all that it started, and wait for that. What it wrote stays until `close`."""
        self._tell(signal.SIGUSR1)
        self.exit_code()

    def close(self) -> None:
        """End it and all that it started, and have its scratch folder removed."""
        self._tell(signal.SIGTERM)
        self._watcher.wait()
        for stream in (self.requests, self._answers, self._status):
            with contextlib.suppress(BrokenPipeError):  # bytes that the dead worker never read
                stream.close()
        remove_tree(self._scratch)  # where the watcher was killed too

    def _tell(self, number: signal.Signals) -> None:
        if self._watcher.returncode is None:  # it is reaped nowhere but here: the number is still its own
            os.kill(self._watcher.pid, number)
