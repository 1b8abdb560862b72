"""One call from its message to its status: what every method shares, whatever it asks."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from http import HTTPStatus
from typing import Any, NoReturn, Protocol

import grpc
from google.protobuf.message import DecodeError

from ..errors import DeadlineError, InferenceError, MalformedError, OverloadedError, ServiceError
from ..service.metrics import OTHER
from ..service.service import Service
from ..session import Feed, Outputs
from .arrivals import Arrivals, Context
from .pace import Load, Pace

REQUEST_ID = "x-request-id"
request_id: ContextVar[str] = ContextVar("grpc_request_id", default="")
"""What the client calls the call under way; the router finds it."""

Work = Callable[[bytes, Context], bytes | Awaitable[bytes]]
"""Makes a response of a request, at once or later. Raises ServiceError."""

_PUSHBACK = "retry-pushback-ms"
"""https://github.com/grpc/proposal/blob/master/A6-client-retries.md#pushback"""
_MOST_DETAILS = 1000
"""Characters of a message: headers have a limit of 8 KiB, and every character may take nine bytes of it."""
_GONE = 499
_LITTLE = 64 << 10
"""Messages up to so many bytes are always taken, and answers up to them held."""
_MOST_MESSAGES = 8
_MOST_HELD = 64 << 20
"""The messages in work are as long as so many of the longest, or as so many bytes: whichever is more."""
_LOG = logging.getLogger("mlpack.rpc")


class Dialect(Protocol):
    """How one method writes questions and answers."""

    def read(self, raw: bytes) -> tuple[Feed, int, Any]:
        """The feed in a request, its rows, and what `write` wants to know of it. Raises ServiceError."""
        ...

    def write(self, outputs: Outputs, rows: int, asked: Any) -> bytes:
        """The response to a request."""
        ...


class Calls:
    """Makes the handlers of the methods of ``service``."""

    def __init__(self, service: Service) -> None:
        self.arrivals = Arrivals(service.settings.body_timeout)
        self._service = service
        self._log_all = service.settings.log_requests
        self._most_held = max(_MOST_MESSAGES * service.settings.max_body, _MOST_HELD)
        self._pace = Pace(Load().is_busy)
        self._pending = 0
        self.held = 0
        """The bytes of the requests that have arrived and are not answered; gRPC itself holds those that are arriving."""

    def predicting(self, path: str, route: int, dialect: Dialect) -> Any:
        """The handler of a method that predicts, whose calls are counted as ``route``."""
        service = self._service

        def work(raw: bytes, context: Context) -> bytes | Awaitable[bytes]:
            service.admit(self._pending)
            feed, rows, asked = dialect.read(raw)
            if rows <= service.inline_rows:
                return dialect.write(service.infer_now(feed, rows), rows, asked)
            if context.time_remaining() == 0:
                raise DeadlineError("the deadline of the call is over")
            return later(feed, rows, asked)

        async def later(feed: Feed, rows: int, asked: Any) -> bytes:
            return dialect.write(await service.infer_soon(feed, rows), rows, asked)

        return self._handler(path, route, work)

    def telling(self, path: str, answer: Callable[[bytes], bytes]) -> Any:
        """The handler of a method that only tells something."""
        return self._handler(path, OTHER, lambda raw, _: answer(raw))

    def _handler(self, path: str, route: int, work: Work) -> Any:
        async def handle(_: Any, context: Context) -> bytes:
            begun = time.perf_counter()
            status = 200
            try:
                raw = await self.arrivals.message(context)
                size = len(raw or b"")
                self._pending += 1
                self.held += size
                try:
                    if size > _LITTLE and self.held > self._most_held:
                        raise OverloadedError("the requests that wait already have too many bytes")
                    if request_id.get():
                        context.set_trailing_metadata(((REQUEST_ID, request_id.get()),))
                    answer = work(_present(raw), context)
                    if not isinstance(answer, bytes):
                        return await answer
                finally:
                    self._pending -= 1
                    self.held -= size
                turn = self._pace.wait() if len(answer) <= _LITTLE else None
                if turn is not None:
                    await turn
                return answer
            except ServiceError as error:
                status = error.status
                await refuse(context, error)
            except asyncio.CancelledError:
                status = DeadlineError.status if context.time_remaining() == 0 else _GONE
                raise
            except Exception:  # noqa: BLE001 - a fault of ours: the client gets an answer, the log its traceback
                status = InferenceError.status
                _LOG.exception("a call failed")
                await refuse(context, InferenceError("the service failed"))
            finally:
                self._count(path, route, status, time.perf_counter() - begun)

        # In the form of a stream of one message: only then does gRPC leave it to us how long to wait for it.
        return grpc.stream_unary_rpc_method_handler(_at_once(handle))

    def _count(self, path: str, route: int, status: int, seconds: float) -> None:
        self._service.meter.request(route, status, seconds)
        failed = status >= HTTPStatus.INTERNAL_SERVER_ERROR
        if failed or self._log_all:
            told = {"path": path, "status": status, "seconds": round(seconds, 6), "request_id": request_id.get()}
            _LOG.log(logging.ERROR if failed else logging.INFO, "call", extra=told)


async def refuse(context: Context, error: ServiceError) -> NoReturn:
    """End the call with what ``error`` says. Raises `grpc.aio.AbortError`, which gRPC waits for."""
    trailing = tuple(context.trailing_metadata())
    if isinstance(error, OverloadedError):
        trailing = (*trailing, (_PUSHBACK, str(error.retry_after * 1000)))
    details = " ".join(error.message.split())[:_MOST_DETAILS].encode(errors="replace").decode()
    await context.abort(grpc.StatusCode[error.code], details, trailing)
    raise AssertionError("abort returns to nobody")


def parsed(kind: Any, raw: bytes) -> Any:
    """The message of class ``kind`` in ``raw``. Raises MalformedError."""
    try:
        return kind.FromString(raw)
    except DecodeError as error:
        raise MalformedError(f"the request is no {kind.DESCRIPTOR.full_name}") from error


def _present(raw: bytes | None) -> bytes:
    if raw is None:
        raise MalformedError("the call has no message")
    return raw


def _at_once(function: Callable[[Any, Context], Awaitable[bytes]]) -> Any:
    """``function`` in a form of which gRPC knows at once that it is asynchronous.

    It looks twice in every call, and a coroutine function is the last thing that it looks for; what can be awaited the first.
    """
    kind = type(function.__name__, (), {"__call__": staticmethod(function), "__await__": lambda _: iter(())})
    return kind()
