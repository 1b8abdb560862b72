"""Builds the target object in a worker and answers calls to it."""

from __future__ import annotations

import gc
import importlib
import os
import sys
import traceback
from typing import Any, NoReturn

from mlpack.core.errors import MlpackError
from mlpack.core.libraries import own_this_process
from mlpack.isolate import wire
from mlpack.isolate.framing import read_exactly


def serve(request_fd: int, answer_fd: int, target: str) -> NoReturn:
    """Answer calls to an object of the class ``target``, ``"package.module:Class"``. Raises EOFError, BrokenPipeError."""
    answers = os.fdopen(answer_fd, "wb")
    # Until it has answered once it imports and loads, and none of that is garbage: to look for some takes a tenth of the time.
    gc.disable()
    own_this_process()
    module, _, name = target.partition(":")
    built = getattr(importlib.import_module(module), name)()
    while True:
        request = wire.receive(lambda size: read_exactly(request_fd, size))
        answer = _answer(built, request)
        if request.get("silent"):
            gc.freeze()  # libraries that it was to import, and no model yet
            sys.stderr.write(answer["error"]["details"] if "error" in answer else "")
            continue
        gc.enable()
        try:
            wire.send(answers, answer)
        except TypeError as error:  # raised before the first byte is written
            wire.send(answers, {"error": _foreign(error)})


def _answer(target: Any, request: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"value": getattr(target, request["method"])(**request["arguments"])}
    except MlpackError as error:
        return {"error": {**error.to_json(), "own": True, "details": error.details or traceback.format_exc()}}
    except (Exception, SystemExit) as error:  # noqa: BLE001 - whatever a library raises becomes an answer, not a dead worker
        return {"error": _foreign(error)}


def _foreign(error: BaseException) -> dict[str, Any]:
    return {"type": type(error).__name__, "message": str(error), "details": traceback.format_exc()}
