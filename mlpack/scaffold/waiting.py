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
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

_RUNTIME = Path(__file__).parent.parent / "runtime"
_WITHOUT_NUMPY = ("runtime.process.worker", "grpc")
"""What a worker imports before it is settled how many threads NumPy will have, which reads that when it is loaded."""
_WITH_NUMPY = ("runtime.service.model", "runtime.service.service", "runtime.rest.app", "runtime.rpc.server")
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
    if "folder" not in told:
        unasked = code < 0 and -code not in child.passed
        return _complain(-code, as_json="--announce=json" in told.get("options", [])) if unasked else _shell_code(code)
    gc.enable()
    os.chdir(told["folder"])
    sys.path.insert(0, told["folder"])
    return int(program.main(told["arguments"]))


class _Child:
    """The process that prepares the model: signals are passed on to it, and its refusal ends this one."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._code: int | None = None
        self.passed: set[int] = set()
        for one in SIGNALS:
            signal.signal(one, self._pass_on)
        signal.signal(signal.SIGCHLD, self._look)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
        self._look()

    def ended(self) -> int:
        """Its exit code, once it has ended; signals as negative numbers."""
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        if self._code is None:
            self._code = os.waitstatus_to_exitcode(os.waitpid(self._number, 0)[1])
        return self._code

    def _look(self, _number: int = 0, _frame: FrameType | None = None) -> None:
        """A refusal ends this process at once, whatever it is importing."""
        if self._code is not None:
            return
        found, status = os.waitpid(self._number, os.WNOHANG)
        if found:
            self._code = os.waitstatus_to_exitcode(status)
            if self._code > 0:
                os._exit(self._code)

    def _pass_on(self, number: int, _frame: FrameType | None) -> None:
        if self._code is None:
            self.passed.add(number)
            os.kill(self._number, number)
        else:
            os._exit(128 + number)


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

    From its word on, what a worker will need is imported meanwhile, as far as the pieces tell.
    """
    told: dict[str, Any] = {}
    for line in lines:
        told |= json.loads(line)
        if "begun" in told and "folder" not in told:
            _get_ready(told)
    return told


def _get_ready(told: Mapping[str, Any]) -> None:
    _import(*_WITHOUT_NUMPY)
    if "options" in told and _is_one_worker(told["options"]):
        _import(*_WITH_NUMPY)
        if told.get("format") == "onnx":
            _import_onnxruntime()


def _import(*names: str) -> None:
    """Import what is there; what is not installed is told by the preparer, or by the service when it needs it."""
    for name in names:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


def _import_onnxruntime() -> None:
    session = importlib.import_module("runtime.onnxruntime_session")
    with contextlib.suppress(ImportError):
        session.load_onnxruntime()


def _is_one_worker(options: Sequence[str]) -> bool:
    """Whether this process will be the worker, and not a supervisor of several. Settles how many threads NumPy will have."""
    read = importlib.import_module("runtime.settings")
    try:
        settings = read.parse_settings(options)
    except read.StartError:
        return False  # as the preparer is about to tell
    if settings.workers > 1:
        return False
    importlib.import_module("runtime.service.processors").limit_threads(settings)
    return True


def _shell_code(code: int) -> int:
    """The exit code by which shells tell of a signal."""
    return code if code >= 0 else 128 - code


def _complain(number: int, *, as_json: bool) -> int:
    """The preparer was killed, and could say nothing. Returns the exit code."""
    tell = importlib.import_module("runtime.process.announce")
    killed = _KILLED.format(signal.Signals(number).name)
    error = tell.StartError(
        killed, exit_code=_shell_code(-number), why=_WHY, hint="free some memory, and start it again"
    )
    return int(tell.complain("json" if as_json else "text", error))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
