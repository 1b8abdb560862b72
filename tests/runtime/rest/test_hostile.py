"""Clients that mean harm or are broken, on raw sockets: each is refused or let go, and the next good request is answered."""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

GOOD = b'{"instances": [[1, 2, 3]]}'


@pytest.fixture
def narrow(serve, numbers_bundle):
    """A service that takes small bodies, and not for long."""
    return serve(numbers_bundle, max_body=100_000, body_timeout=0.6)


@contextlib.contextmanager
def connection(running) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", running.port), timeout=10) as client:
        yield client


def head(*headers: str, path: str = "/predict") -> bytes:
    return "\r\n".join([f"POST {path} HTTP/1.1", "host: here", *headers, "", ""]).encode()


def answer(client: socket.socket) -> tuple[int, dict[str, str], dict]:
    """One answer: status, headers, body."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += receive(client)
    top, _, body = data.partition(b"\r\n\r\n")
    lines = top.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines[1:])
    while len(body) < int(headers["content-length"]):
        body += receive(client)
    return int(lines[0].split()[1]), headers, json.loads(body)


def receive(client: socket.socket) -> bytes:
    data = client.recv(65536)
    assert data, "the connection was closed without an answer"
    return data


def is_closed(client: socket.socket) -> bool:
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True


def still_answers(running) -> None:
    assert running.client.post("/predict", content=GOOD).status_code == 200
    deadline = time.monotonic() + 5
    while running.gate.in_work.count and time.monotonic() < deadline:
        time.sleep(0.02)
    assert running.gate.in_work.count == 0


def test_a_body_that_is_announced_too_large_is_refused_before_it_comes(narrow) -> None:
    with connection(narrow) as client:
        client.sendall(head("content-length: 100001"))
        status, headers, document = answer(client)
        assert (status, headers["connection"]) == (413, "close")
        assert document == {"error": "the body has more than 100000 bytes"}
        assert is_closed(client)
    still_answers(narrow)


def test_a_body_of_exactly_the_limit_is_read(narrow) -> None:
    body = GOOD.ljust(100_000)
    assert narrow.client.post("/predict", content=body).status_code == 200
    with connection(narrow) as client:
        client.sendall(head("transfer-encoding: chunked") + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body))
        assert answer(client)[0] == 200
        client.sendall(head("transfer-encoding: chunked") + b"%x\r\n%b \r\n0\r\n\r\n" % (len(body) + 1, body))
        assert answer(client)[0] == 413


def test_a_body_without_an_end_is_cut_at_the_limit(narrow) -> None:
    with connection(narrow) as client:
        client.sendall(head("transfer-encoding: chunked"))
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            for _ in range(50):
                client.sendall(b"4000\r\n" + b"[" * 0x4000 + b"\r\n")
                time.sleep(0.001)
        with contextlib.suppress(ConnectionResetError):
            status, headers, _ = answer(client)
            assert (status, headers["connection"]) == (413, "close")
    still_answers(narrow)


@pytest.mark.parametrize("sent", [b"", GOOD[:5]], ids=["nothing of it", "some of it"])
def test_a_body_that_does_not_come_is_408(narrow, sent) -> None:
    with connection(narrow) as client:
        begun = time.monotonic()
        client.sendall(head(f"content-length: {len(GOOD)}") + sent)
        status, headers, document = answer(client)
        assert (status, document) == (408, {"error": "the body did not arrive within 0.6 s"})
        assert 0.5 < time.monotonic() - begun < 3
        assert headers["connection"] == "close"
    still_answers(narrow)


def test_a_body_that_comes_byte_by_byte_has_the_same_time_in_all(narrow) -> None:
    with connection(narrow) as client:
        begun = time.monotonic()
        client.sendall(head("transfer-encoding: chunked"))
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            while time.monotonic() - begun < 1.2:
                client.sendall(b"1\r\n \r\n")
                time.sleep(0.05)
        with contextlib.suppress(ConnectionResetError):
            assert answer(client)[0] == 408
    still_answers(narrow)


def test_a_body_may_come_late_and_in_parts(narrow) -> None:
    with connection(narrow) as client:
        for _ in range(2):
            client.sendall(head("transfer-encoding: chunked"))
            for part in (GOOD[:3], GOOD[3:9], GOOD[9:]):
                time.sleep(0.05)
                client.sendall(b"%x\r\n%b\r\n" % (len(part), part))
            client.sendall(b"0\r\n\r\n")
            assert answer(client)[0] == 200


def test_a_client_may_ask_whether_to_send_its_body(narrow) -> None:
    with connection(narrow) as client:
        client.sendall(head(f"content-length: {len(GOOD)}", "expect: 100-continue"))
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(GOOD)
        assert answer(client)[0] == 200
    with connection(narrow) as client:
        client.sendall(head("content-length: 999999", "expect: 100-continue"))
        assert answer(client)[0] == 413


@pytest.mark.parametrize("sent", [b"", GOOD[:5], GOOD], ids=["before its body", "within it", "before the answer"])
def test_a_client_that_goes_away_leaves_nothing_behind(narrow, sent) -> None:
    for _ in range(20):
        with connection(narrow) as client:
            client.sendall(head(f"content-length: {len(GOOD)}") + sent)
    still_answers(narrow)


def test_requests_behind_each_other_are_answered_in_their_order(narrow) -> None:
    bodies = [b'{"instances": [[%d, 0, 0]]}' % number for number in range(20)]
    with connection(narrow) as client:
        client.sendall(b"".join(head(f"content-length: {len(body)}") + body for body in bodies))
        data = b""
        while data.count(b'{"predictions":') < len(bodies) or not data.endswith(b"]}"):
            data += receive(client)
    answered = [float(part.partition(b"]")[0]) for part in data.split(b'{"predictions":[')[1:]]
    assert answered == pytest.approx(list(range(20)), abs=1e-3)


@pytest.mark.parametrize("announced", ["content-length: 100", "content-length: 99999999", "transfer-encoding: chunked"])
def test_whoever_has_no_key_is_sent_away_before_the_body_is_read(serve, numbers_bundle, announced) -> None:
    locked = serve(numbers_bundle, api_key="key")
    with connection(locked) as client:
        client.sendall(head(announced))
        status, headers, _ = answer(client)
        assert status == 401
        assert ("connection" in headers) == (announced != "content-length: 100")


def test_five_hundred_connections_at_once_are_all_answered(narrow) -> None:
    def ask(number: int) -> int:
        with connection(narrow) as client:
            client.sendall(head(f"content-length: {len(GOOD)}"))
            time.sleep(0.1)
            client.sendall(GOOD)
            return answer(client)[0]

    with ThreadPoolExecutor(100) as pool:
        assert set(pool.map(ask, range(500))) == {200}
    still_answers(narrow)


def test_many_large_bodies_at_once_are_not_all_taken(serve, numbers_bundle) -> None:
    running = serve(numbers_bundle, inline=False)
    large = 16 << 20
    heads = [head(f"content-length: {large}")] * 20 + [head("transfer-encoding: chunked")] * 4
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(connection(running)) for _ in heads]
        for client, text in zip(clients, heads, strict=True):
            client.sendall(text)
            time.sleep(0.01)  # they are read in this order
        for client in clients[8:]:
            status, headers, document = answer(client)
            assert (status, headers["retry-after"], headers["connection"]) == (429, "1", "close")
            assert document == {"error": "the requests that wait already have too many bytes"}
        assert running.gate.in_work.held == 8 * large
        for _ in range(20):
            assert running.client.post("/predict", content=GOOD).status_code == 200
        clients[0].sendall(GOOD.ljust(large))
        assert answer(clients[0])[0] == 200
        assert running.client.post("/predict", content=GOOD.ljust(large)).status_code == 200
        # What a body whose length was not told may come to counts only until it is there.
        assert running.client.post("/predict", content=iter([GOOD])).status_code == 200
    still_answers(running)
    assert running.gate.in_work.held == 0


def test_one_large_body_alone_is_always_taken(serve, numbers_bundle) -> None:
    running = serve(numbers_bundle, inline=False, max_body=80 << 20)
    assert running.client.post("/predict", content=GOOD.ljust(80 << 20)).status_code == 200
    still_answers(running)
