"""The REST side of a service, as one ASGI application."""

from __future__ import annotations

import asyncio
from types import ModuleType
from typing import TYPE_CHECKING

from ..service.service import Service
from ..settings import key_of
from .asgi import Receive, Scope, Send
from .gate import Gate
from .routes import Routes

if TYPE_CHECKING:
    from .documents import Documents


def build(service: Service, schema: ModuleType) -> Gate:
    """The application that serves ``service``; ``schema`` is the rendered module with its typed models.

    Raises StartError where the API key cannot be read.
    """
    routes = Routes(service, schema)
    key = key_of(service.settings)
    return Gate(service, routes.hot, _Pages(service, routes, has_key=bool(key)), key, routes.in_work)


class _Pages:
    """All that is not found by its path alone: the documentation, and whatever there is nothing at.

    It is made when it is first asked for. FastAPI takes longer to import than all the rest, and 24 MB: most workers never
    have anything to do for it.
    """

    def __init__(self, service: Service, routes: Routes, *, has_key: bool) -> None:
        self._service = service
        self._routes = routes
        self._has_key = has_key
        self._model = service.model
        self._made: Documents | None = None
        self._making = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._making:
            if self._made is None:
                self._made = await asyncio.to_thread(self._make)
        if self._service.model is not self._model:
            self._model = self._service.model
            self._made.describe(self._model.manifest)
        await self._made(scope, receive, send)

    def _make(self) -> Documents:
        from .documents import Documents
        from .pages import add_docs

        documents = Documents(self._service.manifest, self._routes.documented(), has_key=self._has_key)
        add_docs(documents, self._service.manifest.name)
        return documents
