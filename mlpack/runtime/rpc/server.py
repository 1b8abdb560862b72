"""The gRPC server of a worker: every service on one port, with limits that one client cannot take from the others."""

from __future__ import annotations

import ssl
from typing import Any

import grpc

from ..errors import StartError
from ..service.metrics import GRPC_PREDICT
from ..service.service import Service
from ..settings import Settings, key_of
from . import health, oip
from .calls import Calls, predicting
from .outline import METHOD, outline_of
from .reflection import Reflection
from .router import Router
from .typed import Typed

_MINUTE = 60_000
_SPARE = 128
"""Calls beyond those that predict: somebody who watches the health of the service, and who asks for it in an overload."""


async def serve_grpc(service: Service, messages: Any, settings: Settings, port: int) -> tuple[grpc.aio.Server, int]:
    """A server that has started, and the port that it listens on; 0 is a free one.

    ``messages`` is the compiled ``model.proto``. Whether it is healthy follows from the service's `ready`. Raises StartError.
    """
    calls = Calls(settings.body_timeout)
    outline = outline_of(service.signature, service.manifest.name)
    names = (oip.NAME, outline.full_name)
    healthy = health.Health(service, calls, names)
    predict = predicting(service, calls, GRPC_PREDICT, Typed(service, messages, outline))
    closed = {
        **oip.handlers_of(service, calls),
        f"/{outline.full_name}/{METHOD}": predict,
        **Reflection(calls, (*names, health.NAME), messages.DESCRIPTOR.pool).handlers,
    }
    server = grpc.aio.server(
        options=_options(settings), maximum_concurrent_rpcs=settings.max_waiting + _SPARE, compression=None
    )
    server.add_generic_rpc_handlers((Router(service, opened=healthy.handlers, closed=closed, key=key_of(settings)),))
    bound = _bind(server, settings, port)
    await server.start()
    return server, bound


def _options(settings: Settings) -> list[tuple[str, int]]:
    """Their names are in https://github.com/grpc/grpc/blob/master/include/grpc/impl/channel_arg_names.h."""
    return [
        ("grpc.max_receive_message_length", settings.max_body),
        ("grpc.max_send_message_length", -1),
        ("grpc.max_concurrent_streams", settings.max_waiting + _SPARE),
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
