"""Addresses of running services: ``http://host:8080``, ``grpcs://host:443/v2/models/iris/versions/2``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote, unquote, urlsplit

from mlpack.core.errors import UsageError

Scheme = Literal["http", "https", "grpc", "grpcs"]
_PORTS: dict[Scheme, int | None] = {"http": 80, "https": 443, "grpc": None, "grpcs": 443}
_PATH = re.compile(r"(?P<prefix>.*?)(/v2(/models/(?P<model>[^/]+)(/versions/(?P<version>[^/]+))?(/infer)?)?)?/?")
_ADDRESS = "http://HOST:PORT[/v2/models/NAME[/versions/VERSION]], or the same with https://, grpc:// or grpcs://"


@dataclass(frozen=True)
class Address:
    """Where a service listens. ``model`` and ``version`` are empty where the service is to say what it serves.

    ``prefix`` is what stands before ``/v2`` where a proxy serves several services under one name.
    """

    text: str
    scheme: Scheme
    host: str
    port: int
    prefix: str = ""
    model: str = ""
    version: str = ""

    @property
    def is_grpc(self) -> bool:
        """Whether it is spoken to in gRPC."""
        return self.scheme in {"grpc", "grpcs"}

    @property
    def is_secure(self) -> bool:
        """Whether it is spoken to through TLS."""
        return self.scheme in {"https", "grpcs"}

    @property
    def place(self) -> str:
        """Host and port, as gRPC and messages have them."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    def naming(self, model: str) -> str:
        """The address of ``model`` on the same service, for a user to type."""
        return f"{self.scheme}://{self.place}{self.prefix}/v2/models/{quote(model, safe='')}"


def is_address(text: str) -> bool:
    """Whether ``text`` means something on a network, and no file."""
    return "://" in text


def address_of(text: str) -> Address:
    """The parts of an address. Raises UsageError."""
    scheme = text.partition("://")[0].lower()
    if scheme not in _PORTS:
        raise UsageError(f"{text} is no address that is known here", hint=_ADDRESS)
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise UsageError(f"{text} is no address", why=str(error), hint=_ADDRESS) from error
    if "@" in parts.netloc:
        raise UsageError("an address holds no password", hint="set the environment variable MLPACK_API_KEY to the key")
    path = _PATH.fullmatch(parts.path)
    if not parts.hostname or parts.query or parts.fragment or path is None:
        raise UsageError(f"{text} is no address of a service", hint=_ADDRESS)
    known = _PORTS[scheme]
    if port is None and known is None:
        raise UsageError(
            f"{text} names no port, and gRPC has none of its own", hint=f"{scheme}://{parts.hostname}:8081"
        )
    if path["prefix"] and scheme in {"grpc", "grpcs"}:
        raise UsageError(f"{text} has a path that gRPC cannot follow", hint=_ADDRESS)
    model, version = unquote(path["model"] or ""), unquote(path["version"] or "")
    return Address(text, scheme, parts.hostname, port or known or 0, path["prefix"], model, version)
