"""``python -m runtime.health`` in a container: exits 0 if the service that is its first process is ready. Takes no curl."""

from __future__ import annotations

import contextlib
import http.client
import socket
import sys
from pathlib import Path

from .settings import Settings, parse_settings

_SECONDS = 4.0
_LOCAL = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "::1"}  # noqa: S104 - it is asked, not bound


def is_ready(settings: Settings) -> bool:
    """Whether the service that was started with ``settings`` says that it is ready.

    One that wants certificates of its clients gets none from here: then it has to accept a connection.
    """
    host = _LOCAL.get(settings.host, settings.host)
    try:
        if settings.tls_client_ca is not None:
            socket.create_connection((host, settings.port), _SECONDS).close()
            return True
        with contextlib.closing(_connection(host, settings)) as connection:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False


def arguments_of(command: bytes) -> list[str]:
    """The options in the command line of a process, as ``/proc`` has it: they win over the environment."""
    words = command.decode(errors="replace").split("\0")
    return [word for word in words[words.index("runtime") + 1 :] if word] if "runtime" in words else []


def _connection(host: str, settings: Settings) -> http.client.HTTPConnection:
    if settings.tls_cert is None:
        return http.client.HTTPConnection(host, settings.port, timeout=_SECONDS)
    import ssl

    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # it is the service beside this process, whatever name it shows
    return http.client.HTTPSConnection(host, settings.port, timeout=_SECONDS, context=context)


def main(process: Path = Path("/proc/1/cmdline")) -> int:
    """The exit code that a HEALTHCHECK wants: 0 or 1."""
    return 0 if is_ready(parse_settings(arguments_of(process.read_bytes()))) else 1


if __name__ == "__main__":
    sys.exit(main())
