"""What a service answers when it does not predict: each error has an HTTP status and the name of a gRPC status code.

    ServiceError
    ├── MalformedError        400  INVALID_ARGUMENT    the request cannot be read
    ├── UnauthorizedError     401  UNAUTHENTICATED     no API key, or a wrong one
    ├── UnknownModelError     404  NOT_FOUND           another model, or another version of it
    ├── SlowClientError       408  DEADLINE_EXCEEDED   the request did not arrive in time
    ├── TooLargeError         413  RESOURCE_EXHAUSTED  more bytes or rows than one request may have
    ├── ContractError         422  INVALID_ARGUMENT    values that the model does not take
    ├── OverloadedError       429  RESOURCE_EXHAUSTED  too many requests wait; `retry_after` says for how long not to come back
    ├── InferenceError        500  INTERNAL            the model raised
    ├── NotReadyError         503  UNAVAILABLE         starting, or ending
    └── DeadlineError         504  DEADLINE_EXCEEDED   the model did not answer in time

`StartError` is for a service that does not come up at all: its exit codes are those of the mlpack command.
"""

from __future__ import annotations

from typing import ClassVar


class ServiceError(Exception):
    """An answer that is no prediction. ``message`` is one line, for whoever sent the request."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "INTERNAL"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class MalformedError(ServiceError):
    """The request cannot be read: no JSON, a broken header, tensor bytes that do not fit their shape."""

    status = 400
    code = "INVALID_ARGUMENT"


class UnauthorizedError(ServiceError):
    """The service wants an API key, and got none or another."""

    status = 401
    code = "UNAUTHENTICATED"


class UnknownModelError(ServiceError):
    """The request names a model or a version that is not served here."""

    status = 404
    code = "NOT_FOUND"


class SlowClientError(ServiceError):
    """The request did not arrive in time."""

    status = 408
    code = "DEADLINE_EXCEEDED"


class TooLargeError(ServiceError):
    """The request has more bytes or rows than one request may have."""

    status = 413
    code = "RESOURCE_EXHAUSTED"


class ContractError(ServiceError):
    """A value is none that the model takes. ``where`` names it as the client wrote it: ``instances[3].age``."""

    status = 422
    code = "INVALID_ARGUMENT"

    def __init__(self, reason: str, where: str = "") -> None:
        super().__init__(f"{where}: {reason}" if where else reason)
        self.reason = reason
        self.where = where


class OverloadedError(ServiceError):
    """Too many requests wait already. ``retry_after`` is in seconds."""

    status = 429
    code = "RESOURCE_EXHAUSTED"

    def __init__(self, message: str = "too many requests wait already", retry_after: int = 1) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class InferenceError(ServiceError):
    """The model raised on values that its signature takes."""


class NotReadyError(ServiceError):
    """The service is starting, or ending."""

    status = 503
    code = "UNAVAILABLE"


class DeadlineError(ServiceError):
    """The model did not answer in time."""

    status = 504
    code = "DEADLINE_EXCEEDED"


class StartError(Exception):
    """The service cannot start. ``hint`` says what to do; ``exit_code`` is that of the process.

    2: an option or address that cannot be used; 3: the golden predictions differ; 6: a library is missing; 7: the bundle is
    damaged.
    """

    def __init__(self, message: str, *, exit_code: int, why: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.exit_code = exit_code
        self.why = why
        self.hint = hint
