"""One call from its first byte to its status: what every method shares, whatever it asks."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextvars import ContextVar
from typing import Any, NoReturn, Protocol

import grpc
from google.protobuf.message import DecodeError

from ..errors import (
    DeadlineError,
    InferenceError,
    MalformedError,
    OverloadedError,
    ServiceError,
    SlowClientError,
)
from ..service.metrics import OTHER
from ..service.service import Service
from ..session import Feed, Outputs

Context = Any
"""A `grpc.aio.ServicerContext`; grpc has no types."""
Answer = Callable[[bytes], bytes]

REQUEST_ID = "x-request-id"
request_id: ContextVar[str] = ContextVar("request_id", default="")
"""What the client calls the call under way; the router finds it."""
_PUSHBACK = "retry-pushback-ms"
"""https://github.com/grpc/proposal/blob/master/A6-client-retries.md#pushback"""
_MOST_DETAILS = 1000
"""Characters of a message: headers have a limit of 8 KiB, and every character may take nine bytes of it."""
_GONE = 499
_EOF = grpc.aio.EOF
_LOG = logging.getLogger(__name__)


class Dialect(Protocol):
    """How one method writes questions and answers."""

    def read(self, raw: bytes) -> tuple[Feed, int, Any]:
        """The feed in a request, its rows, and what `write` wants to know of it. Raises ServiceError."""
        ...

    def write(self, outputs: Outputs, rows: int, asked: Any) -> bytes:
        """The response to a request."""
        ...


class Calls:
    """The calls under way in one server. A request has to arrive within ``seconds``, or its call is ended.

    gRPC itself would wait for the message of a call as long as its client lives, and keep one of the places that it has.
    """

    def __init__(self, seconds: float) -> None:
        self.pending = 0
        """Predictions that are asked for and not answered."""
        self._seconds = seconds
        self._arriving: dict[asyncio.Task[Any], float] = {}
        self._late: set[asyncio.Task[Any]] = set()
        self._timer: asyncio.TimerHandle | None = None

    async def message(self, context: Context) -> bytes | None:
        """The next message of a call, None when there is none any more. Raises SlowClientError."""
        task = asyncio.current_task()
        assert task is not None
        self._arriving[task] = time.perf_counter() + self._seconds
        if self._timer is None:
            self._timer = task.get_loop().call_later(self._seconds, self._sweep, task.get_loop())
        try:
            raw = await context.read()
        except asyncio.CancelledError:
            if task not in self._late:
                raise
            self._late.discard(task)
            task.uncancel()
            raise SlowClientError(f"the request did not arrive within {self._seconds:g} s") from None
        finally:
            del self._arriving[task]
        return None if raw is _EOF else raw

    async def messages(self, context: Context) -> AsyncIterator[bytes]:
        """Every message of a call."""
        while (raw := await self.message(context)) is not None:
            yield raw

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        """End those that are late. One timer for all calls: one a call would cost more than most answers do."""
        now = time.perf_counter()
        self._timer = None
        for task, until in self._arriving.items():
            if until > now:
                self._timer = loop.call_later(until - now, self._sweep, loop)
                return
            if task not in self._late:
                self._late.add(task)
                task.cancel()


def predicting(service: Service, calls: Calls, route: int, dialect: Dialect) -> Any:
    """The handler of a method that predicts; ``route`` is what its calls are counted as."""

    async def predict(_: Any, context: Context) -> bytes:
        begun = time.perf_counter()
        status = 200
        calls.pending += 1
        try:
            raw = await calls.message(context)
            service.admit(calls.pending)
            if request_id.get():
                _echo_id(context)
            feed, rows, asked = dialect.read(raw if raw is not None else _absent())
            if rows <= service.inline_rows:
                outputs = service.infer_now(feed, rows)
            else:
                _check_time(context)
                outputs = await service.infer(feed, rows)
            return dialect.write(outputs, rows, asked)
        except ServiceError as error:
            status = error.status
            await refuse(context, error)
        except asyncio.CancelledError:
            status = DeadlineError.status if context.time_remaining() == 0 else _GONE
            raise
        except Exception:  # noqa: BLE001 - a fault of ours: the client gets an answer, the log its traceback
            status = InferenceError.status
            _LOG.exception("a call of gRPC failed")
            await refuse(context, InferenceError("the service failed"))
        finally:
            calls.pending -= 1
            service.meter.request(route, status, time.perf_counter() - begun)

    return grpc.stream_unary_rpc_method_handler(_at_once(predict))


def telling(service: Service, calls: Calls, answer: Answer) -> Any:
    """The handler of a method that only tells something: ``answer`` makes its response of its request."""

    async def tell(_: Any, context: Context) -> bytes:
        begun = time.perf_counter()
        status = 200
        try:
            raw = await calls.message(context)
            _echo_id(context)
            return answer(raw if raw is not None else _absent())
        except ServiceError as error:
            status = error.status
            await refuse(context, error)
        except asyncio.CancelledError:
            status = _GONE
            raise
        finally:
            service.meter.request(OTHER, status, time.perf_counter() - begun)

    return grpc.stream_unary_rpc_method_handler(_at_once(tell))


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


def _absent() -> NoReturn:
    raise MalformedError("the call has no message")


def _at_once(function: Callable[[Any, Context], Awaitable[bytes]]) -> Any:
    """``function`` in a form of which gRPC knows at once that it is asynchronous.

    It looks twice in every call, and a coroutine function is the last thing that it looks for; what can be awaited the first.
    """
    kind = type(function.__name__, (), {"__call__": staticmethod(function), "__await__": lambda _: iter(())})
    return kind()


def _echo_id(context: Context) -> None:
    identity = request_id.get()
    if identity:
        context.set_trailing_metadata(((REQUEST_ID, identity),))


def _check_time(context: Context) -> None:
    if context.time_remaining() == 0:
        raise DeadlineError("the deadline of the call is over")
