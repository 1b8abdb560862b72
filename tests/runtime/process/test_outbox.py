import asyncio

import pytest
import uvloop

from mlpack.runtime.process.outbox import Outbox


class Client(asyncio.Protocol):
    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def connection_made(self, transport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.parts.append(data)


@pytest.fixture
def pairs():
    """Runs a coroutine function with three connections of the real loop: the transports of ours, and the clients' protocols."""

    def run(use) -> None:
        async def main() -> None:
            loop = asyncio.get_running_loop()
            accepted: list[asyncio.Transport] = []

            class Ours(asyncio.Protocol):
                def connection_made(self, transport) -> None:
                    accepted.append(transport)

            server = await loop.create_server(Ours, "127.0.0.1", 0)
            port = server.sockets[0].getsockname()[1]
            clients = []
            for _ in range(3):
                _, client = await loop.create_connection(Client, "127.0.0.1", port)
                clients.append(client)
            async with asyncio.timeout(10):
                while len(accepted) < 3:
                    await asyncio.sleep(0.001)
                await use(accepted, clients)
            for transport in (*accepted, *(client.transport for client in clients)):
                transport.abort()
            server.close()
            await asyncio.sleep(0)

        uvloop.run(main())

    return run


async def received(client: Client, size: int) -> bytes:
    while sum(map(len, client.parts)) < size:
        await asyncio.sleep(0.001)
    return b"".join(client.parts)


def test_nothing_is_written_within_a_turn_and_all_at_its_end(pairs) -> None:
    async def use(transports, clients) -> None:
        outbox = Outbox()
        outbox.put(transports[0], b"a")
        outbox.put(transports[1], b"b")
        outbox.put(transports[0], b"c")
        assert outbox._held
        assert await received(clients[0], 2) == b"ac"
        assert await received(clients[1], 1) == b"b"
        assert not outbox._held

    pairs(use)


def test_what_is_large_goes_out_at_once_after_what_is_held(pairs) -> None:
    async def use(transports, clients) -> None:
        outbox = Outbox()
        outbox.put(transports[0], b"first")
        outbox.put(transports[0], bytes(100_000))
        assert not outbox._held
        assert await received(clients[0], 100_005) == b"first" + bytes(100_000)

    pairs(use)


def test_no_more_than_some_are_held(pairs) -> None:
    async def use(transports, clients) -> None:
        outbox = Outbox()
        most = 0
        for _ in range(100):
            outbox.put(transports[2], b"x")
            most = max(most, len(outbox._held))
        assert most < 33
        assert await received(clients[2], 100) == b"x" * 100

    pairs(use)


def test_a_client_that_has_gone_keeps_the_others_from_nothing(pairs) -> None:
    async def use(transports, clients) -> None:
        outbox = Outbox()
        outbox.put(transports[0], b"for nobody")
        outbox.put(transports[1], b"for b")
        transports[0].abort()
        assert await received(clients[1], 5) == b"for b"
        assert clients[0].parts == []

    pairs(use)


def test_a_connection_that_takes_no_more_keeps_the_others_from_nothing(pairs) -> None:
    async def use(transports, clients) -> None:
        outbox = Outbox()
        transports[0].write_eof()
        outbox.put(transports[0], b"too late")
        outbox.put(transports[1], b"for b")
        assert await received(clients[1], 5) == b"for b"
        assert clients[0].parts == []
        assert transports[0].is_closing()

    pairs(use)
