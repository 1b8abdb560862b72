"""What a turn of the event loop has to send, written at its end.

A write wakes the client that waits for it, and on a machine whose processors are virtual a wake-up is a trip through the
hypervisor that costs as much as the answer. Where many clients are answered in one turn, those written last find their
process awake.
"""

from __future__ import annotations

import asyncio
import logging
from time import perf_counter

_MOST = 32
"""Writes that are held at a time."""
_LONGEST = 0.001
"""Seconds that the first of them is held at most, while a turn goes on."""
_SMALL = 64 << 10
"""Bytes of a write that is held; larger ones are copied when they are written, and would fill memory twice."""


log = logging.getLogger("mlpack.http")


class Outbox:
    """Holds the writes of the connections of one event loop, in their order, until the turn is over."""

    __slots__ = ("_held", "_since")

    def __init__(self) -> None:
        self._held: list[tuple[asyncio.WriteTransport, bytes]] = []
        self._since = 0.0

    def put(self, transport: asyncio.WriteTransport, data: bytes) -> None:
        """Write ``data`` to ``transport`` before the loop waits for anything again."""
        held = self._held
        held.append((transport, data))
        if len(held) == 1:
            self._since = perf_counter()
            asyncio.get_running_loop().call_soon(self.release)
            if len(data) <= _SMALL:
                return
        if len(held) >= _MOST or len(data) > _SMALL or perf_counter() - self._since > _LONGEST:
            self.release()

    def release(self) -> None:
        """Write what is held. To be called before a connection is closed or written to by other ways."""
        if self._held:
            held, self._held = self._held, []
            for transport, data in held:
                _write(transport, data)


def _write(transport: asyncio.WriteTransport, data: bytes) -> None:
    """Write, or break off a connection that takes no more: the answers of the others still go out."""
    if transport.is_closing():
        return  # its client has gone meanwhile
    try:
        transport.write(data)
    except Exception:
        log.exception("an answer could not be written")
        transport.abort()
