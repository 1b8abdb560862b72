"""HTTP on the sockets of a worker: takes connections in, looks after them once a second, and lets them end in order."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
import time
from email.utils import formatdate
from typing import Any

from ..errors import StartError
from ..settings import Settings
from .door import MOST_AT_ONCE, Door
from .exchange import App
from .protocol import HttpConnection
from .sockets import BACKLOG, queued, seal

_MOMENT = 1.0
"""Seconds that a connection with nothing on it is left open when the service ends: its client may be about to ask."""
_GLANCE = 0.02
_MOST_CONNECTIONS = 8192
_MOST_FILES = 65536


class Front:
    """Serves ``app`` on ``listener``, over TLS where there is a context for it."""

    def __init__(
        self, app: App, listener: socket.socket, settings: Settings, tls: ssl.SSLContext | None = None
    ) -> None:
        self._listener = listener
        self._tls = tls
        self._timeout = settings.header_timeout
        at_once = getattr(app, "at_once", None)  # an application that tracing has wrapped has none
        most_at_once = min(MOST_AT_ONCE, settings.max_body)
        self._door = Door(app, settings.header_timeout, _most_connections(), at_once, most_at_once)
        self._server: asyncio.Server | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def open(self) -> int:
        """How many connections there are."""
        return len(self._door.connections)

    async def start(self) -> None:
        """Begin to accept."""
        loop = asyncio.get_running_loop()
        tls: dict[str, Any] = {"ssl": self._tls, "ssl_handshake_timeout": self._timeout} if self._tls else {}
        self._check()
        self._server = await loop.create_server(
            lambda: HttpConnection(self._door, loop), sock=self._listener, backlog=BACKLOG, **tls
        )

    async def stop_accepting(self) -> None:
        """Take in whoever has connected by now, and nobody after; every response is the last of its connection from here on."""
        self._door.draining = True
        seal(self._listener)
        until = time.monotonic() + _MOMENT
        while queued(self._listener) and time.monotonic() < until:
            await asyncio.sleep(0.001)
        await asyncio.sleep(0)
        if self._server is not None:
            self._server.close()
        self._listener.close()

    async def finish(self, seconds: float) -> int:
        """Let all connections end, within ``seconds``. Returns how many had to be cut."""
        began = time.monotonic()
        loop = asyncio.get_running_loop()
        while self.open and time.monotonic() - began < seconds:
            for connection in list(self._door.connections):
                connection.leave(loop.time() - _MOMENT)
            await asyncio.sleep(_GLANCE)
        cut = list(self._door.connections)
        for connection in cut:
            connection.cut()
        if self._timer is not None:
            self._timer.cancel()
        return len(cut)

    def _check(self) -> None:
        """Once a second, or more often where a request may take less than that."""
        loop = asyncio.get_running_loop()
        self._door.date = f"date: {formatdate(usegmt=True)}\r\n".encode()
        now = loop.time()
        for connection in list(self._door.connections):
            connection.check(now)
        self._timer = loop.call_later(min(1.0, self._timeout / 4), self._check)


def tls_context(settings: Settings) -> ssl.SSLContext | None:
    """The certificate to show, and whose certificates clients have to show; None without TLS. Raises StartError."""
    if settings.tls_cert is None or settings.tls_key is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    try:
        context.load_cert_chain(settings.tls_cert, settings.tls_key, password=_no_password)
        if settings.tls_client_ca is not None:
            context.load_verify_locations(settings.tls_client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ValueError) as error:  # SSLError is an OSError
        files = ", ".join(str(one) for one in (settings.tls_cert, settings.tls_key, settings.tls_client_ca) if one)
        raise StartError(f"{files} cannot be used for TLS", exit_code=2, why=str(error)) from error
    return context


def _no_password() -> str:
    """OpenSSL would ask for one on the terminal."""
    raise ValueError("the private key has a password: write one without, openssl pkey -in KEY -out KEY.plain")


def _most_connections() -> int:
    """Half of as many as there are descriptors for: gRPC has connections too, and who is sent away takes a moment to go."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < _MOST_FILES:
        soft = _MOST_FILES if hard == resource.RLIM_INFINITY else min(_MOST_FILES, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    taken = len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else 64  # noqa: PTH112, PTH208
    return max(1, min(_MOST_CONNECTIONS, (soft - taken) // 2))
