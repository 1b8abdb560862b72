"""Reflection: what grpcurl and Postman ask to learn which services there are, and their messages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection
from typing import Any

import grpc
from grpc_reflection.v1alpha import reflection, reflection_pb2

from ..errors import OverloadedError, ServiceError
from .arrivals import Arrivals, Context
from .calls import parsed, refuse

NAMES = ("grpc.reflection.v1.ServerReflection", reflection.SERVICE_NAME)
"""The same messages go over both: v1 is v1alpha with another name."""
_MOST_STREAMS = 64


class Reflection:
    """Tells of the services ``names``, whose messages are in ``pool``."""

    def __init__(self, arrivals: Arrivals, names: Collection[str], pool: Any) -> None:
        self._arrivals = arrivals
        self._streams = asyncio.BoundedSemaphore(_MOST_STREAMS)
        self._servicer = reflection.aio.ReflectionServicer([*names, reflection.SERVICE_NAME], pool=pool)
        handler = grpc.stream_stream_rpc_method_handler(self._info)
        self.handlers: dict[str, Any] = {f"/{name}/ServerReflectionInfo": handler for name in NAMES}

    async def _info(self, _: Any, context: Context) -> AsyncIterator[bytes]:
        if self._streams.locked():
            await refuse(context, OverloadedError("too many streams already"))
        async with self._streams:
            try:
                async for answer in self._servicer.ServerReflectionInfo(self._requests(context), context):
                    yield answer.SerializeToString()
            except ServiceError as error:
                await refuse(context, error)

    async def _requests(self, context: Context) -> AsyncIterator[Any]:
        async for raw in self._arrivals.messages(context):
            yield parsed(reflection_pb2.ServerReflectionRequest, raw)
