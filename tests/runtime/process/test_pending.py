"""Requests that wait for the model and for nothing else, as their connections see them."""

from __future__ import annotations

import time

import pytest

POST = b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nhi"
LATER = POST.replace(b" / ", b" /later ")
NEVER = POST.replace(b" / ", b" /never ")


@pytest.fixture
def application(hurried):
    return hurried.front._door.app


def test_it_is_answered_once_it_is_there_and_the_connection_goes_on(hurried, read_one):
    with hurried.connect() as connection:
        for request in (LATER, POST, LATER):
            connection.sendall(request)
            status, headers, body = read_one(connection)
            assert (status, body) == (200, b"hi")
            assert "connection" not in headers


def test_those_behind_it_wait_for_it(hurried, read_one):
    with hurried.connect() as connection:
        connection.sendall(LATER.replace(b"hi", b"1."))
        time.sleep(0.05)
        connection.sendall(POST.replace(b"hi", b"2.") + LATER.replace(b"hi", b"3."))
        assert [read_one(connection)[2] for _ in range(3)] == [b"1.", b"2.", b"3."]


def test_garbage_behind_it_waits_too(hurried, read_all):
    with hurried.connect() as connection:
        connection.sendall(LATER + b"\x16\x03\x01")
        answer = read_all(connection)
    assert [part[:3] for part in answer.split(b"HTTP/1.1 ")[1:]] == [b"200", b"400"]


def test_a_client_that_goes_away_is_not_answered(hurried, application, until, read_one):
    before = len(application.ends)
    with hurried.connect() as connection:
        connection.sendall(NEVER)
        time.sleep(0.05)
    until(lambda: application.ends[before:] == [True])
    with hurried.connect() as connection:
        connection.sendall(POST)
        assert read_one(connection)[2] == b"hi"


def test_it_is_the_last_of_its_connection_where_the_service_ends(own_hurried, read_one, until):
    waiting = own_hurried.front._door.app.waiting
    with own_hurried.connect() as connection:
        connection.sendall(NEVER)
        until(lambda: waiting)
        own_hurried.call(own_hurried.front.stop_accepting())
        own_hurried.loop.call_soon_threadsafe(waiting[0].set_result, None)
        status, headers, body = read_one(connection)
        assert (status, headers["connection"], body) == (200, "close", b"hi")
        assert own_hurried.call(own_hurried.front.finish(5)) == 0
        assert connection.recv(1) == b""
