"""One connection, byte by byte: what no well-behaved client library would send, and how it ends."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from clients.served import HOST

End = Literal["answered", "closed", "reset", "open"]


@dataclass(frozen=True)
class Talk:
    """What came back, and how it ended: with a whole answer, closed or reset by the service, or not at all. Seconds it took."""

    received: bytes
    end: End
    seconds: float

    @property
    def status(self) -> int:
        """The status of the answer; 0 where there was none."""
        return int(self.received[9:12]) if self.received.startswith(b"HTTP/1.1 ") else 0

    @property
    def is_refusal(self) -> bool:
        """Whether it is what hostile bytes should get: a whole answer of the 4xx, or a connection that is closed."""
        return (self.end == "answered" and 400 <= self.status < 500) or (self.end == "closed" and not self.received)


def connect(port: int) -> socket.socket:
    """A connection that never blocks."""
    connection = socket.create_connection((HOST, port), timeout=10)
    connection.setblocking(False)
    return connection


def talk(port: int, parts: Iterable[bytes], *, seconds: float = 20.0, pause: float = 0.0) -> Talk:
    """Send ``parts``, with a pause after each, until the service has answered or closed, or ``seconds`` are over."""
    begun, received, rest = time.monotonic(), b"", b""
    waiting, due = iter(parts), begun
    sending = True
    with connect(port) as connection:
        while (now := time.monotonic()) < begun + seconds:
            if sending and not rest and now >= due:
                rest, due = next(waiting, b""), now + pause
                sending = bool(rest)
            readable, writable, _ = select.select([connection], [connection] if rest else [], [], 0.02)
            try:
                if readable:
                    data = connection.recv(1 << 16)
                    received += data
                    if not data or is_whole(received):
                        return Talk(received, "answered" if is_whole(received) else "closed", time.monotonic() - begun)
                if writable:
                    rest = rest[connection.send(rest[: 1 << 18]) :]
            except (ConnectionResetError, BrokenPipeError):
                return Talk(received, "reset", time.monotonic() - begun)
    return Talk(received, "open", time.monotonic() - begun)


def is_whole(received: bytes) -> bool:
    """Whether an answer with a Content-Length is all there."""
    head, found, body = received.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return bool(found and lengths) and len(body) >= int(lengths[0][15:])


def post(path: str, body: bytes, *headers: str) -> bytes:
    """A request."""
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: x",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def chunk(data: bytes) -> bytes:
    """A chunk of a body whose length was not told."""
    return b"%x\r\n%b\r\n" % (len(data), data)
