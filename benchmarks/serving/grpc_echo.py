"""The least that a grpc.aio service can do: take any message of any method and answer the same bytes.

``python grpc_echo.py PORT FILE``; FILE has the message of the answer.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import grpc


class Echo(grpc.GenericRpcHandler):
    """Answers ``answer`` to every unary call, without taking a message apart or building one."""

    def __init__(self, answer: bytes) -> None:
        async def reply(_request: bytes, _context: grpc.aio.ServicerContext) -> bytes:
            return answer

        self._handler = grpc.unary_unary_rpc_method_handler(reply)

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:  # noqa: ARG002
        """The same for every method."""
        return self._handler


async def main(port: int, answer: bytes) -> None:
    """Serve until the process is ended."""
    server = grpc.aio.server(handlers=[Echo(answer)])
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2]).read_bytes()))
