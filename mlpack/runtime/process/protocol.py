"""One connection of HTTP/1.1, parsed by httptools, for an ASGI application; with bounds on what a client may leave open.

What uvicorn lets happen and this does not: a head of a request that never ends, in bytes or in time; an answer that is lost
because something broken stood behind its request, or because the client was still sending when it was refused; a connection
that is closed with requests on it when the service ends. It takes half of uvicorn's time for a request, as one write and no
timer goes with it.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Any, Literal, cast

import httptools

from ..rest.answer import CLOSE, Answer, Later
from .door import Door
from .exchange import MOST_UNREAD, Exchange, plain_response, whole_response
from .pending import Pending
from .repeated import Repeated, remembered
from .scope import addresses_of, scope_of
from .sockets import unread

MOST_HEAD = 65536
"""Bytes of a request line and its headers, all together; and of what else stands around a body: trailers, chunk sizes."""
MOST_HEADERS = 256
KEEP_ALIVE = 75.0
"""Seconds that a connection may be idle. Longer than load balancers keep theirs: it is for them to close first."""
LINGER = 2.0
"""Seconds that a client which is still sending has to read its answer in: closed at once, the connection would be reset."""

Stage = Literal["new", "head", "busy", "idle", "closing"]
_MALFORMED = (400, "the request is not HTTP/1.1")
_TOO_LARGE = (431, f"the headers have more than {MOST_HEAD} bytes, or are more than {MOST_HEADERS}")


class HttpConnection(asyncio.Protocol):
    """A connection. It has no timer of its own: whoever holds the `Door` calls `check` now and then.

    ``stage`` is what it waits for since the time ``since``: the first byte of a request, the rest of its head, the answer,
    the next request, or that the client closes.
    """

    transport: asyncio.Transport

    def __init__(self, door: Door, loop: asyncio.AbstractEventLoop) -> None:
        self.stage: Stage = "new"
        self.since = loop.time()
        self._door = door
        self._loop = loop
        self._parser = _parser_for(self)
        self._current: Exchange | Pending | None = None
        self._last: Exchange | None = None
        """The one that was read last: the current one, or the last of those that wait behind it."""
        self._waiting: deque[Exchange] = deque()
        self._held: list[bytes] | None = None
        """The body, as far as it has arrived, of a request that may be answered at once."""
        self._repeated: Repeated | None = None
        self._between, self._told = True, -1
        """Whether the next byte begins a request, and the bytes of the body of the last one, if it was answered at once."""
        self._reading = True
        self._writable = asyncio.Event()
        self._writable.set()
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._expects = False
        self._in_head = False
        self._overhead = 0
        self._ends_soon = False
        self._fault = _MALFORMED
        self._refusal: tuple[int, str] | None = None
        self._unsent = 0

    @property
    def date(self) -> bytes:
        """The header line with the time of day."""
        return self._door.date

    @property
    def ends(self) -> bool:
        """Whether the response that is about to be written is the last of this connection."""
        return (self._door.draining or self._ends_soon) and not self._waiting

    def end_soon(self) -> None:
        """The application wants no more requests on this connection than have been read."""
        self._ends_soon = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has come; it is sent away where there are too many."""
        self.transport = cast("asyncio.Transport", transport)
        self._addresses = addresses_of(transport)
        self._door.connections.add(self)
        if len(self._door.connections) > self._door.most:
            self._refuse(503, "too many connections")

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 - whatever it was
        """The connection is gone; what is being answered may stop."""
        self._door.connections.discard(self)
        self.stage = "closing"
        for exchange in (self._current, *self._waiting):
            if exchange is not None and not exchange.complete:
                exchange.lost()
        self._waiting.clear()
        self._writable.set()

    def pause_writing(self) -> None:
        """The client takes its answers more slowly than they are made: until it has, it is not listened to."""
        self._writable.clear()
        self._pause_reading()

    def resume_writing(self) -> None:
        """It has caught up."""
        self._writable.set()
        self.wants_body()

    def data_received(self, data: bytes) -> None:
        """Some bytes: the parser calls the methods below for what is in them."""
        if self.stage == "closing" or self._refusal is not None:
            return  # read so that the answer is not lost, and of no interest
        whole = self._between
        if whole and self._repeated is not None and self._is_repeated(self._repeated, data):
            return
        self._overhead += len(data)
        self._told = -1
        try:
            self._parser.feed_data(data)
            if self._overhead > MOST_HEAD:
                self._refuse(*_TOO_LARGE)
            elif self._held is not None:
                self._take_on(self._held)  # the rest of its body may take its time
            elif whole and self._between and self._told >= 0:
                self._repeated = remembered(data, self._url, self._headers, self._told)
        except httptools.HttpParserUpgrade as upgrade:
            self._stay(data[upgrade.args[0] :])
        except (httptools.HttpParserError, ValueError):  # of a target that is no URL, too
            self._held = None
            self._refuse(*self._fault)

    def on_message_begin(self) -> None:
        """The first byte of a request."""
        self._between = False
        self._told = -1
        self._url = b""
        self._headers = []
        self._expects = False
        self._in_head = True
        if self.stage != "busy":
            self.stage = "head"
            self.since = self._loop.time()

    def on_url(self, url: bytes) -> None:
        """A part of what is asked for."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header, or a trailer after the body, which nobody wants."""
        if self._in_head:
            name = name.lower()
            self._headers.append((name, value))
            if name == b"expect":
                self._expects = value.lower() == b"100-continue"

    def on_headers_complete(self) -> None:
        """The head of a request is there: it is answered now, or after those before it."""
        self._in_head = False
        large = self._overhead > MOST_HEAD and len(self._url) + sum(map(_size, self._headers)) > MOST_HEAD
        if large or len(self._headers) > MOST_HEADERS:
            self._fault = _TOO_LARGE
            raise ValueError(_TOO_LARGE)
        self._overhead = 0
        if self._parser.should_upgrade():
            return  # the parser stops here, see `_stay`
        if self._may_be_at_once():
            self._held = []
        else:
            self._take_on(())

    def on_body(self, body: bytes) -> None:
        """A part of the body of the request that is being read."""
        self._overhead = 0
        if self._held is not None:
            self._held.append(body)
            return
        exchange = self._last
        if exchange is None or exchange.complete:
            return
        exchange.feed(body)
        if exchange.unread > MOST_UNREAD:
            self._pause_reading()

    def on_message_complete(self) -> None:
        """The whole request is there."""
        self._overhead = 0
        self._between = True
        if self._parser.should_upgrade():
            return  # it is read again, see `_stay`
        held = self._held
        if held is not None:
            body = held[0] if len(held) == 1 else b"".join(held)
            if self._is_answered(self._url, self._headers, body):
                self._held = None
                self._told = len(body)
                return
            self._take_on(held)
        if self._last is not None:
            self._last.fed()

    def wants_body(self) -> None:
        """Go on reading, unless requests wait that came with the last bytes."""
        if not self._reading and not self._waiting and self._writable.is_set():
            self._reading = True
            self.transport.resume_reading()

    def write(self, data: bytes) -> None:
        """Send ``data`` after what was written before, and before the event loop waits again."""
        self._door.outbox.put(self.transport, data)

    def abort(self) -> None:
        """Break off; what was written before still goes out as far as the client takes it."""
        self._door.outbox.release()
        self.transport.abort()

    async def writable(self) -> None:
        """Wait until the client has taken some of what was written to it."""
        await self._writable.wait()

    def deliver(self, pending: Pending, answer: Answer) -> None:
        """Write what a request has waited for."""
        status, headers, body = answer
        if self.ends:
            pending.keep_alive = False
            headers = (*headers, CLOSE)
        self._door.outbox.put(self.transport, whole_response(status, headers, body, self._door.date))
        self.answered(pending)

    def answered(self, exchange: Exchange | Pending) -> None:
        """A response was written: on to the next request, or to the end of the connection."""
        self._current = None
        if self.stage == "closing" or self.transport.is_closing():
            return
        if not exchange.keep_alive:
            self._waiting.clear()
            self._end(lingers=exchange.more_body or (self._door.draining and self.transport.can_write_eof()))
        elif self._waiting:
            self._begin(self._waiting.popleft())
        elif self._refusal is not None:
            self._write_refusal()
        else:
            self.stage = "head" if self._in_head else "idle"
            self.since = self._loop.time()
        self.wants_body()

    def check(self, now: float) -> None:
        """Close what has been left open for too long."""
        waited = now - self.since
        if self.stage in {"new", "head"}:
            if waited > self._door.header_timeout:
                self._refuse(408, "the request did not arrive in time")
        elif self.stage == "idle":
            if waited > KEEP_ALIVE:
                self._end(lingers=False)
        elif self.stage == "closing" and waited > LINGER:
            left = self.transport.get_write_buffer_size()
            if not left and not self.transport.is_closing():
                self.transport.close()
            elif left == self._unsent:
                self.transport.abort()  # it takes nothing of its answer
            self._unsent, self.since = left, now

    def leave(self, before: float) -> None:
        """The service ends: close the connection if nothing is on it, or on its way, since the time ``before``."""
        if self.stage in {"new", "idle"} and self.since <= before and not unread(self._descriptor()):
            self._end(lingers=self.transport.can_write_eof())

    def cut(self) -> None:
        """The service ends now, whatever is on the connection."""
        self.abort()

    def _stay(self, rest: bytes) -> None:
        """There is nothing to upgrade to: read the request again as if it had not asked for it. ``rest`` came behind its head.

        The parser takes what follows such a head for another protocol, and Java's client sends every request with one.
        """
        method = self._parser.get_method()
        if method == b"CONNECT":
            self._refuse(*_MALFORMED)
            return
        head = [b"%b %b HTTP/1.1\r\n" % (method, self._url)]
        head += [b"%b: %b\r\n" % header for header in self._headers if header[0] not in {b"upgrade", b"connection"}]
        if not self._parser.should_keep_alive():
            head.append(b"connection: close\r\n")
        self._parser, self._between = _parser_for(self), True
        self.data_received(b"".join((*head, b"\r\n", rest)))

    def _is_repeated(self, repeated: Repeated, data: bytes) -> bool:
        """Whether ``data`` was a request with the head that is remembered, and is answered."""
        body = repeated.body_of(data)
        if body is None or self.stage != "idle" or self._door.draining or self._ends_soon:
            return False
        return self._is_answered(repeated.target, repeated.headers, body)

    def _is_answered(self, target: bytes, headers: list[tuple[bytes, bytes]], body: bytes) -> bool:
        """Whether a request that is there as a whole needs no task: its answer is written, or will be once it is there."""
        door = self._door
        answer = door.at_once(target, headers, body) if door.at_once and len(body) <= door.most_at_once else None
        if answer is None:
            return False
        self._last = None
        if isinstance(answer, Later):
            self.stage, self._current = "busy", Pending(self, answer)
        else:
            door.outbox.put(self.transport, whole_response(*answer, door.date))
            self.stage, self.since = "idle", self._loop.time()
        return True

    def _pause_reading(self) -> None:
        if self._reading:
            self._reading = False
            self.transport.pause_reading()

    def _may_be_at_once(self) -> bool:
        """Whether the request that begins is a ``POST`` with nothing before it, and others may follow it."""
        door, parser = self._door, self._parser
        return (
            door.at_once is not None
            and self._current is None
            and not (door.draining or self._ends_soon or self._expects)
            and parser.get_method() == b"POST"
            and parser.get_http_version() == "1.1"
            and bool(parser.should_keep_alive())
        )

    def _take_on(self, body: Sequence[bytes]) -> None:
        """Let the application answer the request whose head was read, now or after those before it."""
        self._held = None
        scope = scope_of(self._parser, self._url, self._headers, self._addresses)
        keep_alive = scope["http_version"] == "1.1" and self._parser.should_keep_alive()
        exchange = Exchange(self, scope, keep_alive=keep_alive, expects=self._expects)
        self._last = exchange
        for part in body:
            exchange.feed(part)
        if self._current is None:
            self._begin(exchange)
        else:
            self._waiting.append(exchange)
            self._pause_reading()

    def _begin(self, exchange: Exchange) -> None:
        self._current = exchange
        self.stage = "busy"
        exchange.task = self._loop.create_task(exchange.run(self._door.app))

    def _refuse(self, status: int, message: str) -> None:
        """Answer what was read well before, then this, and close."""
        self._refusal = (status, message)
        broken = self._last
        if broken is not None and broken.more_body and not broken.complete:
            broken.lost()  # the rest of it will never come
            if broken is self._current:
                self._current = None
                if broken.started:
                    self.abort()
                    return
            else:
                self._waiting.pop()
        if self._current is None:
            self._write_refusal()

    def _write_refusal(self) -> None:
        assert self._refusal is not None
        self.write(plain_response(*self._refusal, self.date))
        self._end(lingers=True)

    def _end(self, *, lingers: bool) -> None:
        """Close once all is written; with ``lingers`` only our side, until the client has closed its own."""
        self._door.outbox.release()
        self.stage = "closing"
        self.since = self._loop.time()
        if not lingers:
            self.transport.close()
        elif self.transport.can_write_eof():
            self.transport.write_eof()

    def _descriptor(self) -> int:
        found: int = self.transport.get_extra_info("socket").fileno()
        return found


def _parser_for(connection: HttpConnection) -> Any:
    parser = httptools.HttpRequestParser(connection)
    # A request behind one that closes the connection is not answered; but it must not cost that one its answer either.
    parser.set_dangerous_leniencies(lenient_data_after_close=True)
    return parser


def _size(header: tuple[bytes, bytes]) -> int:
    return len(header[0]) + len(header[1]) + 4
