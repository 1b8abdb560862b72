"""The few lines of ASGI that the routes are made of: the head and the body of a request, and an answer.

https://asgi.readthedocs.io/en/latest/specs/www.html
"""

from __future__ import annotations

import asyncio
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterable, MutableMapping
from contextlib import closing
from contextvars import ContextVar
from http import HTTPStatus
from typing import Any

import orjson

from ..errors import OverloadedError, ServiceError, SlowClientError, TooLargeError
from .answer import Answer, Header

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

JSON: Header = (b"content-type", b"application/json")
JSON_LENGTH = b"inference-header-content-length"
LENGTHS = "mlpack.lengths"
"""Where a request's scope has the lengths of its body and of the JSON at the start of a binary body.

A length that is not told is -1, one that is no number -2.
"""
REQUEST_ID: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the request that is being answered, for logs and traces."""

_LENGTH, _AUTHORIZATION, _KEY, _ID, _JSON_LENGTH = range(5)
_READ = {
    b"content-length": _LENGTH,
    b"authorization": _AUTHORIZATION,
    b"x-api-key": _KEY,
    b"x-request-id": _ID,
    JSON_LENGTH: _JSON_LENGTH,
}
_MOST_DIGITS = 18
_LENGTHS: tuple[Header, ...] = tuple((b"content-length", b"%d" % length) for length in range(4096))


class GoneError(Exception):
    """The client went away before its request was whole: there is nobody to answer."""


def head_of(headers: Iterable[Header]) -> tuple[tuple[int, int], tuple[bytes, ...], bytes]:
    """What is wanted of a request's headers, in one pass: its `LENGTHS`, its credentials, its id."""
    length, json_length = -1, -1
    credentials: tuple[bytes, ...] = ()
    identity = b""
    for name, value in headers:
        kind = _READ.get(name)
        if kind is None:
            continue
        if kind == _LENGTH:
            length = _number(value)
        elif kind == _ID:
            identity = value
        elif kind == _JSON_LENGTH:
            json_length = _number(value)
        else:
            credentials = (*credentials, value if kind == _KEY else _token(value))
    return (length, json_length), credentials, identity


def _number(value: bytes) -> int:
    return int(value) if value.isdigit() and len(value) <= _MOST_DIGITS else -2


def _token(value: bytes) -> bytes:
    """The token of ``Bearer``, or the password of ``Basic``, which is what a browser can send."""
    scheme, _, token = value.partition(b" ")
    if scheme.lower() == b"bearer":
        return token.strip()
    if scheme.lower() != b"basic":
        return b""
    try:
        return b64decode(token).partition(b":")[2]
    except (Base64Error, ValueError):
        return b""


def length_header(length: int) -> Header:
    """``content-length``."""
    return _LENGTHS[length] if length < len(_LENGTHS) else (b"content-length", b"%d" % length)


async def read_body(receive: Receive, length: int, most: int, seconds: float) -> bytes:
    """The body of a request, of at most ``most`` bytes, arrived within ``seconds``.

    ``length`` is what the client announced. Raises TooLargeError before a byte too many is kept, SlowClientError, GoneError.
    """
    if length > most:
        raise _too_large(most)
    waiting: Any = receive()
    try:
        # A body that has arrived already needs no timer. Only a coroutine that is started by hand tells that it would wait.
        blocker = waiting.send(None)
    except StopIteration as ended:
        message: Message = ended.value
        if message["type"] == "http.request" and not message.get("more_body"):
            body: bytes = message.get("body", b"")
            if len(body) > most:
                raise _too_large(most) from None
            return body
        first: Awaitable[Message] = _arrived(message)
    else:
        first = _Started(waiting, blocker)
    try:
        async with asyncio.timeout(seconds):
            return await _rest(receive, first, most)
    except TimeoutError:
        raise SlowClientError(f"the body did not arrive within {seconds:g} s") from None


async def _rest(receive: Receive, first: Awaitable[Message], most: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    message = await first
    while True:
        if message["type"] != "http.request":
            raise GoneError
        chunk: bytes = message.get("body", b"")
        size += len(chunk)
        if size > most:
            raise _too_large(most)
        chunks.append(chunk)
        if not message.get("more_body"):
            return b"".join(chunks)
        message = await receive()


async def _arrived(message: Message) -> Message:
    return message


class _Started:
    """The rest of a coroutine that was started by hand, and waits for ``blocker``."""

    def __init__(self, coroutine: Coroutine[Any, Any, Message], blocker: Any) -> None:
        self._coroutine = coroutine
        self._blocker = blocker

    def __await__(self) -> Generator[Any, Any, Message]:
        with closing(self._coroutine):
            yield self._blocker
            message = yield from self._coroutine.__await__()
        return message


def _too_large(most: int) -> TooLargeError:
    return TooLargeError(f"the body has more than {most} bytes")


def error_answer(error: ServiceError) -> Answer:
    """The answer that tells of ``error``."""
    headers = [JSON]
    if isinstance(error, OverloadedError):
        headers.append((b"retry-after", b"%d" % error.retry_after))
    elif error.status == HTTPStatus.UNAUTHORIZED:
        headers.append((b"www-authenticate", b"Bearer"))
    return error.status, headers, error_body(error.message)


def error_body(message: str) -> bytes:
    """The body of every answer that is an error: one line, whatever a client or a library has put into it."""
    line = " ".join(message.split())
    return orjson.dumps({"error": line.encode(errors="replace").decode()})
