"""A worker process and the calls made to it."""

from __future__ import annotations

import contextlib
import os
import secrets
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

import mlpack
from mlpack.core.errors import MlpackError, WorkerError, error_classes
from mlpack.core.finding import Finding
from mlpack.core.keys import PASSWORD_VARIABLE
from mlpack.isolate import wire
from mlpack.isolate.limits import Limits

_STDERR_TAIL = 4000
_PRIVATE = {"ORT_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "DO_NOT_TRACK": "1"}
"""ONNX Runtime from 1.29 on reports model names and hashes to its makers unless told not to. Nobody asked the user."""


class Worker:
    """An object that lives in a process of its own; a call of `call` is a call of its method.

    ``target`` names its class as ``"package.module:Class"``; the class takes no arguments. Arguments and answers are
    JSON values and NumPy arrays. The process starts at once and in the background: the first `call` waits for it.

    Errors of mlpack raised there are raised here; any other exception, a death, a signal or a time-out is a
    WorkerError that says which. After one of these three the worker is gone.
    """

    def __init__(
        self,
        target: str,
        *,
        name: str = "worker",
        interpreter: str = sys.executable,
        environment: Mapping[str, str] | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.name = name
        self.scratch = Path(tempfile.gettempdir()) / f"mlpack-{secrets.token_hex(8)}"
        """The worker's TMPDIR. The worker makes it, and removes it should this process be killed."""
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed in close()
        self._process, self._requests, self._answers = self._start(interpreter, environment or {})
        self._send({"target": target, "limits": (limits or Limits.usual()).to_json()})

    def call(self, method: str, /, *, timeout: float | None = None, **arguments: Any) -> Any:
        """Call ``method`` with ``arguments`` and return its answer, within ``timeout`` seconds.

        Raises WorkerError, or the MlpackError that the method raised.
        """
        self.begin(method, **arguments)
        return self.finish(timeout=timeout)

    def begin(self, method: str, /, **arguments: Any) -> None:
        """Start a call and return at once; `finish` waits for its answer."""
        self._send({"method": method, "arguments": arguments})

    def tell(self, method: str, /, **arguments: Any) -> None:
        """Have ``method`` called in the background, and never hear of it: what it raises goes to `output`."""
        self._send({"method": method, "arguments": arguments, "silent": True})

    def finish(self, *, timeout: float | None = None) -> Any:
        """The answer of the call that was begun. Raises as `call` does."""
        deadline = None if timeout is None else time.monotonic() + timeout
        try:
            answer = wire.receive(lambda size: self._read(size, deadline))
        except EOFError:
            raise self._death() from None
        except TimeoutError:
            self.kill()
            raise WorkerError(f"the {self.name} hung: no answer within {timeout:.0f} s") from None
        except ValueError as error:
            self.kill()
            raise WorkerError(f"the {self.name} sent a broken answer", why=str(error)) from error
        if "error" in answer:
            raise self._error(answer["error"])
        return answer["value"]

    @property
    def alive(self) -> bool:
        """Whether the process is still there."""
        return self._process.poll() is None

    def kill(self) -> None:
        """End the process and all that it started."""
        with contextlib.suppress(ProcessLookupError):  # the whole group is gone already
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def close(self) -> None:
        """End the process and remove its scratch folder. Safe to call twice."""
        self.kill()
        for stream in (self._requests, self._answers, self._log):
            try:
                stream.close()
            except BrokenPipeError:
                continue  # bytes that the dead worker never read
        _remove_tree(self.scratch)

    def output(self) -> str:
        """What libraries in the worker printed, the last 4,000 bytes."""
        size = self._log.seek(0, os.SEEK_END)
        self._log.seek(max(0, size - _STDERR_TAIL))
        return self._log.read().decode("utf-8", "replace")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _start(
        self, interpreter: str, environment: Mapping[str, str]
    ) -> tuple[subprocess.Popen[bytes], BinaryIO, BinaryIO]:
        request_read, request_write = os.pipe()
        answer_read, answer_write = os.pipe()
        package_root = str(Path(mlpack.__file__).parent.parent)
        python_path = os.pathsep.join(filter(None, [package_root, os.environ.get("PYTHONPATH", "")]))
        process = subprocess.Popen(
            [
                interpreter,
                "-m",
                "mlpack.isolate.host",
                *map(str, (request_read, answer_write, os.getpid(), self.scratch)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            pass_fds=(request_read, answer_write),
            start_new_session=True,
            env={
                **_PRIVATE,
                **{name: value for name, value in os.environ.items() if name != PASSWORD_VARIABLE},
                **environment,
                "PYTHONPATH": python_path,
                "TMPDIR": str(self.scratch),
                "PYTHONSAFEPATH": "1",
                # torch.jit.script writes a module's constants in the order of a set of strings: equal models, equal bytes.
                "PYTHONHASHSEED": "0",
            },
        )
        os.close(request_read)
        os.close(answer_write)
        return process, os.fdopen(request_write, "wb"), os.fdopen(answer_read, "rb", buffering=0)

    def _send(self, message: Any) -> None:
        try:
            wire.send(self._requests, message)
        except BrokenPipeError:
            raise self._death() from None

    def _read(self, size: int, deadline: float | None) -> bytearray:
        data = bytearray(size)
        view = memoryview(data)
        while view:
            wait = None if deadline is None else max(0.0, deadline - time.monotonic())
            if not select.select([self._answers], [], [], wait)[0]:
                raise TimeoutError
            count = self._answers.readinto(view)  # type: ignore[attr-defined]
            if not count:
                raise EOFError
            view = view[count:]
        return data

    def _death(self) -> WorkerError:
        code = self._process.wait()
        killed = code < 0
        reason = f"was killed by {signal.Signals(-code).name}" if killed else f"ended with exit code {code}"
        why = "it ran out of memory, or native code in it crashed" if killed else ""
        return WorkerError(f"the {self.name} {reason} before it answered", why=why, details=self.output())

    def _error(self, error: Mapping[str, Any]) -> MlpackError:
        kind = error_classes().get(error["type"]) if error.get("own") else None
        if kind is not None:
            raised = kind(error["message"], why=error["why"], hint=error["hint"], details=error["details"])
            raised.findings = tuple(map(Finding.from_json, error["findings"]))
            return raised
        return WorkerError(
            f"the {self.name} failed: {error['type']}: {error['message']}",
            hint="-v shows where",
            details=error["details"],
        )


def _remove_tree(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)
