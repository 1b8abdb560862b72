"""The process that will be the service, while its model is still being prepared: ``waiting.py PIPE PREPARER``.

It imports what every service needs, which takes as long as to prepare a bundle that is already proven, and runs the service
once the ``PREPARER``, its child, has told on the ``PIPE`` in which folder and with which arguments. Where the child refuses,
it has said why, and this process ends with its exit code. Run as a file, with nothing of mlpack on Python's path: a service
imports its runtime alone.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import importlib.util
import json
import os
import signal
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

_RUNTIME = Path(__file__).parent.parent / "runtime"
_WORKER = (
    "uvloop",
    "runtime.process.worker",
    "runtime.service.model",
    "runtime.service.service",
    "runtime.rest.app",
)
_GRPC = "runtime.rpc.server"
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""What is passed on to the preparer; blocked until this process can."""
_KILLED = "what prepared the model was ended by {}"
_WHY = "the machine ran out of memory, or somebody ended it"


def main(pipe: int, preparer: int) -> int:
    """Wait, then serve. Returns the exit code."""
    child = _Child(preparer)
    gc.disable()  # as long as it imports, and none of that is garbage
    program = _runtime()
    with os.fdopen(pipe, "rb") as lines:
        told = _listen(lines)
    code = child.ended()
    if "folder" not in told or code:
        return code if code >= 0 else _complain(-code, as_json="--announce=json" in told.get("options", []))
    gc.enable()
    _settle(told["folder"])
    child.let_go()
    return int(program.main(told["arguments"]))


class _Child:
    """The process that prepares the model: signals are passed on to it, and its refusal ends this one."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._code: int | None = None
        self._passed: int | None = None
        # What was ignored when this was started, as `nohup` has it, stays so.
        self._former = {one: signal.getsignal(one) for one in SIGNALS if signal.getsignal(one) is not signal.SIG_IGN}
        for one in self._former:
            signal.signal(one, self._pass_on)
        signal.signal(signal.SIGCHLD, self._look)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        self._look()

    def ended(self) -> int:
        """Its exit code, once it has ended: negative where a signal ended it that nobody sent to this process.

        Does not come back where one was passed on to it and it did not refuse: that one ends this process, too.
        """
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
        if self._code is None:
            self._code = os.waitstatus_to_exitcode(os.waitpid(self._number, 0)[1])
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD})
        if self._passed is not None and self._code <= 0:
            _end_by(self._passed)
        return self._code

    def let_go(self) -> None:
        """Let signals do what they did before; the service has a mind of its own on most of them."""
        for one, handler in self._former.items():
            signal.signal(one, handler)

    def _look(self, _number: int = 0, _frame: FrameType | None = None) -> None:
        """A refusal ends this process at once, whatever it is importing."""
        if self._code is not None:
            return
        try:
            found, status = os.waitpid(self._number, os.WNOHANG)
        except ChildProcessError:
            return  # it was looked at within this look
        if found:
            self._code = os.waitstatus_to_exitcode(status)
            if self._code > 0:
                os._exit(self._code)

    def _pass_on(self, number: int, _frame: FrameType | None) -> None:
        if self._code is not None:
            _end_by(number)
        self._passed = number
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._number, number)


def _end_by(number: int) -> None:
    """End as a process does that has no mind of its own on the signal."""
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _settle(folder: str) -> None:
    """Be in the project, whose own copy of the runtime holds what is imported from here on."""
    os.chdir(folder)
    sys.path.insert(0, folder)
    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "runtime" and hasattr(module, "__path__"):
            module.__path__ = [str(Path(folder, *name.split(".")))]


def _runtime() -> Any:
    """The program of the package that every project has a copy of, under the name it has there."""
    spec = importlib.util.spec_from_file_location(
        "runtime", _RUNTIME / "__init__.py", submodule_search_locations=[str(_RUNTIME)]
    )
    assert spec is not None
    assert spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    sys.modules["runtime"] = package
    spec.loader.exec_module(package)
    return importlib.import_module("runtime.__main__")


def _listen(lines: Iterable[bytes]) -> dict[str, Any]:
    """All that the preparer told, which comes piece by piece: the options, the format of the model, the folder and arguments.

    From its word on, what will be needed is imported meanwhile, as far as the pieces tell.
    """
    told: dict[str, Any] = {}
    for line in lines:
        told |= json.loads(line)
        if "begun" in told and "options" in told and "folder" not in told:
            _get_ready(told["options"], told.get("format"))
    return told


def _get_ready(options: Sequence[str], format: str | None) -> None:
    """Import what a worker needs, once it is settled how many threads NumPy will have. A supervisor of workers needs nothing.

    What fails is told by the preparer, or by the service when it needs it.
    """
    with contextlib.suppress(Exception):
        settings = importlib.import_module("runtime.settings").parse_settings(options)
        if settings.workers > 1:
            return
        importlib.import_module("runtime.service.processors").limit_threads(settings)
        importlib.import_module("runtime.process.logs").quieten_grpc()
        for name in (*_WORKER, _GRPC) if settings.grpc_port >= 0 else _WORKER:
            importlib.import_module(name)
        if format == "onnx":
            importlib.import_module("runtime.onnxruntime_session").load_onnxruntime()


def _complain(number: int, *, as_json: bool) -> int:
    """The preparer was killed, and could say nothing. Returns the exit code."""
    tell = importlib.import_module("runtime.process.announce")
    killed = _KILLED.format(signal.Signals(number).name)
    error = tell.StartError(killed, exit_code=128 + number, why=_WHY, hint="free some memory, and start it again")
    return int(tell.complain("json" if as_json else "text", error))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
