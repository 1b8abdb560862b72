"""Sends requests at a constant rate whatever the answers take, and prints latencies as one line of JSON.

``python open_loop.py PORT PATH BODY RATE SECONDS CONNECTIONS [HEADER]...``. A request is due at a time that does not depend
on the answers before it, and its latency counts from then: one that waits for a free connection has that in its latency, so
that a service which stalls cannot hide it. Spins on its core rather than sleeps: a timer is less exact than the latencies.

A virtual machine halts the loader's own core now and then, for milliseconds, and the service has no part in that. The schedule
stands still meanwhile, and requests that were due and not answered before are left out of the latencies: what they took is not
known. What halts the core of the service is in them, as it is for everybody who calls it.
"""

from __future__ import annotations

import json
import select
import socket
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

END_OF_HEAD = b"\r\n\r\n"
LENGTH = b"content-length:"
HALT = 0.001
"""Seconds between two looks at the clock that no step of the loader takes: it was halted."""


class Clock:
    """Seconds since it was made in which the loader was running, and how often it was halted."""

    def __init__(self) -> None:
        self._begun = self._seen = time.perf_counter()
        self.halts = 0
        self.halted = 0.0

    def now(self) -> float:
        """To be asked after each step: what lies between two calls is one, or a halt."""
        seen = time.perf_counter()
        if seen - self._seen > HALT:
            self.halts += 1
            self.halted += seen - self._seen
        self._seen = seen
        return seen - self._begun - self.halted


@dataclass
class Load:
    """What came of one: latencies in seconds; answers that were no 200; requests left out, and the seconds of all halts."""

    latencies: list[float] = field(default_factory=list)
    failed: int = 0
    left_out: int = 0
    halted: float = 0.0

    @property
    def answered(self) -> int:
        """Every answer."""
        return len(self.latencies) + self.left_out


Due = tuple[float, int]
"""When a request should be sent, by the clock, and how many halts had been until then."""


class Connection:
    """One connection with at most one request under way; ``due`` is that request's."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""
        self.due: Due = (0.0, 0)

    def send(self, request: bytes, due: Due) -> None:
        """Send ``request``, which fits the buffers of a socket that has nothing under way."""
        self.due = due
        self.received = b""
        self.socket.sendall(request)

    def status(self) -> int | None:
        """The status of the answer once all of it is there."""
        data = self.socket.recv(1 << 16)
        if not data:
            raise ConnectionError("the service closed a connection")
        self.received += data
        head, found, body = self.received.partition(END_OF_HEAD)
        if not found:
            return None
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(LENGTH)]
        if len(body) < int(lengths[0][len(LENGTH) :]):
            return None
        return int(head[9:12])


def generate(port: int, request: bytes, rate: float, seconds: float, connections: int) -> Load:
    """Send so many requests as are due in ``seconds``. Raises TimeoutError, ConnectionError."""
    poll = select.epoll()
    free = [Connection(port) for _ in range(connections)]
    by_number = {connection.socket.fileno(): connection for connection in free}
    for number in by_number:
        poll.register(number, select.EPOLLIN)
    waiting: deque[Due] = deque()
    load, sent, count, clock = Load(), 0, int(rate * seconds), Clock()
    while load.answered < count:
        now = clock.now()
        while sent < count and sent / rate <= now:
            waiting.append((sent / rate, clock.halts))
            sent += 1
        while waiting and free:
            connection = free.pop()
            connection.send(request, waiting.popleft())
            clock.now()
        for number, _ in poll.poll(0):
            connection = by_number[number]
            status = connection.status()
            now = clock.now()
            if status is not None:
                due, halts = connection.due
                if halts == clock.halts:
                    load.latencies.append(now - due)
                else:
                    load.left_out += 1
                load.failed += status != 200
                free.append(connection)
        if now > 10 * seconds + 10:
            raise TimeoutError(f"{load.answered} of {count} requests were answered")
    load.halted = clock.halted
    return load


def main(arguments: list[str]) -> None:
    """Warm with a fifth of the time, then measure."""
    port, path, body = int(arguments[0]), arguments[1], Path(arguments[2]).read_bytes()
    rate, seconds, connections = float(arguments[3]), float(arguments[4]), int(arguments[5])
    head = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}", *arguments[6:]]
    request = "\r\n".join(head).encode() + END_OF_HEAD + body
    generate(port, request, rate, seconds / 5, connections)
    load = generate(port, request, rate, seconds, connections)
    latencies = sorted(load.latencies)
    told = {"p50": latencies[len(latencies) // 2], "p99": latencies[len(latencies) * 99 // 100]}
    counted = {"requests": load.answered, "failed": load.failed, "left_out": load.left_out, "halted": load.halted}
    print(json.dumps({**told, **counted}))


if __name__ == "__main__":
    main(sys.argv[1:])
