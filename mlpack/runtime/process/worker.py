"""One worker: REST and gRPC of one model on one event loop."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from pathlib import Path
from typing import Any, NoReturn

from ..service.metrics import RESTARTS, WAITING
from ..service.service import Service
from ..settings import Settings
from .announce import announce, card
from .application import application_in, missing
from .drain import Ending, drain
from .front import Front, tls_context
from .logs import log_to_stderr
from .place import Place
from .reload import look_at, watch
from .sockets import unseal


def run(settings: Settings, place: Place, begun: float) -> NoReturn:
    """Serve until the process is told to end, and end it. ``begun`` is when it started. Raises StartError."""
    log_to_stderr(settings.log_level, place.board.slot)
    try:
        import uvloop
    except ImportError as error:
        raise missing(error) from error
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings, place, begun))
    raise AssertionError("the worker ends before its event loop does")


async def _serve(settings: Settings, place: Place, begun: float) -> NoReturn:
    ending = Ending()
    if place.alive is not None:
        ending.watch(place.alive)
    tls = tls_context(settings)
    place.board.mark(place.board.slot, "starting")
    importing = None if place.reservation is None else asyncio.create_task(asyncio.to_thread(_import_grpc))
    application = application_in(Path.cwd())
    folder = application.folder_of(settings)
    before = look_at(folder) if settings.reload else ()
    service = await application.start(settings, place.board, importing)
    _settle(service, place)
    grpc_server = None if importing is None else await _start_grpc(await importing, application, service, place)
    front = Front(application.serve, place.listener, settings, tls)
    await front.start()
    place.board.mark(place.board.slot, "ready")
    _tell(settings, place, application, service, begun)
    watching = asyncio.create_task(watch(service, folder, before)) if settings.reload else None
    await ending.wait()
    if watching is not None:
        watching.cancel()
    await drain(service, front, grpc_server, lambda: place.report({"closed": True}))
    if application.tracing is not None:
        application.tracing.close()
    logging.shutdown()
    os._exit(0)  # a model that does not come back from its thread would keep Python from ending


def _settle(service: Service, place: Place) -> None:
    """Put right what a worker that died may have left in this place."""
    unseal(place.listener)
    service.meter.put(WAITING, 0.0)
    if place.replaces:
        service.meter.add(RESTARTS)


def _import_grpc() -> Any:
    try:
        from ..rpc.server import serve_grpc
    except ImportError as error:
        raise missing(error) from error
    return serve_grpc


async def _start_grpc(serve_grpc: Any, application: Any, service: Service, place: Place) -> Any:
    if application.tracing is not None:
        application.tracing.trace_grpc()
    server, _ = await serve_grpc(service, application.messages, service.settings, place.grpc_port)
    return server


def _tell(settings: Settings, place: Place, application: Any, service: Service, begun: float) -> None:
    manifest = service.manifest
    ports = (place.port, place.grpc_port)
    facts = card(settings, ports, (manifest.name, manifest.version), application.schema)
    facts["seconds_to_ready"] = round(time.perf_counter() - begun, 3)
    place.report({"ready": facts})
    if not place.supervised:
        announce(settings.announce, facts)
