"""Load from one event loop: clients that wait for their answers, or requests at a rate that waits for nobody. Counts all."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field

from clients.served import HOST


@dataclass
class Tally:
    """What became of the requests. ``lost`` are those that a connection took and that nobody answered: when, for how long, why.

    ``refused`` are connections that nobody took. ``waits`` are the seconds of those with a 200, ``hints`` the Retry-After of
    those without.
    """

    statuses: Counter[int] = field(default_factory=Counter)
    lost: list[tuple[float, float, str]] = field(default_factory=list)
    refused: int = 0
    waits: list[float] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)

    def at(self, share: float) -> float:
        """The wait that ``share`` of the answers had at most."""
        return sorted(self.waits)[int(share * (len(self.waits) - 1))]


class Load:
    """Sends ``request`` to a port, and counts what comes of it, for all to see, in `tally`."""

    def __init__(self, port: int, request: bytes) -> None:
        self.tally = Tally()
        self._port = port
        self._request = request
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def closed(self, clients: int, seconds: float) -> Tally:
        """Clients on connections that they keep, each with one request at a time, until it is refused a connection."""
        until = time.monotonic() + seconds
        await asyncio.gather(*(self._client(until) for _ in range(clients)))
        return self._end()

    async def open(self, times: float, capacity: float, seconds: float) -> Tally:
        """``times`` as many requests as are answered, and as ``capacity`` a second, whatever becomes of those before."""
        begun = last = time.monotonic()
        due, sent = 0.0, 0
        async with asyncio.TaskGroup() as tasks:
            while (now := time.monotonic()) < begun + seconds:
                answered = self.tally.statuses[200] / max(1.0, now - begun)
                due += (now - last) * times * max(capacity, answered)
                last = now
                while sent < due:
                    tasks.create_task(self._one())
                    sent += 1
                await asyncio.sleep(0.002)
        return self._end()

    async def _client(self, until: float) -> None:
        while time.monotonic() < until:
            if not await self._one():
                return

    async def _one(self) -> bool:
        """One request, on a connection that is free or new. False where no connection is to be had."""
        try:
            stream = self._idle.pop() if self._idle else await asyncio.open_connection(HOST, self._port)
        except OSError:
            self.tally.refused += 1
            return False
        begun = time.monotonic()
        reader, writer = stream
        try:
            writer.write(self._request)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            await reader.readexactly(int(_header(head, b"content-length")))
        except (OSError, EOFError) as error:
            self.tally.lost.append((begun, time.monotonic() - begun, f"{type(error).__name__}: {error}"))
            writer.close()
            return True
        status = int(head[9:12])
        self.tally.statuses[status] += 1
        if status == 200:
            self.tally.waits.append(time.monotonic() - begun)
        else:
            self.tally.hints.append(_header(head, b"retry-after").decode())
        if _header(head, b"connection") == b"close":
            writer.close()
        else:
            self._idle.append(stream)
        return True

    def _end(self) -> Tally:
        for _, writer in self._idle:
            writer.close()
        self._idle.clear()
        return self.tally


def _header(head: bytes, name: bytes) -> bytes:
    return head.partition(b"\r\n" + name + b": ")[2].partition(b"\r\n")[0]
