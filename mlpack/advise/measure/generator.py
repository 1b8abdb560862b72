"""Keeps connections to a service busy, each with one request at a time: a process of its own, started by `measure.service`.

On stdin: one line of JSON that says where to and for how long, then the body. On stdout: how many requests were answered in how
many seconds, and the latencies of the median and of 99 in 100. An answer that is a refusal ends it with 1.
"""

from __future__ import annotations

import asyncio
import json
import selectors
import socket
import sys
import time
from collections.abc import Mapping
from typing import Any

HOST = "127.0.0.1"
_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"content-length:"
_CHUNK = 1 << 18


class RefusedError(Exception):
    """An answer that was no success."""


class Connection:
    """One connection of HTTP/1.1 that is kept, and the request under way on it."""

    def __init__(self, port: int, request: bytes) -> None:
        self.socket = socket.create_connection((HOST, port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._request = request
        self._received = b""
        self.sent = 0.0

    def send(self) -> None:
        """Send the request, all of it: the service reads while it arrives."""
        self._received = b""
        self.sent = time.perf_counter()
        self.socket.sendall(self._request)

    def is_answered(self) -> bool:
        """Take what has arrived; whether that is all. Raises RefusedError for any status but 200."""
        data = self.socket.recv(_CHUNK)
        if not data:
            raise RefusedError("the service closed a connection")
        self._received += data
        head, found, body = self._received.partition(_END_OF_HEAD)
        if not found or len(body) < _length(head):
            return False
        if head[9:12] != b"200":
            raise RefusedError(f"{head.partition(_END_OF_HEAD[:2])[0].decode()}: {body[:200].decode(errors='replace')}")
        return True


def over_http(port: int, request: bytes, connections: int, seconds: float) -> tuple[list[float], float]:
    """Latencies in seconds, and how long it took; the requests under way at the end are waited for and counted."""
    open_ones = [Connection(port, request) for _ in range(connections)]
    latencies: list[float] = []
    with selectors.DefaultSelector() as selector:
        for connection in open_ones:
            selector.register(connection.socket, selectors.EVENT_READ, connection)
        begun = time.perf_counter()
        for connection in open_ones:
            connection.send()
        under_way = connections
        while under_way:
            for key, _ in selector.select():
                connection = key.data
                if not connection.is_answered():
                    continue
                now = time.perf_counter()
                latencies.append(now - connection.sent)
                if now - begun < seconds:
                    connection.send()
                else:
                    under_way -= 1
    spent = time.perf_counter() - begun
    for connection in open_ones:
        connection.socket.close()
    return latencies, spent


async def over_grpc(port: int, method: str, message: bytes, callers: int, seconds: float) -> tuple[list[float], float]:
    """The same over gRPC: callers share one channel, as those of one program do."""
    import grpc.aio

    latencies: list[float] = []
    limits = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    async with grpc.aio.insecure_channel(f"{HOST}:{port}", limits) as channel:
        call = channel.unary_unary(method)
        begun = time.perf_counter()

        async def caller() -> None:
            sent = 0.0
            while not sent or sent - begun < seconds:
                sent = time.perf_counter()
                await call(message)
                latencies.append(time.perf_counter() - sent)

        await asyncio.gather(*(caller() for _ in range(callers)))
        return latencies, time.perf_counter() - begun


def counted(order: Mapping[str, Any], body: bytes) -> tuple[list[float], float]:
    """Latencies and seconds of what ``order`` asks for."""
    port, path, connections, seconds = order["port"], order["path"], order["connections"], order["seconds"]
    if order["grpc"]:
        return asyncio.run(over_grpc(port, path, body, connections, seconds))
    lines = [f"{name}: {value}" for name, value in order["headers"].items()]
    head = [f"POST {path} HTTP/1.1", f"Host: {HOST}:{port}", f"Content-Length: {len(body)}", *lines]
    return over_http(port, "\r\n".join(head).encode() + _END_OF_HEAD + body, connections, seconds)


def _length(head: bytes) -> int:
    lines = [line for line in head.lower().split(b"\r\n") if line.startswith(_LENGTH)]
    if not lines:
        raise RefusedError("an answer without its length")
    return int(lines[0][len(_LENGTH) :])


def main() -> None:
    """See the module."""
    order = json.loads(sys.stdin.buffer.readline())
    body = sys.stdin.buffer.read(order["bytes"])
    latencies, seconds = counted(order, body)
    latencies.sort()
    p50, p99 = (latencies[len(latencies) * percent // 100] for percent in (50, 99))
    told = {"requests": len(latencies), "seconds": seconds, "p50": p50, "p99": p99}
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
