"""Every error that mlpack raises, and the exit code it ends the command line with.

    MlpackError                     1   a bug in mlpack, when nothing below fits
    ├── UsageError                  2   wrong flags, wrong paths
    │   └── OutputError             2   the destination cannot be written (no rights, no space)
    ├── ParityError                 3   the candidate answers differently, or nothing could be compared
    │   └── WorkerError             3   a worker died, hung or was killed
    ├── UnsafeFileError             4   the file would do what a model has no business doing
    ├── NoRouteError                5   no conversion leads there
    │   └── UnsupportedOperatorError  5   one leads there, but not for this operator or step
    ├── MissingLibraryError         6   a library, an extra or a class is not installed
    ├── CorruptFileError            7   the file is truncated, damaged or contradicts itself
    │   └── UnrecognisedFileError   7   the file is of no format that mlpack knows
    ├── EngineError                 8   no container engine, or it failed
    ├── SmokeTestError              9   the built image failed its smoke test
    ├── DataError                  10   the data file does not fit the model
    └── TrustError                 11   the file asks for code that no list knows, and nobody vouched for it

A message says what happened; ``why`` gives the reason and ``hint`` what to type next.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from mlpack.core.finding import Finding

INTERRUPTED = 130
"""Exit code after Ctrl-C: 128 + SIGINT, as shells have it."""


class MlpackError(Exception):
    """The root. ``str(error)`` is the first line of what a user reads."""

    exit_code: ClassVar[int] = 1

    def __init__(
        self, message: str, *, why: str = "", hint: str = "", details: str = "", findings: Sequence[Finding] = ()
    ) -> None:
        super().__init__(message)
        self.message = message
        self.why = why
        self.hint = hint
        self.details = details
        """A traceback or library output that only ``-v`` shows."""
        self.findings = tuple(findings)
        """What a scan found, where that is the reason."""

    def to_json(self) -> dict[str, Any]:
        """The error as it stands in the ``errors`` of a ``--json`` document."""
        return {
            "type": type(self).__name__,
            "exit_code": self.exit_code,
            "message": self.message,
            "why": self.why,
            "hint": self.hint,
            "findings": [finding.to_json() for finding in self.findings],
        }


class UsageError(MlpackError):
    """The command was called in a way that cannot work."""

    exit_code = 2


class OutputError(UsageError):
    """The destination cannot be written."""


class ParityError(MlpackError):
    """A conversion changed the answers, or nothing showed that it did not. ``result`` holds what was found."""

    exit_code = 3

    def __init__(self, message: str, *, why: str = "", hint: str = "", details: str = "", result: Any = None) -> None:
        super().__init__(message, why=why, hint=hint, details=details)
        self.result = result


class WorkerError(ParityError):
    """A worker process died, hung or was killed before it answered."""


class UnsafeFileError(MlpackError):
    """The file asks for something that no model needs."""

    exit_code = 4


class NoRouteError(MlpackError):
    """No chain of converters leads from this model to that format."""

    exit_code = 5


class UnsupportedOperatorError(NoRouteError):
    """A converter met an operator, layer or step that it cannot express."""


class MissingLibraryError(MlpackError):
    """Something that the file or the command needs is not installed."""

    exit_code = 6


class CorruptFileError(MlpackError):
    """The file is not what it says it is, or not whole."""

    exit_code = 7


class UnrecognisedFileError(CorruptFileError):
    """The file is of no known format."""


class EngineError(MlpackError):
    """The container engine is missing or failed."""

    exit_code = 8


class SmokeTestError(MlpackError):
    """The built image did not answer as the original model does."""

    exit_code = 9


class DataError(MlpackError):
    """The data file cannot be read or does not fit the signature."""

    exit_code = 10


class TrustError(MlpackError):
    """Loading the file takes code that no list knows, and neither the file nor that code was vouched for."""

    exit_code = 11


def error_from_json(told: Mapping[str, Any], otherwise: type[MlpackError] = MlpackError) -> MlpackError:
    """The inverse of `MlpackError.to_json`, for what another process met; ``details`` are taken where they were told as well.

    A class that there is not here, such as one of a plug-in, becomes ``otherwise``.
    """
    kind = error_classes().get(told["type"], otherwise)
    error = kind(told["message"], why=told["why"], hint=told["hint"], details=told.get("details", ""))
    error.findings = tuple(map(Finding.from_json, told["findings"]))
    return error


def error_classes() -> dict[str, type[MlpackError]]:
    """Every error class by its name, as a worker names it in an answer."""
    found: dict[str, type[MlpackError]] = {}
    pending: list[type[MlpackError]] = [MlpackError]
    while pending:
        kind = pending.pop()
        found[kind.__name__] = kind
        pending.extend(kind.__subclasses__())
    return found
