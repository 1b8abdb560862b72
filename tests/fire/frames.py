"""HTTP/2 by hand (RFC 9113): frames that no client library would send."""

from __future__ import annotations

import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RESET, SETTINGS, PING, WINDOW, CONTINUATION = 0, 1, 3, 4, 6, 8, 9
END_STREAM, END_HEADERS = 1, 4


def frame(kind: int, flags: int = 0, stream: int = 0, body: bytes = b"", *, length: int | None = None) -> bytes:
    """One frame; ``length`` is for one that lies about its own."""
    size = len(body) if length is None else length
    return struct.pack(">I", size)[1:] + bytes((kind, flags)) + struct.pack(">I", stream) + body


def call(stream: int, path: str, flags: int = END_HEADERS) -> bytes:
    """The head of a call of gRPC, its headers written out (RFC 7541, literals without indexing)."""
    fields = ((":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "x"))
    more = (("content-type", "application/grpc"), ("te", "trailers"))
    return frame(HEADERS, flags, stream, b"".join(literal(*field) for field in (*fields, *more)))


def literal(name: str, value: str) -> bytes:
    """A header field, both parts shorter than 127 bytes."""
    return b"\0" + bytes((len(name),)) + name.encode() + bytes((len(value),)) + value.encode()


def message(raw: bytes, *, length: int | None = None, compressed: int = 0) -> bytes:
    """A message of gRPC with the five bytes before it."""
    return bytes((compressed,)) + struct.pack(">I", len(raw) if length is None else length) + raw
