"""What the rendered ``app.py`` holds: the model's folder and the modules with its types, as one ASGI application."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from ..errors import StartError
from ..service.processors import limit_threads
from ..settings import Settings, parse_settings
from .exchange import App, Message, Scope

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from ..service.board import Board
    from ..service.model import Model
    from ..service.service import Service
    from .tracing import Tracing


class Application:
    """Serves the bundle in ``folder``. ``schema`` and ``messages`` are the rendered ``schema.py`` and ``model_pb2.py``.

    `asgi` runs under any ASGI server, with settings from the environment and without gRPC; ``python -m runtime`` runs both.
    """

    def __init__(self, folder: Path, *, schema: ModuleType, messages: ModuleType) -> None:
        self.folder = folder
        self.schema = schema
        self.messages = messages
        self.serve: App | None = None
        """The REST application, once it has started."""
        self.tracing: Tracing | None = None

    async def start(self, settings: Settings, board: Board, importing: asyncio.Task[Any] | None = None) -> Service:
        """Open the model, let it give its golden predictions, and build REST on it. Raises StartError.

        The model is timed when nothing else runs: once ``importing``, which threads are at meanwhile, is done as well.
        """
        limit_threads(settings)  # for servers that are not ours, as far as it is not too late
        opening = asyncio.create_task(_opened(self.folder_of(settings), settings))
        await asyncio.sleep(0)  # the thread is on its way: what follows is imported meanwhile
        try:
            from ..rest.app import build
            from ..service.model import timed
            from ..service.service import Service
        except ImportError as error:
            raise missing(error) from error
        model = await opening
        if importing is not None:
            await importing
        service = Service(settings, timed(model, settings), board)
        self.serve = build(service, self.schema)
        if settings.otlp_endpoint:
            from .tracing import Tracing

            self.tracing = Tracing(settings, service.manifest.name, service.manifest.version)
            self.serve = self.tracing.wrapped(self.serve)
        return service

    def folder_of(self, settings: Settings) -> Path:
        """The bundle to serve: the one that the settings name, else that of the project."""
        return self.folder if settings.model == Settings.model else settings.model

    @property
    def asgi(self) -> App:
        """The application as ASGI servers want it: no bound method, which uvicorn takes for ASGI 2."""
        return self

    async def __call__(
        self, scope: Scope, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        """Serve one request, or the server's life."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        if self.serve is None:
            raise RuntimeError("the application has not started: its server has to speak ASGI's lifespan protocol")
        await self.serve(scope, receive, send)

    async def _live(
        self, receive: Callable[[], Awaitable[Message]], send: Callable[[Message], Awaitable[None]]
    ) -> None:
        from ..service.board import Board

        await receive()
        try:
            settings = replace(parse_settings([]), workers=1)
            board = Board.create()
            service = await self.start(settings, board)
        except StartError as error:
            await send({"type": "lifespan.startup.failed", "message": f"{error.message} {error.why}".strip()})
            return
        board.mark(0, "ready")
        await send({"type": "lifespan.startup.complete"})
        await receive()
        service.draining = True
        service.close()
        if self.tracing is not None:
            self.tracing.close()
        await send({"type": "lifespan.shutdown.complete"})


async def _opened(folder: Path, settings: Settings) -> Model:
    """The model in ``folder``; where a bundle that replaces it would be judged, what is there now is judged as well."""
    from ..service.model import open_untimed

    if not settings.reload_check:
        return await asyncio.to_thread(open_untimed, folder, settings)
    from .reload import first_proven

    return await first_proven(folder, settings)


def missing(error: ImportError) -> StartError:
    """What is told of a library that is not installed."""
    return StartError(
        f"{error.name or 'a library'} is missing, which the service needs",
        exit_code=6,
        why=str(error),
        hint="pip install -r requirements.txt",
    )


def application_in(folder: Path) -> Any:
    """The ``application`` of the ``app.py`` in ``folder``. Raises StartError."""
    import importlib
    import sys

    if not (folder / "app.py").is_file():
        raise StartError(
            f"there is no app.py in {folder}",
            exit_code=2,
            hint="mlpack scaffold MODEL -o DIR && cd DIR && python -m runtime",
        )
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))
    try:
        return importlib.import_module("app").application
    except ImportError as error:
        raise missing(error) from error
    except AttributeError as error:
        raise StartError(f"{folder / 'app.py'} has no application", exit_code=2, why=str(error)) from error
