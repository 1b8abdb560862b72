"""Sockets: who has a port, who waits in a queue, and where the kernel sends who comes."""

from __future__ import annotations

import os
import socket

import pytest

from mlpack.runtime.errors import StartError
from mlpack.runtime.process.sockets import address_of, listen, queued, reserve, seal, spread, unread, unseal


def connected(port: int, count: int) -> list[socket.socket]:
    return [socket.create_connection(("127.0.0.1", port), timeout=5) for _ in range(count)]


def close(*sockets: socket.socket) -> None:
    for one in sockets:
        one.close()


@pytest.mark.parametrize("count", [1, 2])
def test_a_port_that_is_taken(count):
    (first,) = listen("127.0.0.1", 0)
    port = first.getsockname()[1]
    with pytest.raises(StartError, match=f"port {port} of 127.0.0.1 is in use") as error:
        listen("127.0.0.1", port, count)
    assert error.value.exit_code == 2
    assert error.value.why.startswith(f"by process {os.getpid()} (")
    with pytest.raises(StartError, match="in use"):
        reserve("127.0.0.1", port)
    close(first)
    close(*listen("127.0.0.1", port, count))


def test_several_take_the_place_of_several():
    """A port that is shared is still taken for all others."""
    first = listen("127.0.0.1", 0, 2)
    port = first[0].getsockname()[1]
    with pytest.raises(StartError, match="in use"):
        listen("127.0.0.1", port, 2)
    close(*first)


def test_a_reservation_keeps_others_out_before_anybody_listens():
    first = reserve("127.0.0.1", 0)
    port = first.getsockname()[1]
    with pytest.raises(StartError, match="in use"):
        reserve("127.0.0.1", port)
    with pytest.raises(ConnectionRefusedError):
        connected(port, 1)
    close(first)
    close(reserve("127.0.0.1", port))


def test_connections_are_divided():
    listeners = listen("127.0.0.1", 0, 3)
    clients = connected(listeners[0].getsockname()[1], 90)
    assert sum(map(queued, listeners)) == 90
    assert min(map(queued, listeners)) > 5
    close(*clients, *listeners)


@pytest.mark.parametrize("skipped", [{0}, {1}, {3}, {0, 3}, {1, 2}, {0, 1, 2}, {1, 2, 3}])
def test_connections_go_where_somebody_is(skipped):
    listeners = listen("127.0.0.1", 0, 4)
    port = listeners[0].getsockname()[1]
    spread(listeners, skipped)
    clients = connected(port, 60)
    waiting = [queued(one) for one in listeners]
    assert {place for place, count in enumerate(waiting) if not count} == skipped
    spread(listeners, ())
    clients += connected(port, 60)
    assert all(map(queued, listeners))
    close(*clients, *listeners)


def test_a_sealed_queue_is_emptied_and_takes_nobody_in():
    (listener,) = listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    clients = connected(port, 5)
    clients[0].sendall(b"hello")
    seal(listener)
    with pytest.raises(TimeoutError):
        socket.create_connection(("127.0.0.1", port), timeout=0.3)
    accepted = [listener.accept()[0] for _ in range(queued(listener))]
    assert len(accepted) == 5
    assert sorted(unread(one.fileno()) for one in accepted) == [0, 0, 0, 0, 5]
    for one in accepted:
        one.sendall(b"bye")
    assert {one.recv(3) for one in clients} == {b"bye"}
    unseal(listener)
    clients += connected(port, 1)
    close(*clients, *accepted, listener)


def test_addresses_that_can_be_opened():
    assert address_of("0.0.0.0", 1) == "127.0.0.1:1"
    assert address_of("::", 1) == "[::1]:1"
    assert address_of("localhost", 1) == "localhost:1"
