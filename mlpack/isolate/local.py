"""A worker that is no process: calls go to an object here. For a model at hand in a notebook, which no file holds."""

from __future__ import annotations

import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from mlpack.core.errors import MlpackError, WorkerError
from mlpack.isolate.protection import AT_HAND


class LocalWorker:
    """Answers as `Worker` does, with an object of the calling process behind it. Time-outs do not apply."""

    def __init__(self, target: Any) -> None:
        self.target = target
        self.protection = AT_HAND
        self._folder = tempfile.TemporaryDirectory(prefix="mlpack-")
        self.scratch = Path(self._folder.name)
        self._begun: tuple[str, dict[str, Any]] | None = None

    def call(self, method: str, /, *, timeout: float | None = None, **arguments: Any) -> Any:
        """Call ``method`` with ``arguments``."""
        self.begin(method, **arguments)
        return self.finish(timeout=timeout)

    def begin(self, method: str, /, **arguments: Any) -> None:
        """Take the call; `finish` makes it."""
        self._begun = (method, arguments)

    def finish(self, *, timeout: float | None = None) -> Any:  # noqa: ARG002 - nothing can be timed out here
        """The answer of the call that was begun."""
        if self._begun is None:
            raise RuntimeError("no call was begun")
        (method, arguments), self._begun = self._begun, None
        try:
            return getattr(self.target, method)(**arguments)
        except MlpackError:
            raise
        except Exception as error:
            raise WorkerError(f"the model at hand failed: {type(error).__name__}: {error}") from error

    def kill(self) -> None:
        """Let go of the object; nothing can be called any more."""
        self.target = None

    def close(self) -> None:
        """Remove the scratch folder."""
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
