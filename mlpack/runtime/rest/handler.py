"""Routes as raw ASGI: what every one of them does around its own answer."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from ..errors import InferenceError, MalformedError, OverloadedError, ServiceError, SlowClientError
from ..service.metrics import OTHER
from ..service.service import Service
from ..session import Outputs
from .answer import CLOSE, Answer, Header
from .asgi import LENGTHS, GoneError, Receive, Scope, Send, error_answer, length_header, read_body

Reply = tuple[Sequence[Header], bytes]
"""Headers without the length, and the body, of an answer that is no error."""
Respond = Callable[[Scope, bytes], Awaitable[Reply]]
"""What a route does with the body of a request. Raises ServiceError."""


class Awaited:
    """A reply that waits for the thread of the model alone: for ``outputs``, of which ``reply`` makes it."""

    __slots__ = ("outputs", "reply")

    def __init__(self, outputs: asyncio.Future[Outputs], reply: Callable[[Outputs], Reply]) -> None:
        self.outputs = outputs
        self.reply = reply


async def settled(reply: Reply | Awaited) -> Reply:
    """The reply, once all that it waits for is there. Raises ServiceError."""
    return reply.reply(await reply.outputs) if isinstance(reply, Awaited) else reply


AtOnce = Callable[[int, bytes], Reply | Awaited | None]
"""The same without a task, from the length of the JSON in the body; None where it has to wait for something else."""

LOG = logging.getLogger("mlpack.rest")
GONE = 499
_SLOW = SlowClientError.status
_OK = 200
FAILED = error_answer(InferenceError("the service failed; its log says how"))
_LITTLE = 64 << 10
"""So many bytes that nobody reads are let pass; a connection with more of them ends. Bodies up to it are always held."""
_MOST_BODIES = 8
_MOST_HELD = 64 << 20
"""The bodies in work are as long as so many of the longest, or as so many bytes: whichever is more."""


class InWork:
    """How many requests were taken and are not answered yet, and how many bytes their bodies have or may come to."""

    __slots__ = ("count", "held")

    def __init__(self) -> None:
        self.count = 0
        self.held = 0

    def take(self, size: int) -> None:
        """A request was taken, whose body has ``size`` bytes."""
        self.count += 1
        self.held += size

    def let_go(self, size: int) -> None:
        """It is answered."""
        self.count -= 1
        self.held -= size


class Route:
    """One route: ``respond`` gives its answers, ``methods`` are those it has, metrics count it as ``number``.

    A ``POST`` is admitted only while few enough are in work, and bodies of few enough bytes; its own is read within the limits
    of the settings.
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
        self._most_held = max(_MOST_BODIES * self._most, _MOST_HELD)
        self._seconds = service.settings.body_timeout

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, as an application of its own: the router of FastAPI calls this."""
        await self.serve(scope, receive, send, [])

    async def serve(self, scope: Scope, receive: Receive, send: Send, headers: list[Header]) -> int:
        """Answer with ``headers`` added; the status of the answer, 499 where the client did not wait for it."""
        in_work = self._in_work
        in_work.take(0)
        unread, held, body = self._reads, 0, b""
        try:
            try:
                if unread:
                    held = self._admit(scope[LENGTHS][0])
                    body = await read_body(receive, scope[LENGTHS][0], self._most, self._seconds)
                    unread = False
                    in_work.held += len(body) - held
                    held = len(body)
                own, content = await self._respond(scope, body)
                status = _OK
            except ServiceError as error:
                status, own, content = error_answer(_explained(error, scope))
            except (GoneError, asyncio.CancelledError):  # a request is only cancelled when its client has gone
                return GONE
            except Exception:
                LOG.exception("a request failed")
                status, own, content = FAILED
            if unread:
                await refuse(scope, send, (status, [*own, *headers], content))
            else:
                await self._send(send, status, [*own, length_header(len(content)), *headers], content)
            return status
        finally:
            in_work.let_go(held)

    def _admit(self, announced: int) -> int:
        """The bytes that the body of a request may come to; they are held from now on. Raises OverloadedError."""
        in_work = self._in_work
        self._service.admit(in_work.count)
        if announced > self._most:
            return 0  # it is not read at all
        size = announced if announced >= 0 else self._most
        if size > _LITTLE and in_work.held + size > self._most_held:
            raise OverloadedError("the requests that wait already have too many bytes")
        in_work.held += size
        return size

    async def _send(self, send: Send, status: int, head: list[Header], content: bytes) -> None:
        if self._service.draining:
            head.append(CLOSE)
        await send({"type": "http.response.start", "status": status, "headers": head})
        await send({"type": "http.response.body", "body": content})


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
