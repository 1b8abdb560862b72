"""A client that sends the same head again and again: what is in its bodies counts, and whatever else it sends."""

from __future__ import annotations

import time

import pytest

from mlpack.runtime.process.protocol import _parser_for as parser_for
from mlpack.runtime.process.repeated import remembered

HEAD = b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 4\r\n\r\n"
HEADERS = [(b"host", b"a"), (b"content-length", b"4")]
CHUNKED = b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n4\r\nfour\r\n0\r\n\r\n"


@pytest.fixture
def ask(hurried, read_one):
    """Sends parts on one connection, with a pause between them, and gives as many bodies as are wanted."""
    with hurried.connect() as connection:

        def asked(*parts, answers=1):
            for part in parts:
                connection.sendall(part)
                time.sleep(0.01)
            return [read_one(connection)[2] for _ in range(answers)]

        yield asked


def test_every_body_is_answered_for_itself(ask):
    for body in (b"one.", b"two.", b"\r\n\r\n", b"POST"):
        assert ask(HEAD + body) == [body]


def test_what_comes_between_is_read_as_ever(ask):
    other = HEAD.replace(b"4", b"2")
    for _ in range(2):
        assert ask(HEAD + b"same") == [b"same"]
        assert ask(other + b"hi") == [b"hi"]
        assert ask(HEAD + b"one.", HEAD[:20], HEAD[20:] + b"two.", answers=2) == [b"one.", b"two."]
        assert ask(HEAD + b"one." + HEAD + b"two.", answers=2) == [b"one.", b"two."]
        assert ask(HEAD + b"ha", b"lf") == [b"half"]
        assert ask(CHUNKED) == [b"four"]
        assert ask(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n") == [b""]


def test_the_head_is_not_read_again(hurried, read_one):
    with hurried.connect() as connection:
        connection.sendall(HEAD + b"one.")
        assert read_one(connection)[2] == b"one."
        (served,) = [one for one in hurried.front._door.connections if one._repeated is not None]
        served._parser = None
        connection.sendall(HEAD + b"two.")
        assert read_one(connection)[2] == b"two."
        served._parser = parser_for(served)


def test_a_body_that_looks_like_the_request_before_is_a_body(hurried, read_one):
    """Its own request was answered before it came: were it taken for a request, what follows would be taken for its body."""
    same = HEAD + b"same"
    with hurried.connect() as connection:
        connection.sendall(same)
        assert read_one(connection)[2] == b"same"
        connection.sendall(HEAD.replace(b" / ", b" /unread ").replace(b"4", b"%d" % len(same)))
        assert read_one(connection)[0] == 200
        connection.sendall(same)
        time.sleep(0.05)
        connection.sendall(HEAD + b"next")
        assert read_one(connection)[2] == b"next"


def test_half_a_head_is_none_that_is_remembered(hurried, read_one, read_all):
    with hurried.connect() as connection:
        for part in (HEAD[:25], HEAD[25:] + b"same"):
            connection.sendall(part)
            time.sleep(0.05)
        assert read_one(connection)[2] == b"same"
        connection.sendall(HEAD[25:] + b"more")
        assert read_all(connection).startswith(b"HTTP/1.1 400 ")


def test_one_that_waits_for_the_model_may_be_repeated(ask):
    later = HEAD.replace(b" / ", b" /later ")
    for body in (b"one.", b"two."):
        assert ask(later + body) == [body]


def test_it_is_the_last_where_the_service_ends(own_hurried, read_one):
    with own_hurried.connect() as connection:
        for _ in range(2):
            connection.sendall(HEAD + b"same")
            assert "connection" not in read_one(connection)[1]
        own_hurried.front._door.draining = True
        connection.sendall(HEAD + b"last")
        status, headers, body = read_one(connection)
        assert (status, headers["connection"], body) == (200, "close", b"last")


@pytest.mark.parametrize(
    ("data", "headers", "length"),
    [
        (HEAD + b"four" + HEAD + b"four", HEADERS, 4),
        (HEAD + b"fo", HEADERS, 4),
        (CHUNKED, [(b"host", b"a"), (b"transfer-encoding", b"chunked")], 4),
        (b"GET / HTTP/1.1\r\n\r\n" + HEAD + b"four", HEADERS, 4),
        (HEAD.replace(b"host", b"x" * 3000) + b"four", HEADERS, 4),
        (HEAD + b"four", [(b"host", b"a"), (b"content-length", b"04")], 4),
    ],
)
def test_what_is_not_remembered(data, headers, length):
    assert remembered(data, b"/", headers, length) is None


def test_what_is_remembered():
    found = remembered(HEAD + b"four", b"/", HEADERS, 4)
    assert (found.head, found.target, found.headers) == (HEAD, b"/", HEADERS)
    assert found.body_of(HEAD + b"body") == b"body"
    assert found.body_of(HEAD + b"bodies") is None
    assert found.body_of(HEAD.replace(b"host", b"Host") + b"body") is None
