"""One request and its response, as ASGI sees them: ``receive`` gives the body as it arrives, ``send`` writes the answer.

Source: HTTP Connection Scope of ASGI, https://asgi.readthedocs.io/en/latest/specs/www.html.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from http import HTTPStatus
from typing import Any, Protocol

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
App = Callable[[Scope, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]]

MOST_UNREAD = 65536
"""Bytes of a body that are taken in before somebody asks for them."""
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_CLOSE = b"connection: close\r\n"
_CHUNKED = b"transfer-encoding: chunked\r\n"
_BODILESS = frozenset({204, 304})

log = logging.getLogger("mlpack.http")


def _line(status: int) -> bytes:
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = ""
    return f"HTTP/1.1 {status} {phrase}\r\n".encode()


STATUS_LINES = {status: _line(status) for status in range(100, 600)}


def plain_response(status: int, message: str, date: bytes = b"") -> bytes:
    """A whole response that ends its connection, with the body that every error has."""
    body = json.dumps({"error": message}).encode()
    return b"".join(
        (
            STATUS_LINES[status],
            date,
            b"content-type: application/json\r\ncontent-length: %d\r\n" % len(body),
            _CLOSE,
            b"\r\n",
            body,
        )
    )


def whole_response(status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes, date: bytes) -> bytes:
    """A response whose ``headers`` have the length of ``body``, and after which the connection goes on."""
    parts = [STATUS_LINES[status], date]
    for name, value in headers:
        parts += (name, b": ", value, b"\r\n")
    parts += (b"\r\n", body)
    return b"".join(parts)


class Connection(Protocol):
    """What an exchange needs of the connection that it takes place on."""

    def write(self, data: bytes) -> None:
        """Send a part of the response."""
        ...

    def abort(self) -> None:
        """Break the connection off: what follows would be taken for a part of the response."""
        ...

    @property
    def date(self) -> bytes:
        """The header line with the time of day."""
        ...

    @property
    def ends(self) -> bool:
        """Whether no other response will follow on this connection."""
        ...

    def end_soon(self) -> None:
        """The application wants no more requests on this connection than have been read."""
        ...

    def answered(self, exchange: Exchange) -> None:
        """The response is complete."""
        ...

    def wants_body(self) -> None:
        """All of the body that had arrived was read."""
        ...

    async def writable(self) -> None:
        """Wait until the client has taken some of what was written to it."""
        ...


class Exchange:
    """A request that ``connection`` reads, and its response. ``keep_alive`` is whether another may follow it."""

    __slots__ = (
        "_chunked",
        "_chunks",
        "_connection",
        "_due",
        "_head",
        "_news",
        "_waiter",
        "complete",
        "disconnected",
        "expects_continue",
        "keep_alive",
        "more_body",
        "scope",
        "started",
        "status",
        "task",
        "unread",
    )

    def __init__(self, connection: Connection, scope: Scope, *, keep_alive: bool, expects: bool) -> None:
        self.scope = scope
        self.keep_alive = keep_alive
        self.expects_continue = expects
        self.disconnected = False
        self.more_body = True
        self.unread = 0
        self.started = False
        self.complete = False
        self.status = 0
        self.task: asyncio.Task[None] | None = None
        self._connection = connection
        self._chunks: list[bytes] = []
        self._news = False
        self._waiter: asyncio.Future[None] | None = None
        self._head = b""
        self._chunked = False
        self._due = 0

    def feed(self, chunk: bytes) -> None:
        """Some of the body has arrived."""
        self._chunks.append(chunk)
        self.unread += len(chunk)
        self._tell()

    def fed(self) -> None:
        """All of it has."""
        self.more_body = False
        self._tell()

    def lost(self) -> None:
        """The client went away: nobody waits for what a request that was read would still get."""
        self.disconnected = True
        self._tell()
        if not self.more_body and self.task is not None:
            self.task.cancel()

    async def run(self, app: App) -> None:
        """Let ``app`` answer; where it does not, it is answered for it."""
        try:
            await app(self.scope, self.receive, self.send)
        except asyncio.CancelledError:
            self._abandon("the service is ending")
        except Exception:
            log.exception("the application failed", extra={"route": self.scope["path"][:200]})
            self._abandon("the service failed")
        else:
            if not self.complete and not self.disconnected:
                log.error("the application did not answer", extra={"route": self.scope["path"][:200]})
                self._abandon("the service failed")

    async def receive(self) -> Message:
        """The next part of the body, or that the client has gone or has its answer."""
        if self.expects_continue and not (self.started or self.disconnected):
            self.expects_continue = False
            self._connection.write(CONTINUE)
        if not self._news and not self.disconnected and not self.complete:
            self._connection.wants_body()
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        self._news = False
        if self.disconnected or self.complete:
            return {"type": "http.disconnect"}
        body, self._chunks, self.unread = b"".join(self._chunks), [], 0
        return {"type": "http.request", "body": body, "more_body": self.more_body}

    async def send(self, message: Message) -> None:
        """Write the head or a part of the body. The head waits for the first part, to go with it."""
        if self.disconnected:
            return
        kind = message["type"]
        if kind == "http.response.body" and self.started and not self.complete:
            await self._send_body(message.get("body", b""), more=message.get("more_body", False))
        elif kind == "http.response.start" and not self.started:
            self._start(message["status"], message.get("headers", ()))
        else:
            raise RuntimeError(f"{kind} at the wrong time")

    def _tell(self) -> None:
        self._news = True
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _start(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> None:
        """Make the head. Whether the connection goes on is decided later: the service may begin to end until then."""
        date = self._connection.date
        parts = [STATUS_LINES[status], date]
        lines = 2 if date else 1
        measured = self.scope["method"] == "HEAD" or status in _BODILESS
        self._due = -1
        for name, value in headers:
            kind = name.lower()
            if kind == b"content-length":
                self._due = int(value)
                measured = True
            elif kind == b"connection":
                if b"close" in value.lower():
                    self._connection.end_soon()
                continue
            elif kind == b"transfer-encoding":
                continue  # that is decided here
            parts += (kind, b": ", value, b"\r\n")
            lines += 1
        if not measured and self.scope["http_version"] == "1.0":
            self.keep_alive = False
        elif not measured:
            self._chunked = True
            parts.append(_CHUNKED)
            lines += 1
        head = b"".join(parts)
        if head.count(b"\n") != lines or head.count(b"\r") != lines:
            raise RuntimeError("a header of the response has a line break in it")
        self.status = status
        self.started = True
        self._head = head

    async def _send_body(self, body: bytes, *, more: bool) -> None:
        if self.scope["method"] == "HEAD":
            body = b""
        elif self._due >= 0:
            self._due -= len(body)
            if self._due < 0 or (self._due and not more):
                raise RuntimeError("the body is not as long as its header says")
        elif self._chunked:
            body = (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + (b"" if more else b"0\r\n\r\n")
        connection = self._connection
        if self._head:
            if self.keep_alive and (connection.ends or (self.more_body and self._is_open_ended())):
                self.keep_alive = False
            body = b"".join((self._head, b"\r\n" if self.keep_alive else _CLOSE + b"\r\n", body))
            self._head = b""
        connection.write(body)
        if more:
            await connection.writable()
        else:
            self.complete = True
            self._tell()
            connection.answered(self)

    def _is_open_ended(self) -> bool:
        """Whether nobody knows how much of the body will come, or if any."""
        return self.expects_continue or any(name == b"transfer-encoding" for name, _ in self.scope["headers"])

    def _abandon(self, message: str) -> None:
        """End the exchange without the application: with an error where nothing was written yet, else by the connection."""
        if self.complete or self.disconnected:
            return
        whole = self._head or not self.started
        self.keep_alive = False
        self.complete = True
        if whole:
            self.status = 500
            self._connection.write(plain_response(500, message, self._connection.date))
            self._connection.answered(self)
        else:
            self._connection.abort()
