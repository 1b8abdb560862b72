"""Routes as raw ASGI: what every one of them does around its own answer."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence

from ..errors import InferenceError, MalformedError, ServiceError, SlowClientError
from ..service.metrics import OTHER
from ..service.service import Service
from .asgi import (
    CLOSE,
    LENGTHS,
    Answer,
    GoneError,
    Header,
    Receive,
    Scope,
    Send,
    error_answer,
    length_header,
    read_body,
)

Reply = tuple[Sequence[Header], bytes]
"""Headers without the length, and the body, of an answer that is no error."""
Respond = Callable[[Scope, bytes], Awaitable[Reply]]
"""What a route does with the body of a request. Raises ServiceError."""
AtOnce = Callable[[int, bytes], Reply | None]
"""The same where nothing has to be waited for, from the length of the JSON in the body; None where something has."""

LOG = logging.getLogger("mlpack.rest")
_GONE = 499
_SLOW = SlowClientError.status
_OK = 200
_FAILED = error_answer(InferenceError("the service failed; its log says how"))
_LITTLE = 64 << 10
"""So many bytes that nobody reads are let pass; a connection with more of them ends."""


class InWork:
    """How many requests were taken and are not answered yet."""

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count = 0


class Route:
    """One route: ``respond`` gives its answers, ``methods`` are those it has, metrics count it as ``number``.

    A ``POST`` is admitted only while few enough are in work, and its body is read within the limits of the settings.
    """

    def __init__(
        self,
        service: Service,
        in_work: InWork,
        respond: Respond,
        *,
        number: int = OTHER,
        method: str = "GET",
        at_once: AtOnce | None = None,
    ) -> None:
        self.number = number
        self.at_once = at_once
        self.methods = ("GET", "HEAD") if method == "GET" else (method,)
        self._service = service
        self._in_work = in_work
        self._respond = respond
        self._reads = method == "POST"
        self._most = service.settings.max_body
        self._seconds = service.settings.body_timeout

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, as an application of its own: the router of FastAPI calls this."""
        await self.serve(scope, receive, send, [])

    async def serve(self, scope: Scope, receive: Receive, send: Send, headers: list[Header]) -> int:
        """Answer with ``headers`` added; the status of the answer, 499 where the client did not wait for it."""
        in_work = self._in_work
        in_work.count += 1
        unread = self._reads
        try:
            body = b""
            if unread:
                self._service.admit(in_work.count)
                body = await read_body(receive, scope[LENGTHS][0], self._most, self._seconds)
                unread = False
            own, content = await self._respond(scope, body)
            status = _OK
        except ServiceError as error:
            status, own, content = error_answer(_explained(error, scope))
        except GoneError:
            return _GONE
        except Exception:
            LOG.exception("a request failed")
            status, own, content = _FAILED
        finally:
            in_work.count -= 1
        if unread:
            await refuse(scope, send, (status, [*own, *headers], content))
        else:
            head = [*own, length_header(len(content)), *headers]
            if self._service.draining:
                head.append(CLOSE)
            await send({"type": "http.response.start", "status": status, "headers": head})
            await send({"type": "http.response.body", "body": content})
        return status


def _explained(error: ServiceError, scope: Scope) -> ServiceError:
    """What is really wrong with a body that cannot be read, where that is its compression."""
    if isinstance(error, MalformedError):
        for name, value in scope["headers"]:
            if name == b"content-encoding" and value.lower() != b"identity":
                encoding = value[:40].decode("latin-1")
                return MalformedError(f"the body is compressed with {encoding}, and is read only as it is")
    return error


async def refuse(scope: Scope, send: Send, answer: Answer) -> None:
    """Answer a request whose body nobody has read. Where much of it may come, the connection ends with the answer."""
    status, headers, body = answer
    announced = scope[LENGTHS][0]
    head = [*headers, length_header(len(body))]
    if status == _SLOW or (scope["method"] not in {"GET", "HEAD"} and not 0 <= announced <= _LITTLE):
        head.append(CLOSE)
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": body})
