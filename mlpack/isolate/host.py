"""The worker's end: builds the target object and answers calls until its input ends.

Run as ``python -m mlpack.isolate.host REQUEST_FD ANSWER_FD PARENT_PID SCRATCH``.
"""

from __future__ import annotations

import importlib
import os
import select
import shutil
import sys
import threading
import traceback
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from mlpack.core.errors import MlpackError
from mlpack.isolate import wire
from mlpack.isolate.limits import Limits


def main(request_fd: int, answer_fd: int, parent: int, scratch: str) -> None:
    """Serve calls. The process ends, and its scratch folder goes, when the parent closes its end or dies."""
    requests, answers = os.fdopen(request_fd, "rb", buffering=0), os.fdopen(answer_fd, "wb")
    _watch_parent(parent, Path(scratch))
    code = 0
    try:
        _serve(requests, answers)
    except (EOFError, BrokenPipeError):
        code = 0  # the parent has closed its end, or died
    except BaseException:  # noqa: BLE001 - the way out below prints nothing by itself
        traceback.print_exc()
        code = 1
    finally:
        _end(Path(scratch), code)


def _serve(requests: BinaryIO, answers: BinaryIO) -> NoReturn:
    start = wire.receive(lambda size: _read_exactly(requests, size))
    Limits(**start["limits"]).apply()
    module, _, name = start["target"].partition(":")
    target = getattr(importlib.import_module(module), name)()
    while True:
        request = wire.receive(lambda size: _read_exactly(requests, size))
        answer = _answer(target, request)
        if not request.get("silent"):
            try:
                wire.send(answers, answer)
            except TypeError as error:  # raised before the first byte is written
                wire.send(answers, {"error": _foreign(error)})
        elif "error" in answer:
            sys.stderr.write(answer["error"]["details"])


def _answer(target: Any, request: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"value": getattr(target, request["method"])(**request["arguments"])}
    except MlpackError as error:
        return {"error": {**error.to_json(), "own": True, "details": error.details or traceback.format_exc()}}
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a library raises becomes an answer, not a dead worker
        return {"error": _foreign(error)}


def _foreign(error: BaseException) -> dict[str, Any]:
    return {"type": type(error).__name__, "message": str(error), "details": traceback.format_exc()}


def _read_exactly(stream: BinaryIO, size: int) -> bytearray:
    data = bytearray(size)
    view = memoryview(data)
    while view:
        count = stream.readinto(view)  # type: ignore[attr-defined]
        if not count:
            raise EOFError
        view = view[count:]
    return data


def _watch_parent(parent: int, scratch: Path) -> None:
    """Make the scratch folder, and end with the parent even while native code computes: a killed run leaves nothing."""
    try:
        pidfd = os.pidfd_open(parent)
    except ProcessLookupError:
        sys.exit(1)
    if os.getppid() != parent:
        sys.exit(1)

    scratch.mkdir(mode=0o700)

    def watch() -> None:
        select.select([pidfd], [], [])
        _end(scratch, 1)

    threading.Thread(target=watch, daemon=True).start()


def _end(scratch: Path, code: int) -> NoReturn:
    """Remove the scratch folder and end at once: libraries write into it even in their exit handlers."""
    for _ in range(100):  # another thread may be writing into it
        shutil.rmtree(scratch, ignore_errors=True)
        if not scratch.exists():
            break
    os._exit(code)


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
