"""A worker process and the calls made to it."""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from mlpack.core.errors import MissingLibraryError, MlpackError, WorkerError, error_classes, error_from_json
from mlpack.isolate.environment import keras_settings, private_folders, worker_environment
from mlpack.isolate.framing import frame, read_head
from mlpack.isolate.limits import Limits
from mlpack.isolate.process import WatchedProcess
from mlpack.isolate.protection import Gap, Protection
from mlpack.isolate.sandbox import Sandbox

_STDERR_TAIL = 4000
_START_SECONDS = 120.0
"""The longest wait for a new process to say that it is in its sandbox; it takes a twentieth of a second."""

_LAST_SECONDS = 3.0
"""The longest wait for a process that said its last word to end."""
_NOTHING_MORE = Sandbox()
_SILENT = Protection(missing=(Gap("sandbox", "the worker ended before it could say what protects the machine"),))


class Worker:
    """An object that lives in a process of its own; a call of `call` is a call of its method.

    ``target`` names its class as ``"package.module:Class"``; the class takes no arguments. Arguments and answers are
    JSON values and NumPy arrays. The process starts at once and in the background: the first `call` waits for it.

    Before it imports anything that could start a thread, the process restricts itself to its ``sandbox``. What of that this
    machine offers stands in `protection`; with ``require_sandbox`` a process that lacks any of it loads nothing and
    ends, and the first call raises MissingLibraryError. ``sandbox=None`` runs it with all rights of the caller.

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
        sandbox: Sandbox | None = _NOTHING_MORE,
        require_sandbox: bool = False,
    ) -> None:
        self.name = name
        self._scratch = Path(tempfile.gettempdir()).absolute() / f"mlpack-{secrets.token_hex(8)}"
        self._protection: Protection | None = None
        self._required = require_sandbox
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed in close()
        variables = worker_environment(self._scratch, environment or {}, sandboxed=sandbox is not None)
        self._process = WatchedProcess(interpreter, self._scratch, variables, self._log)
        start = {
            "target": target,
            "limits": (limits or Limits.usual()).to_json(),
            "sandbox": sandbox.joined(Sandbox((keras_settings(),))).to_json() if sandbox is not None else None,
            "required": require_sandbox,
            "homes": [str(folder) for folder in private_folders()],
        }
        with contextlib.suppress(BrokenPipeError):  # it is dead already: the first call says how it died
            self._write(start)

    @property
    def protection(self) -> Protection:
        """What of the sandbox is in force, by the worker's own word; waits until it has started.

        Raises MissingLibraryError where the whole of it is required and not there, and WorkerError.
        """
        return self._awaited_protection(time.monotonic() + _START_SECONDS)

    @property
    def scratch(self) -> Path:
        """The worker's TMPDIR, home and working directory. The worker makes it when it starts: waits for that.

        It goes when the worker is closed, and should this process be killed. Raises as `protection` does.
        """
        self._awaited_protection(time.monotonic() + _START_SECONDS)
        return self._scratch

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
        """Have ``method`` called in the background, and never hear of it: what it raises goes to `output`.

        ``arguments`` are JSON values.
        """
        try:
            self._write({"method": method, "arguments": arguments, "silent": True})
        except BrokenPipeError:
            raise self._gone() from None

    def finish(self, *, timeout: float | None = None) -> Any:
        """The answer of the call that was begun. Raises as `call` does."""
        from mlpack.isolate import wire

        deadline = None if timeout is None else time.monotonic() + timeout
        self._awaited_protection(time.monotonic() + _START_SECONDS)
        try:
            answer = wire.receive(lambda size: self._process.read(size, deadline))
            raised = self._error(answer["error"]) if "error" in answer else None
            value = None if raised else answer["value"]
        except EOFError:
            raise self._death() from None
        except TimeoutError:
            self.kill()
            raise WorkerError(f"the {self.name} hung: no answer within {timeout:.0f} s") from None
        except (ValueError, TypeError, LookupError, AttributeError) as error:
            self.kill()
            raise WorkerError(f"the {self.name} sent a broken answer", why=str(error)) from error
        if raised is not None:
            raise raised
        return value

    @property
    def alive(self) -> bool:
        """Whether the process is still there."""
        return self._process.exit_code(0) is None

    def kill(self) -> None:
        """End the process and all that it started. What it wrote stays until `close`."""
        self._process.kill()

    def close(self) -> None:
        """End the process and remove its scratch folder. Safe to call twice."""
        self._process.close()
        self._log.close()

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

    def _awaited_protection(self, deadline: float) -> Protection:
        if self._protection is None:
            try:
                said = read_head(lambda size: self._process.read(size, deadline))
            except EOFError:
                raise self._death() from None
            except TimeoutError:
                self._protection = _SILENT
                self.kill()
                raise WorkerError(f"the {self.name} did not start within {_START_SECONDS:.0f} s") from None
            self._protection = Protection.from_json(said)
        if self._required and not self._protection.full:
            self.kill()
            raise _unprotected(self._protection)
        return self._protection

    def _send(self, message: Any) -> None:
        from mlpack.isolate import wire  # and NumPy, which is not there yet where a worker is started early

        try:
            wire.send(self._process.requests, message)
        except BrokenPipeError:
            raise self._gone() from None

    def _write(self, document: Any) -> None:
        self._process.requests.write(frame(document))
        self._process.requests.flush()

    def _gone(self) -> WorkerError:
        self._awaited_protection(time.monotonic() + _START_SECONDS)  # it may have ended for want of its sandbox
        return self._death()

    def _death(self) -> WorkerError:
        self._protection = self._protection or _SILENT
        code = self._process.exit_code(_LAST_SECONDS)
        if code is None:  # code in it closed the pipe and went on
            self.kill()
            return WorkerError(f"the {self.name} went silent before it answered", details=self.output())
        killed = code < 0
        reason = f"was killed by {signal.Signals(-code).name}" if killed else f"ended with exit code {code}"
        why = "it ran out of memory, or native code in it crashed" if killed else ""
        return WorkerError(f"the {self.name} {reason} before it answered", why=why, details=self.output())

    def _error(self, error: Mapping[str, Any]) -> MlpackError:
        if error.get("own") and error["type"] in error_classes():
            return error_from_json(error)
        return WorkerError(
            f"the {self.name} failed: {error['type']}: {error['message']}",
            hint="-v shows where",
            details=error["details"],
        )


def _unprotected(protection: Protection) -> MissingLibraryError:
    remedies = "; ".join(gap.remedy for gap in protection.missing if gap.remedy)
    return MissingLibraryError(
        "the sandbox that is required is not whole on this machine",
        why=protection.sentence,
        hint=remedies or "mlpack doctor says what this machine offers",
    )
