"""Logs as lines of JSON on stderr, those of uvicorn and gRPC among them. Neither bodies nor keys are ever in them."""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from collections.abc import Callable
from typing import Any

from ..settings import LogLevel

_LONGEST = 4000
"""Characters of one text: a client can put anything into a path."""
_OWN = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "color_message", "taskName"}
_RENAMED = {"path": "route"}


class Lines(logging.Formatter):
    """A record as one line: ``ts``, ``level``, ``msg``, what its ``extra`` holds, and the trace of an exception.

    ``worker`` is the slot of this process; ``request_id`` gives that of the request which is being answered, or "".
    """

    def __init__(self, worker: int, request_id: Callable[[], str]) -> None:
        super().__init__()
        self._worker = worker
        self._request_id = request_id

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line: dict[str, Any] = {
            "ts": f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(record.created))}.{int(record.msecs):03}Z",
            "level": record.levelname.lower(),
            "msg": _cut(record.getMessage()),
            "logger": record.name,
            "worker": self._worker,
            "pid": record.process,
        }
        for name, value in record.__dict__.items():
            if name == "seconds":
                line["ms"] = round(value * 1000, 3)
            elif name not in _OWN:
                line[_RENAMED.get(name, name)] = _cut(value) if isinstance(value, str) else value
        identity = line.get("request_id") or self._request_id()
        if identity:
            line["request_id"] = identity
        if record.exc_info:
            line["trace"] = _cut(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False, default=str)


def _cut(text: str) -> str:
    """Both ends of a text that is too long."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST // 2]} … {text[-_LONGEST // 2 :]}"


def log_to_stderr(level: LogLevel, worker: int = 0, request_id: Callable[[], str] = str) -> None:
    """Let every logger of this process write lines of at least ``level`` to stderr."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Lines(worker, request_id))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.captureWarnings(capture=True)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "asyncio"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = name != "uvicorn.access"
    quieten_grpc()


def quieten_grpc() -> None:
    """To be called before it is imported: its C core prints lines of its own, whatever Python logs."""
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
