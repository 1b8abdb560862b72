"""Finds the method of a call, and looks for its key: one look into a dict where gRPC would ask a chain of interceptors."""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from typing import Any

import grpc

from ..errors import UnauthorizedError
from ..service.metrics import OTHER
from ..service.service import Service
from .arrivals import Context
from .calls import REQUEST_ID, refuse, request_id

Handlers = Mapping[str, Any]
"""Handlers of methods by their paths: ``/inference.GRPCInferenceService/ModelInfer``."""

_MOST_ID = 200


class Router(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc has no types
    """All methods of a server. Those of ``closed`` take ``key``, where there is one, as a bearer token or ``x-api-key``.

    ``met`` counts the calls.
    """

    def __init__(self, service: Service, *, opened: Handlers, closed: Handlers, key: str) -> None:
        self._closed = dict(closed)
        self._opened = dict(opened)
        self._key = key.encode()
        self._refusal = _refusal(service)
        self.met = 0

    def service(self, handler_call_details: Any) -> Any:
        """The handler of a call; None for a method that is none."""
        self.met += 1
        method, metadata = handler_call_details.method, handler_call_details.invocation_metadata
        for name, value in metadata:
            if name == REQUEST_ID and len(value) <= _MOST_ID:
                request_id.set(value)  # this runs in the task of the call, as its handler will
        handler = self._closed.get(method)
        if handler is None:
            return self._opened.get(method)
        if self._key and not any(hmac.compare_digest(key, self._key) for key in _keys(metadata)):
            return self._refusal
        return handler


def _keys(metadata: Iterable[tuple[str, str | bytes]]) -> Iterable[bytes]:
    for name, value in metadata:
        text = value.encode() if isinstance(value, str) else value
        if name == "x-api-key":
            yield text
        elif name == "authorization" and text[:7].lower() == b"bearer ":
            yield text[7:].strip()


def _refusal(service: Service) -> Any:
    """Ends a call before its request is read."""
    error = UnauthorizedError("the service wants a key: authorization: Bearer KEY, or x-api-key: KEY")
    end: Callable[..., Awaitable[None]] = refuse

    async def refused(_: Any, context: Context) -> AsyncIterator[bytes]:
        service.meter.request(OTHER, error.status, 0.0)
        await end(context, error)
        yield b""  # it never comes to that; but what answers with messages is a generator

    return grpc.stream_stream_rpc_method_handler(refused)
