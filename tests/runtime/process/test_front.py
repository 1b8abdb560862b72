"""Clients that are slow, idle or many, and the end of a front with clients on it."""

from __future__ import annotations

import asyncio
import socket
import threading
import time

import pytest

from mlpack.runtime.errors import StartError
from mlpack.runtime.process import protocol
from mlpack.runtime.process.front import tls_context
from mlpack.runtime.settings import Settings

POST = b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nhi"
SLOW = b"POST /slow?0.5 HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nhi"


@pytest.mark.parametrize("begun", [b"", b"POST / HT", b"POST / HTTP/1.1\r\nhost: a\r\n"])
def test_a_request_that_does_not_arrive(hasty, read_all, begun):
    with hasty.connect() as connection:
        connection.sendall(begun)
        began = time.monotonic()
        assert read_all(connection).startswith(b"HTTP/1.1 408 Request Timeout\r\n")
        assert 0.4 < time.monotonic() - began < 2


def test_slow_loris(hasty, read_one):
    """A byte now and then does not keep a connection, and others are answered meanwhile."""
    clients = [hasty.connect() for _ in range(50)]
    began = time.monotonic()
    alive = list(clients)
    while alive and time.monotonic() - began < 5:
        for client in list(alive):
            try:
                client.sendall(b"x")
            except OSError:
                alive.remove(client)
        with hasty.connect() as connection:
            connection.sendall(POST)
            assert read_one(connection)[0] == 200
        time.sleep(0.1)
    assert not alive
    for client in clients:
        client.close()


def test_a_slow_head_of_a_second_request(hasty, read_one, read_all):
    with hasty.connect() as connection:
        connection.sendall(POST + b"POST / HT")
        assert read_one(connection)[0] == 200
        assert read_all(connection).startswith(b"HTTP/1.1 408 ")


def test_an_answer_may_take_longer_than_a_head(hasty, read_one):
    with hasty.connect() as connection:
        connection.sendall(SLOW.replace(b"0.5", b"1.2"))
        assert read_one(connection)[0] == 200


def test_an_idle_connection_is_kept_and_then_closed(own_front, read_one, monkeypatch):
    monkeypatch.setattr(protocol, "KEEP_ALIVE", 1.0)
    with own_front.connect() as connection:
        for _ in range(3):
            connection.sendall(POST)
            assert read_one(connection)[0] == 200
            time.sleep(0.3)
        assert connection.recv(1) == b""


def test_a_client_that_does_not_read_does_not_stay(own_front, monkeypatch, until):
    monkeypatch.setattr(protocol, "KEEP_ALIVE", 0.5)
    monkeypatch.setattr(protocol, "LINGER", 0.5)
    with own_front.connect() as connection:
        connection.sendall(b"POST /large HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nhi")
        until(lambda: own_front.front.open == 1)
        until(lambda: own_front.front.open == 0, 15)


def test_a_client_that_reads_slowly_gets_it_all(own_front, monkeypatch):
    monkeypatch.setattr(protocol, "LINGER", 0.3)
    with own_front.connect() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        connection.sendall(b"POST /large HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 2\r\n\r\nhi")
        read = 0
        while part := connection.recv(1 << 20):
            read += len(part)
            time.sleep(0.01)
        assert read > 8 << 20


def test_a_thousand_connections_at_once(fronted, read_one):
    clients = [fronted.connect() for _ in range(1000)]
    for client in clients:
        client.sendall(POST)
    assert {read_one(client)[0] for client in clients} == {200}
    for client in clients:
        client.close()


def test_more_connections_than_there_may_be(own_front, read_one):
    own_front.front._door.most = 3
    clients = [own_front.connect() for _ in range(3)]
    for client in clients:
        client.sendall(POST)
        assert read_one(client)[0] == 200
    with own_front.connect() as refused:
        assert read_one(refused)[0] == 503
    clients.pop().close()
    time.sleep(0.1)
    with own_front.connect() as connection:
        connection.sendall(POST)
        assert read_one(connection)[0] == 200
    for client in clients:
        client.close()


def test_the_end(own_front, read_one, read_all):
    """What was accepted is answered and told that it is the last; idle connections have their moment; nobody new comes in."""
    idle, busy, queued, silent = (own_front.connect() for _ in range(4))
    idle.sendall(POST)
    assert read_one(idle)[0] == 200
    busy.sendall(SLOW + POST)
    queued.sendall(SLOW)
    time.sleep(0.1)
    own_front.call(own_front.front.stop_accepting())
    with pytest.raises(ConnectionRefusedError):
        own_front.connect()
    ended: list[int] = []
    thread = threading.Thread(target=lambda: ended.append(own_front.call(own_front.front.finish(10))))
    thread.start()
    time.sleep(0.3)
    idle.sendall(POST)
    assert read_one(idle)[1]["connection"] == "close"
    first, second = read_one(busy), read_one(busy)
    assert (first[0], second[0]) == (200, 200)
    assert "connection" not in first[1], "a request stands behind it"
    assert second[1]["connection"] == "close"
    assert read_one(queued)[1]["connection"] == "close"
    assert read_all(silent) == b""
    for connection in (idle, busy, queued, silent):
        connection.close()
    thread.join(10)
    assert ended == [0]


def test_who_is_in_the_queue_is_let_in(own_front, read_one):
    """Connections that the kernel has completed and the loop has not seen: a closed listener would reset them."""

    async def end_while_busy() -> None:
        time.sleep(0.5)  # the loop is busy, and sees nothing of what comes
        await own_front.front.stop_accepting()

    ending = asyncio.run_coroutine_threadsafe(end_while_busy(), own_front.loop)
    time.sleep(0.1)
    clients = [own_front.connect() for _ in range(100)]
    for client in clients:
        client.sendall(POST)
    ending.result(20)
    assert {read_one(client)[0] for client in clients} == {200}
    for client in clients:
        client.close()


def test_what_takes_too_long_is_cut(own_front):
    with own_front.connect() as connection:
        connection.sendall(SLOW.replace(b"0.5", b"30"))
        time.sleep(0.1)
        own_front.call(own_front.front.stop_accepting())
        assert own_front.call(own_front.front.finish(0.3)) == 1


def test_a_certificate_that_is_none(tmp_path):
    for name in ("cert.pem", "key.pem"):
        (tmp_path / name).write_text("no")
    with pytest.raises(StartError, match="cannot be used for TLS") as error:
        tls_context(Settings(tls_cert=tmp_path / "cert.pem", tls_key=tmp_path / "key.pem"))
    assert error.value.exit_code == 2
