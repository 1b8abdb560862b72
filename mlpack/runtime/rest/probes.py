"""Whether the service lives, whether it is ready, and what it has counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from ..service.metrics import exposition
from ..service.service import Service
from .answer import Header
from .asgi import JSON, Scope
from .handler import Reply, Respond

_TEXT: Header = (b"content-type", b"text/plain; version=0.0.4; charset=utf-8")


def telling(document: Callable[[], Any]) -> Respond:
    """A route that answers with what ``document`` gives."""

    async def tell(_scope: Scope, _body: bytes) -> Reply:
        return (JSON,), orjson.dumps(document())

    return tell


def telling_if_ready(service: Service, document: Callable[[], Any]) -> Respond:
    """A route that answers with what ``document`` gives while the service is ready, and with 503 otherwise."""

    async def tell(_scope: Scope, _body: bytes) -> Reply:
        service.check_ready()
        return (JSON,), orjson.dumps(document())

    return tell


def counting(service: Service) -> Respond:
    """The route for Prometheus."""

    async def count(_scope: Scope, _body: bytes) -> Reply:
        manifest = service.manifest
        labels = {"name": manifest.name, "version": manifest.version, "sha256": manifest.model_sha256}
        return (_TEXT,), exposition(service.board, labels)

    return count
