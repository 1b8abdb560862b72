"""The gRPC server of a worker: every service on one port, with limits that one client cannot take from the others."""

from __future__ import annotations

import asyncio
import ssl
import time
from typing import Any

import grpc

from ..errors import StartError
from ..service.metrics import GRPC_PREDICT
from ..service.service import Service
from ..settings import Settings, key_of
from . import health, oip
from .calls import Calls
from .outline import METHOD, outline_of
from .reflection import Reflection
from .router import Router
from .typed import Typed

_MINUTE = 60_000
_MOST_PENDING = 10_000
_SPARE = 128
"""Calls beyond those that predict: somebody who watches the health of the service, and who asks for it in an overload."""
_MOMENT = 1.0
_GLANCE = 0.05


class Running:
    """A server that has started, and the ``calls`` that are under way."""

    def __init__(self, server: grpc.aio.Server, router: Router, calls: Calls) -> None:
        self.calls = calls
        self._server = server
        self._router = router

    async def stop(self, grace: float) -> None:
        """Take nobody in any more; calls under way have ``grace`` seconds.

        gRPC cancels the calls that have arrived and that Python has not met: so all are met first, for a moment at most.
        """
        until = time.monotonic() + min(_MOMENT, grace)
        met = -1
        while met != self._router.met and time.monotonic() < until:
            met = self._router.met
            await asyncio.sleep(_GLANCE)
        await self._server.stop(grace)


async def serve_grpc(service: Service, messages: Any, settings: Settings, port: int) -> tuple[Running, int]:
    """A server that has started, and the port that it listens on; 0 is a free one.

    ``messages`` is the compiled ``model.proto``. Whether it is healthy follows from the service's `ready`. Raises StartError.
    """
    calls = Calls(service)
    outline = outline_of(service.signature, service.manifest.name)
    names = (oip.NAME, outline.full_name)
    healthy = health.Health(service, calls, names)
    predict = f"/{outline.full_name}/{METHOD}"
    closed = {
        **oip.handlers_of(service, calls),
        predict: calls.predicting(predict, GRPC_PREDICT, Typed(service, messages, outline)),
        **Reflection(calls.arrivals, (*names, health.NAME), messages.DESCRIPTOR.pool).handlers,
    }
    server = grpc.aio.server(
        options=_options(settings), maximum_concurrent_rpcs=settings.max_waiting + _SPARE, compression=None
    )
    router = Router(service, opened=healthy.handlers, closed=closed, key=key_of(settings))
    server.add_generic_rpc_handlers((router,))
    bound = _bind(server, settings, port)
    await server.start()
    return Running(server, router, calls), bound


def _options(settings: Settings) -> list[tuple[str, int]]:
    """Their names are in https://github.com/grpc/grpc/blob/master/include/grpc/impl/channel_arg_names.h."""
    return [
        ("grpc.max_receive_message_length", settings.max_body),
        ("grpc.max_send_message_length", -1),
        ("grpc.max_concurrent_streams", settings.max_waiting + _SPARE),
        # Calls that Python has not met yet: beyond its own limit of 1,000 gRPC cancels them, and that is no answer.
        ("grpc.server.max_pending_requests", _MOST_PENDING),
        ("grpc.server.max_pending_requests_hard_limit", 2 * _MOST_PENDING),
        ("grpc.so_reuseport", 1),  # all workers listen on one port
        # A client that died without a word is found out, and one that asks too often whether we live is sent away.
        ("grpc.keepalive_time_ms", _MINUTE),
        ("grpc.keepalive_timeout_ms", _MINUTE // 3),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_ping_interval_without_data_ms", _MINUTE // 6),
        ("grpc.http2.min_recv_ping_interval_without_data_ms", _MINUTE // 6),
        ("grpc.http2.max_ping_strikes", 2),
        ("grpc.server_handshake_timeout_ms", int(settings.header_timeout * 1000)),
        ("grpc.max_connection_idle_ms", 30 * _MINUTE),
    ]


def _bind(server: grpc.aio.Server, settings: Settings, port: int) -> int:
    host = settings.host or "[::]"
    address = f"[{host}]:{port}" if ":" in host and not host.startswith("[") else f"{host}:{port}"
    credentials = _credentials(settings)
    try:
        bound: int = (
            server.add_insecure_port(address) if credentials is None else server.add_secure_port(address, credentials)
        )
    except RuntimeError as error:
        hint = "--grpc-port 0 takes a free port, --grpc-port -1 none"
        raise StartError(f"gRPC cannot listen on {address}", exit_code=2, hint=hint) from error
    return bound


def _credentials(settings: Settings) -> Any:
    """The credentials of the server; None where there is no TLS. Raises StartError."""
    cert, key, ca = settings.tls_cert, settings.tls_key, settings.tls_client_ca
    if cert is None or key is None:
        return None
    try:
        # gRPC does not say what it has against a file; OpenSSL does.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(cert, key, password="")  # without one it would ask on the terminal
        if ca is not None:
            context.load_verify_locations(ca)
        return grpc.ssl_server_credentials(
            [(key.read_bytes(), cert.read_bytes())],
            root_certificates=None if ca is None else ca.read_bytes(),
            require_client_auth=ca is not None,
        )
    except OSError as error:
        files = ", ".join(str(path) for path in (cert, key, ca) if path is not None)
        raise StartError(f"TLS cannot be spoken with {files}", exit_code=2, why=str(error)) from error
