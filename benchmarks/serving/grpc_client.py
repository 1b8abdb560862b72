"""Calls a gRPC method over one channel, so many calls under way at a time, and prints calls a second as one line of JSON.

``python grpc_client.py PORT METHOD BODY CALLS SECONDS``; METHOD is ``/package.Service/Method``, BODY a file with the message.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

import grpc


async def main(port: int, method: str, body: bytes, calls: int, seconds: float) -> None:
    """Warm with a fifth of the time, then measure. Raises grpc.RpcError where a call fails."""
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = channel.unary_unary(method)

        async def repeat(until: float) -> int:
            count = 0
            while time.perf_counter() < until:
                await call(body)
                count += 1
            return count

        for length in (seconds / 5, seconds):
            begun = time.perf_counter()
            counts = await asyncio.gather(*(repeat(begun + length) for _ in range(calls)))
            rate = sum(counts) / (time.perf_counter() - begun)
        print(json.dumps({"rate": rate}))


if __name__ == "__main__":
    asyncio.run(
        main(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]).read_bytes(), int(sys.argv[4]), float(sys.argv[5]))
    )
