"""What ASGI calls the scope of a request: all that its head says.

Source: HTTP Connection Scope of ASGI, https://asgi.readthedocs.io/en/latest/specs/www.html.
"""

from __future__ import annotations

import asyncio
import urllib.parse
from collections.abc import Mapping
from typing import Any

import httptools

_ASGI = {"version": "3.0", "spec_version": "2.3"}


def addresses_of(transport: asyncio.BaseTransport) -> dict[str, Any]:
    """What is the same for every request of a connection: both ends, and whether it is encrypted."""
    return {
        "server": _address(transport.get_extra_info("sockname")),
        "client": _address(transport.get_extra_info("peername")),
        "scheme": "https" if transport.get_extra_info("sslcontext") else "http",
    }


def scope_of(
    parser: Any, target: bytes, headers: list[tuple[bytes, bytes]], addresses: Mapping[str, Any]
) -> dict[str, Any]:
    """The scope of the request whose head ``parser`` has read. Raises httptools.HttpParserError, ValueError."""
    url = httptools.parse_url(target)
    raw = url.path or b"/"  # http://host has none
    path = raw.decode("ascii")
    return {
        "type": "http",
        "asgi": _ASGI,
        "http_version": parser.get_http_version(),
        **addresses,
        "root_path": "",
        "headers": headers,
        "method": parser.get_method().decode("ascii"),
        "path": urllib.parse.unquote(path) if "%" in path else path,
        "raw_path": raw,
        "query_string": url.query or b"",
    }


def _address(found: Any) -> tuple[str, int] | None:
    return (str(found[0]), int(found[1])) if isinstance(found, tuple) else None
