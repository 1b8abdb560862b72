"""Sends requests at a constant rate whatever the answers take, and prints latencies as one line of JSON.

``python open_loop.py PORT PATH BODY RATE SECONDS CONNECTIONS [HEADER]...``. A request is due at a time that does not depend
on the answers before it, and its latency counts from then: one that waits for a free connection has that in its latency, so
that a service which stalls cannot hide it. Spins on its core rather than sleeps: a timer is less exact than the latencies.
"""

from __future__ import annotations

import json
import select
import socket
import sys
import time
from collections import deque
from pathlib import Path

END_OF_HEAD = b"\r\n\r\n"
LENGTH = b"content-length:"


class Connection:
    """One connection with at most one request under way; ``due`` is when that should have been sent."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""
        self.due = 0.0

    def send(self, request: bytes, due: float) -> None:
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


def generate(port: int, request: bytes, rate: float, seconds: float, connections: int) -> tuple[list[float], int]:
    """Latencies in seconds, and how many answers were no 200."""
    poll = select.epoll()
    free = [Connection(port) for _ in range(connections)]
    by_number = {connection.socket.fileno(): connection for connection in free}
    for number in by_number:
        poll.register(number, select.EPOLLIN)
    waiting: deque[float] = deque()
    latencies: list[float] = []
    failed, sent, begun, count = 0, 0, time.perf_counter(), int(rate * seconds)
    while len(latencies) < count:
        now = time.perf_counter()
        while sent < count and begun + sent / rate <= now:
            waiting.append(begun + sent / rate)
            sent += 1
        while waiting and free:
            connection = free.pop()
            connection.send(request, waiting.popleft())
        for number, _ in poll.poll(0):
            connection = by_number[number]
            status = connection.status()
            if status is not None:
                latencies.append(time.perf_counter() - connection.due)
                failed += status != 200
                free.append(connection)
        if now > begun + 10 * seconds + 10:
            raise TimeoutError(f"{len(latencies)} of {count} requests were answered")
    return latencies, failed


def main(arguments: list[str]) -> None:
    """Warm with a fifth of the time, then measure."""
    port, path, body = int(arguments[0]), arguments[1], Path(arguments[2]).read_bytes()
    rate, seconds, connections = float(arguments[3]), float(arguments[4]), int(arguments[5])
    head = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}", *arguments[6:]]
    request = "\r\n".join(head).encode() + END_OF_HEAD + body
    generate(port, request, rate, seconds / 5, connections)
    latencies, failed = generate(port, request, rate, seconds, connections)
    latencies.sort()
    told = {"p50": latencies[len(latencies) // 2], "p99": latencies[len(latencies) * 99 // 100]}
    print(json.dumps({**told, "requests": len(latencies), "failed": failed}))


if __name__ == "__main__":
    main(sys.argv[1:])
