"""The health service, as Kubernetes and load balancers ask it: https://github.com/grpc/grpc/blob/master/doc/health-checking.md.

The one of grpcio-health-checking forgets all other watchers of a service when one goes away.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from typing import Any

import grpc
from grpc_health.v1 import health_pb2

from ..errors import OverloadedError, ServiceError, UnknownModelError
from ..service.service import Service
from .arrivals import Context
from .calls import Calls, parsed, refuse

NAME: str = health_pb2.DESCRIPTOR.services_by_name["Health"].full_name
_CHECK = f"/{NAME}/Check"
_MOST_WATCHERS = 64
_TICK = 0.5
"""Seconds between two looks while somebody watches."""
_STATUS = health_pb2.HealthCheckResponse


class Health:
    """Tells of each of ``names``, and of the server itself, whether its predictions can be asked for."""

    def __init__(self, service: Service, calls: Calls, names: Collection[str]) -> None:
        self._service = service
        self._arrivals = calls.arrivals
        self._names = {"", *names}
        self._watchers = 0
        self.handlers: dict[str, Any] = {
            _CHECK: calls.telling(_CHECK, self._check),
            f"/{NAME}/Watch": grpc.stream_stream_rpc_method_handler(self._watch),
        }

    def _check(self, raw: bytes) -> bytes:
        name = parsed(health_pb2.HealthCheckRequest, raw).service
        if name not in self._names:
            raise UnknownModelError(f"there is no service {name!r}")
        told: bytes = _STATUS(status=self._status_of(name)).SerializeToString()
        return told

    async def _watch(self, _: Any, context: Context) -> AsyncIterator[bytes]:
        if self._watchers >= _MOST_WATCHERS:
            await refuse(context, OverloadedError("too many watch already"))
        self._watchers += 1
        try:
            raw = await self._arrivals.message(context)
            name = parsed(health_pb2.HealthCheckRequest, raw or b"").service
            async for status in self._statuses(name):
                yield _STATUS(status=status).SerializeToString()
        except ServiceError as error:
            await refuse(context, error)
        finally:
            self._watchers -= 1

    async def _statuses(self, name: str) -> AsyncIterator[int]:
        """Every status that differs from the one before. Ends with the service, which waits for its calls."""
        last = -1
        while True:
            draining = self._service.draining
            status = self._status_of(name)
            if status != last:
                yield status
            if draining:
                return
            last = status
            await asyncio.sleep(_TICK)

    def _status_of(self, name: str) -> int:
        if name not in self._names:
            return int(_STATUS.SERVICE_UNKNOWN)
        return int(_STATUS.SERVING if self._service.ready else _STATUS.NOT_SERVING)
