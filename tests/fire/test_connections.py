"""Connections that are used as no client should: refused or closed in time, while others are served."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import socket
import struct
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from clients.served import HOST, until
from fire.load import Load
from fire.processes import resident
from fire.wire import Talk, chunk, connect, post, talk

pytestmark = pytest.mark.usefixtures("answers_well")

GET = b"GET /livez HTTP/1.1\r\nHost: x\r\n"
POST = b"POST /predict HTTP/1.1\r\nHost: x\r\n"
HEADS = {
    "garbage": b"\x00\x01\x02\x03" * 64 + b"\r\n\r\n",
    "a greeting of TLS": bytes.fromhex("160301020001") + bytes(511),
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00",
    "HTTP/9.9": b"GET /livez HTTP/9.9\r\nHost: x\r\n\r\n",
    "a line of a megabyte": b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    "a header of a megabyte": GET + b"X: " + b"a" * 1_000_000 + b"\r\n\r\n",
    "10,000 headers": GET + b"X: 1\r\n" * 10_000 + b"\r\n",
    "a header without a colon": GET + b"nothing\r\n\r\n",
    "a space before the colon": GET + b"Content-Length : 3\r\n\r\nabc",
    "NUL in a header": GET + b"X: a\0b\r\n\r\n",
    "a length below zero": POST + b"Content-Length: -1\r\n\r\n",
    "a length in letters": POST + b"Content-Length: 1e3\r\n\r\n",
    "a length beyond 64 bits": POST + b"Content-Length: 99999999999999999999999\r\n\r\n",
    "a length of an exabyte": POST + b"Content-Length: 1000000000000000000\r\n\r\n{",
    "two lengths": POST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
    "a length and chunks": POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "an encoding that is none": POST + b"Transfer-Encoding: chunkey\r\n\r\n0\r\n\r\n",
    "a chunk of letters": POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
    "a chunk beyond 64 bits": POST + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
    "a chunk that runs over": POST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n0\r\n\r\n",
    "a promise of 20 MB": POST + b"Content-Length: 20000000\r\nExpect: 100-continue\r\n\r\n",
    "another method": b"DELETE /predict HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
    "another path": b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n",
    "a path that climbs": b"GET /docs/files/../../../../../../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
    "a path that climbs in code": b"GET /docs/files/%2e%2e/%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
    "NUL in a path": b"GET /docs/files/%00 HTTP/1.1\r\nHost: x\r\n\r\n",
    "invalid UTF-8 in a path": b"GET /v2/models/%ff%fe HTTP/1.1\r\nHost: x\r\n\r\n",
}


@pytest.mark.parametrize("name", HEADS)
def test_a_head_that_is_none_is_refused(service, name) -> None:
    talked = talk(service.port, [HEADS[name]], seconds=8)
    assert talked.is_refusal, talked
    assert b"root:" not in talked.received


def test_a_body_without_an_end_is_cut_at_the_limit(service) -> None:
    before = resident(service.process.pid)
    head = POST + b"Transfer-Encoding: chunked\r\n\r\n"
    talked = talk(service.port, itertools.chain([head], itertools.repeat(chunk(b" " * 100_000))))
    assert (talked.end, talked.status) == ("answered", 413), talked
    assert resident(service.process.pid) - before < 64 << 20


def test_endless_trailers_are_cut(service) -> None:
    head = POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n"
    talked = talk(service.port, itertools.chain([head], itertools.repeat(b"X: " + b"a" * 10_000 + b"\r\n")))
    assert talked.is_refusal, talked


SLOW: dict[str, tuple[bytes, ...]] = {
    "a head, byte by byte": tuple(bytes([byte]) for byte in b"GET /livez HTTP/1.1\r\nX: " + b"a" * 1_000),
    "a header at a time": (GET, *[b"X: 1\r\n"] * 200),
    "a body, byte by byte": (POST + b"Content-Length: 1000\r\n\r\n", *[b" "] * 200),
    "chunks, byte by byte": (POST + b"Transfer-Encoding: chunked\r\n\r\n", *[chunk(b" ")] * 200),
    "nothing after the head": (POST + b"Content-Length: 1000\r\n\r\n{",),
    "half a head": (b"POST /pre",),
}


def test_slow_clients_are_let_go_in_time(service) -> None:
    """All at once; each is given two seconds."""

    def slowly(parts: tuple[bytes, ...]) -> Talk:
        return talk(service.port, parts, seconds=12, pause=0.1)

    with ThreadPoolExecutor(len(SLOW)) as threads:
        found = dict(zip(SLOW, threads.map(slowly, SLOW.values()), strict=True))
    assert {name: talked for name, talked in found.items() if not talked.is_refusal} == {}
    assert {talked.status for talked in found.values()} <= {0, 408}
    assert max(talked.seconds for talked in found.values()) < 6


def test_slow_clients_keep_nobody_waiting(model, service) -> None:
    with contextlib.ExitStack() as held:
        for number in range(300):
            connection = held.enter_context(connect(service.port))
            connection.send(b"GET /livez HTTP/1.1\r\nX: a" if number % 2 else POST + b"Content-Length: 9\r\n\r\n{")
        begun = time.monotonic()
        assert service.ask("/predict", good(model))[0] == 200
        assert time.monotonic() - begun < 2


def test_a_client_that_never_reads_costs_no_memory(model, service) -> None:
    """It asks for more answers than fit the buffers of its connection, and takes none."""
    request = post("/predict", json.dumps({"instances": model.rows.to_dict("records") * 40}).encode())
    before = resident(service.process.pid)
    with connect(service.port) as connection:
        begun, rest = time.monotonic(), b""
        while time.monotonic() < begun + 2:
            rest = rest or request
            try:
                rest = rest[connection.send(rest) :]
            except BlockingIOError:
                time.sleep(0.02)
            except (ConnectionResetError, BrokenPipeError):
                break
    assert resident(service.process.pid) - before < 64 << 20


@pytest.mark.parametrize("sent", ["half", "whole"])
@pytest.mark.parametrize("how", ["closes", "resets"])
def test_clients_that_go_away_are_forgotten(model, service, sent, how) -> None:
    request = post("/predict", json.dumps(good(model)).encode())
    for _ in range(100):
        with socket.create_connection((HOST, service.port)) as connection:
            if how == "resets":
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.sendall(request if sent == "whole" else request[: len(request) // 2])
    assert until(lambda: "mlpack_waiting_requests 0.0" in service.ask("/metrics")[1])


def test_a_thousand_connections_at_once(model, service) -> None:
    """Every one of them is held until all have their answers."""
    request = post("/predict", json.dumps(good(model)).encode())

    async def ask() -> list[int]:
        streams = await asyncio.gather(*(asyncio.open_connection(HOST, service.port) for _ in range(1_000)))
        for _, writer in streams:
            writer.write(request)
        heads = await asyncio.gather(*(reader.readuntil(b"\r\n\r\n") for reader, _ in streams))
        assert service.ask("/livez")[0] == 200
        for _, writer in streams:
            writer.close()
        return [int(head[9:12]) for head in heads]

    statuses = asyncio.run(asyncio.wait_for(ask(), 60))
    assert set(statuses) <= {200, 429}
    assert statuses.count(200) > 500


def test_a_thousand_requests_one_after_the_other_on_each_of_many(model, service) -> None:
    request = post("/predict", json.dumps(good(model)).encode())
    tally = asyncio.run(Load(service.port, request).closed(64, 1.5))
    assert not tally.lost
    assert set(tally.statuses) == {200}


def good(model) -> dict[str, object]:
    return {"instances": model.rows.to_dict("records")}


def test_requests_in_one_packet_are_answered_in_order(model, service) -> None:
    """Good ones, a hostile one between them: nothing is answered twice, or with what is another's."""
    rows = model.rows.to_dict("records")
    bodies = [{"instances": [row]} for row in rows] + [{"instances": "x"}] + [{"instances": [row]} for row in rows]
    packet = b"".join(post("/predict", json.dumps(body).encode()) for body in bodies)
    answers = [*_answers(service.port, packet, len(bodies))]
    labels = [json.loads(body)["predictions"][0]["label"] for status, body in answers if status == 200]
    assert labels == model.estimator.predict(model.rows).tolist() * 2
    assert [status for status, _ in answers].index(422) == len(rows)


def _answers(port: int, packet: bytes, count: int) -> Iterator[tuple[int, bytes]]:
    with socket.create_connection((HOST, port), timeout=20) as connection, connection.makefile("rb") as stream:
        connection.sendall(packet)
        for _ in range(count):
            status, length = int(stream.readline()[9:12]), 0
            while (line := stream.readline().lower()) != b"\r\n":
                length = int(line[15:]) if line.startswith(b"content-length:") else length
            yield status, stream.read(length)
