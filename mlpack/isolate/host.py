"""The worker's end: restricts itself, then answers calls until its input ends.

Run as ``python -m mlpack.isolate.host REQUEST_FD ANSWER_FD STATUS_FD PARENT_PID SCRATCH``. Nothing that may start a thread is
imported before the process is in its sandbox: Landlock binds the thread that asks for it and those that it starts later.
"""

from __future__ import annotations

import os
import sys
import traceback
from pathlib import Path
from typing import Any

from mlpack.isolate.framing import frame, read_exactly, read_head
from mlpack.isolate.limits import Limits
from mlpack.isolate.protection import UNASKED, Protection
from mlpack.isolate.restrict import restrict
from mlpack.isolate.sandbox import Sandbox
from mlpack.isolate.watch import go_on_watched


def main(request_fd: int, answer_fd: int, status_fd: int, parent: int, scratch: Path) -> None:
    """Serve calls. The process ends, and its scratch folder goes, when the parent closes its end or dies."""
    try:
        start = read_head(lambda size: read_exactly(request_fd, size))
    except EOFError:
        sys.exit(1)
    go_on_watched(parent, scratch, (request_fd, answer_fd), status_fd)
    code = 0
    try:
        _serve(request_fd, answer_fd, start, scratch)
    except (EOFError, BrokenPipeError):
        code = 0  # the parent has closed its end, or died
    except BaseException:  # noqa: BLE001 - the way out below prints nothing by itself
        traceback.print_exc()
        code = 1
    os._exit(code)  # at once: libraries write into the scratch folder even in their exit handlers


def _serve(request_fd: int, answer_fd: int, start: dict[str, Any], scratch: Path) -> None:
    Limits(**start["limits"]).apply()  # in the sandbox nobody changes them any more
    protection = _protected(start, scratch)
    os.write(answer_fd, frame(protection.to_json()))
    if start["required"] and not protection.full:
        return  # the parent says so; nothing has been loaded
    from mlpack.isolate.service import serve

    serve(request_fd, answer_fd, start["target"])


def _protected(start: dict[str, Any], scratch: Path) -> Protection:
    if start["sandbox"] is None:
        return UNASKED
    return restrict(Sandbox.from_json(start["sandbox"]), scratch, map(Path, start["homes"]))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), Path(sys.argv[5]))
