"""The outermost application: whom it lets in, where requests go, what every answer carries."""

from __future__ import annotations

import hmac
import logging
import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import count
from time import perf_counter

from ..errors import ServiceError, UnauthorizedError
from ..service.metrics import OTHER
from ..service.service import Service
from .answer import CLOSE, Answer, Header, Later
from .asgi import LENGTHS, REQUEST_ID, Application, Message, Receive, Scope, Send, error_answer, head_of, length_header
from .handler import FAILED, GONE, LOG, Awaited, InWork, Route, refuse

OPEN = frozenset({"/livez", "/readyz", "/v2/health/live", "/v2/health/ready"})
"""What asks for no key: whoever probes a service has none."""
_FOR_PEOPLE = ("/docs", "/openapi.json")
"""What a browser opens beside ``/``; it can only ask for a password."""
_ASK: Header = (b"www-authenticate", b'Basic realm="the API key is the password", charset="UTF-8"')
_MOST_ID = 128
_FAILURES = 500
_OK = 200


class Gate:
    """``hot`` gives the routes that are found by their path alone, anew after a reload; ``rest`` answers all others.

    ``in_work`` counts the requests that were taken and are not answered yet.
    """

    def __init__(
        self, service: Service, hot: Callable[[], Mapping[str, Route]], rest: Application, key: str, in_work: InWork
    ) -> None:
        self.in_work = in_work
        self._service = service
        self._count = service.meter.request
        self._find_hot = hot
        self._rest = rest
        self._key = key.encode()
        self._ids = count(1)
        self._prefix = os.urandom(6).hex()
        self._id_prefix = self._prefix.encode()
        self._log_all = service.settings.log_requests
        self._look_up()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or one event of the server's life."""
        if scope["type"] != "http":
            await _not_http(scope, receive, send)
            return
        begun = perf_counter()
        lengths, credentials, wanted = head_of(scope["headers"])
        scope[LENGTHS] = lengths
        identity = _identity(wanted) if wanted else ""
        if not identity:
            identity = f"{self._prefix}-{next(self._ids):x}"
        REQUEST_ID.set(identity)
        headers: list[Header] = [(b"x-request-id", identity.encode())]
        path = scope["path"]
        number = OTHER
        if self._key and path not in OPEN and not self._is_known(credentials):
            status = await _turn_away(scope, send, headers)
        else:
            if self._service.model is not self._model:
                self._look_up()
            route = self._hot.get(path)
            if route is not None and scope["method"] in route.methods:
                number = route.number
                status = await route.serve(scope, receive, send, headers)
            else:
                status = await self._serve_rest(scope, receive, send, headers)
        seconds = perf_counter() - begun
        self._count(number, status, seconds)
        if self._log_all or (status >= _FAILURES and path not in OPEN):  # a probe that is told to wait is no fault
            _log(scope, status, seconds)

    def _look_up(self) -> None:
        """Find the routes anew: their paths have the name and the version of the model."""
        self._model = self._service.model
        self._hot = self._find_hot()
        self._quick = {} if self._log_all else {path.encode(): route for path, route in self._hot.items()}

    def at_once(self, target: bytes, headers: Sequence[Header], body: bytes) -> Answer | Later | None:
        """The answer to a ``POST`` that is there as a whole, now or once the model has given it.

        None for all else, errors among it: `__call__` has the words for them, and may do again what was done here.
        """
        route = self._quick.get(target)
        service = self._service
        if route is None or route.at_once is None or service.draining or service.model is not self._model:
            return None
        if self.in_work.count >= service.settings.max_waiting:
            return None
        begun = perf_counter()
        lengths, credentials, wanted = head_of(headers)
        if self._key and not self._is_known(credentials):
            return None
        identity = _identity(wanted) if wanted else ""
        try:
            reply = route.at_once(lengths[1], body)
        except Exception:  # noqa: BLE001 - it is raised again where it is answered
            return None
        if reply is None:
            return None
        tag = (b"x-request-id", identity.encode() if identity else b"%b-%x" % (self._id_prefix, next(self._ids)))
        if isinstance(reply, Awaited):
            self.in_work.take(len(body))
            return Later(reply.outputs, partial(self._finish, reply, route.number, target, tag, len(body), begun))
        own, content = reply
        self._count(route.number, _OK, perf_counter() - begun)
        return _OK, (*own, length_header(len(content)), tag), content

    def _finish(
        self, reply: Awaited, number: int, target: bytes, tag: Header, size: int, begun: float
    ) -> Answer | None:
        """The answer, now that its outputs are there."""
        self.in_work.let_go(size)
        if reply.outputs.cancelled():
            self._count(number, GONE, perf_counter() - begun)
            return None
        REQUEST_ID.set(tag[1].decode())
        status, own, content = _outcome(reply)
        seconds = perf_counter() - begun
        self._count(number, status, seconds)
        if status >= _FAILURES:
            _log({"method": "POST", "path": target.decode("latin-1")}, status, seconds)
        return status, (*own, length_header(len(content)), tag), content

    def _is_known(self, credentials: tuple[bytes, ...]) -> bool:
        return any(hmac.compare_digest(given, self._key) for given in credentials)

    async def _serve_rest(self, scope: Scope, receive: Receive, send: Send, headers: list[Header]) -> int:
        tagged = _Tagged(send, self._service, headers)
        try:
            await self._rest(scope, receive, tagged)
        except Exception:
            LOG.exception("a request failed")
            if not tagged.complete:
                raise  # only the server can end a connection after half an answer
        return tagged.status


def _outcome(reply: Awaited) -> Answer:
    try:
        return _OK, *reply.reply(reply.outputs.result())
    except ServiceError as error:
        return error_answer(error)
    except Exception as error:  # noqa: BLE001 - whatever it is, this request is answered
        LOG.exception("a request failed", exc_info=error)
        return FAILED


async def _turn_away(scope: Scope, send: Send, headers: list[Header]) -> int:
    error = UnauthorizedError("an API key is wanted: Authorization: Bearer KEY, or X-API-Key: KEY")
    status, own, body = error_answer(error)
    if scope["path"] == "/" or scope["path"].startswith(_FOR_PEOPLE):
        own = [header for header in own if header[0] != _ASK[0]] + [_ASK]
    await refuse(scope, send, (status, [*own, *headers], body))
    return status


def _identity(wanted: bytes) -> str:
    """The id that a client gave its request; empty where it is none that a log should have."""
    identity = wanted.decode("latin-1")
    return identity if len(wanted) <= _MOST_ID and identity.isascii() and identity.isprintable() else ""


class _Tagged:
    """A ``send`` that adds headers to whatever is answered, and remembers the status and whether it is whole."""

    def __init__(self, send: Send, service: Service, headers: list[Header]) -> None:
        self._send = send
        self._service = service
        self._headers = headers
        self.status = 0
        self.complete = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            added = [*message.get("headers", ()), *self._headers]
            if self._service.draining and CLOSE not in added:
                added.append(CLOSE)
            message = {**message, "headers": added}
        else:
            self.complete = not message.get("more_body")
        await self._send(message)


async def _not_http(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close"})
        return
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def _log(scope: Scope, status: int, seconds: float) -> None:
    LOG.log(
        logging.ERROR if status >= _FAILURES else logging.INFO,
        "request",
        extra={
            "method": scope["method"],
            "path": scope["path"],
            "status": status,
            "seconds": round(seconds, 6),
            "request_id": REQUEST_ID.get(),
        },
    )
