"""What one client can do to its connection: every request that can be read is answered, and nothing stays open for ever."""

from __future__ import annotations

import http.client
import time

import pytest

POST = b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nhi"
SLOW = b"POST /slow HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nhi"
CHUNKED = b"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n"
LAST = b"POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 4\r\n\r\nlast"


def statuses(fronted, read_all, *parts: bytes) -> list[int]:
    """The statuses of all responses to ``parts``, sent one after another, until the service closes."""
    with fronted.connect() as connection:
        for part in parts:
            connection.sendall(part)
            time.sleep(0.01)
        answer = read_all(connection)
    return [int(part[:3]) for part in answer.split(b"HTTP/1.1 ")[1:]]


@pytest.mark.parametrize(
    "request_",
    [
        POST,
        POST.replace(b"HTTP/1.1", b"HTTP/1.0"),
        CHUNKED + b"1\r\nh\r\n1\r\ni\r\n0\r\n\r\n",
        CHUNKED + b"2\r\nhi\r\n0\r\ntrailer: x\r\n\r\n",
        b"\r\n\r\n" + POST,
        POST.replace(b"host: a", b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAM"),
        POST.replace(b"host: a", b"connection: upgrade\r\nupgrade: websocket"),
        POST.replace(b" / ", b" http://elsewhere/%ff?1 "),
        POST.replace(b" / ", b" http://elsewhere "),
    ],
)
def test_a_request_in_many_forms(fronted, read_one, request_):
    with fronted.connect() as connection:
        connection.sendall(request_)
        status, headers, body = read_one(connection)
    assert (status, body) == (200, b"hi")
    assert ("connection" in headers) == (b"HTTP/1.0" in request_)


NO_URL = b"POST http://a:99999/ HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\n"


@pytest.mark.parametrize("parts", [(NO_URL + b"hi",), (NO_URL, b"hi"), (NO_URL + b"h", b"i")])
def test_a_target_that_is_no_url(fronted, hurried, read_all, parts):
    for front in (fronted, hurried):
        assert statuses(front, read_all, *parts) == [400]


@pytest.mark.parametrize("parts", [(POST,), (POST[:-2], b"hi"), (POST[:-1], b"i")])
@pytest.mark.parametrize("target", [b" / ", b" http://elsewhere ", b" http://elsewhere/ "])
def test_what_could_be_answered_at_once(hurried, read_one, parts, target):
    with hurried.connect() as connection:
        for _ in range(2):
            for part in parts:
                connection.sendall(part.replace(b" / ", target))
                time.sleep(0.01)
            assert read_one(connection)[::2] == (200, b"hi")


def test_a_body_that_nobody_reads_and_that_may_never_end(fronted, read_all):
    """There would be no bound on the time that it takes."""
    head = CHUNKED.replace(b" / ", b" /unread ")
    assert statuses(fronted, read_all, head + b"2\r\nhi\r\n") == [200]
    assert statuses(fronted, read_all, head + b"0\r\n\r\n" + LAST) == [200, 200]


def test_one_byte_at_a_time(fronted, read_one):
    with fronted.connect() as connection:
        for byte in POST + POST:
            connection.sendall(bytes([byte]))
        assert [read_one(connection)[2] for _ in range(2)] == [b"hi", b"hi"]


def test_requests_in_one_packet_are_answered_in_their_order(fronted, read_all):
    with fronted.connect() as connection:
        connection.sendall(SLOW + b"".join(POST.replace(b"hi", b"%02d" % place) for place in range(50)) + LAST)
        answer = read_all(connection)
    bodies = [part.partition(b"\r\n\r\n")[2] for part in answer.split(b"HTTP/1.1 200 OK")[1:]]
    assert bodies == [b"hi", *(b"%02d" % place for place in range(50)), b"last"]


def test_nothing_is_answered_after_the_last_request(fronted, read_all):
    assert statuses(fronted, read_all, LAST + POST) == [200]


def test_what_an_upgrade_brings_with_it_is_the_next_request(fronted, read_all):
    upgrade = b"GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n"
    assert statuses(fronted, read_all, upgrade + upgrade + LAST) == [200, 200, 200]


@pytest.mark.parametrize("good", [b"", POST, SLOW, POST + SLOW])
@pytest.mark.parametrize(
    "garbage",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/1.1\nhost: a\n\n",
        b"GET /\xff HTTP/1.1\r\nhost: a\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"CONNECT a:1 HTTP/1.1\r\nhost: a\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 99999999999999999999999\r\n\r\n",
        CHUNKED + b"zz\r\n\r\n",
        CHUNKED + b"2\r\nhi\r\nzz\r\n",
    ],
)
def test_garbage_gets_a_400_after_the_answers_before_it(fronted, hurried, read_all, good, garbage):
    for front in (fronted, hurried):
        assert statuses(front, read_all, good + garbage) == [*[200] * good.count(b"POST"), 400]
        assert statuses(front, read_all, LAST) == [200]


@pytest.mark.parametrize(
    "parts",
    [
        [b"GET / HTTP/1.1\r\nhost: a\r\nx: " + b"a" * 70_000 + b"\r\n\r\n"],
        [b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nhost: a\r\n\r\n"],
        [b"GET / HTTP/1.1\r\nhost: a\r\nx: ", *[b"a" * 10_000] * 7],
        [b"GET / HTTP/1.1\r\nhost: a\r\n" + b"x: 1\r\n" * 300 + b"\r\n"],
        [CHUNKED + b"2\r\nhi\r\n0\r\n", *[b"x: " + b"a" * 10_000 + b"\r\n"] * 7],
        [CHUNKED + b"2;", *[b"a" * 10_000] * 7],
    ],
)
def test_no_head_without_an_end(fronted, read_all, parts):
    assert statuses(fronted, read_all, *parts) == [431]
    assert statuses(fronted, read_all, LAST) == [200]


def test_a_head_may_be_large(fronted, read_one):
    with fronted.connect() as connection:
        connection.sendall(POST.replace(b"host: a", b"host: a\r\nx: " + b"a" * 60_000))
        assert read_one(connection)[0] == 200


@pytest.mark.parametrize(("path", "seen"), [("/fail", 500), ("/silent", 500)])
def test_an_application_that_does_not_answer(fronted, read_all, path, seen):
    assert statuses(fronted, read_all, POST.replace(b" / ", f" {path} ".encode())) == [seen]


def test_an_application_that_fails_half_way_ends_the_connection(fronted, read_one):
    with fronted.connect() as connection:
        connection.sendall(POST.replace(b" / ", b" /half "))
        with pytest.raises((ConnectionResetError, http.client.IncompleteRead)):
            read_one(connection)


def test_an_answer_of_unknown_length(fronted, read_one, read_all):
    with fronted.connect() as connection:
        connection.sendall(POST.replace(b" / ", b" /chunks "))
        assert read_one(connection)[2] == b"onetwo"
        connection.sendall(POST.replace(b" / ", b" /chunks ").replace(b"1.1", b"1.0"))
        assert read_all(connection).endswith(b"\r\n\r\nonetwo")


def test_a_client_that_sends_is_told_why_not_to(fronted, read_all):
    """Closed at once, with much still to come, the connection would be reset before the answer is read."""
    with fronted.connect() as connection:
        connection.sendall(b"POST /refuse HTTP/1.1\r\nhost: a\r\ncontent-length: 20000000\r\n\r\n")
        sent = 0
        try:
            while sent < 20_000_000:
                sent += connection.send(bytes(65536))
        except OSError:
            pytest.fail(f"the connection broke after {sent} bytes")
        assert read_all(connection).startswith(b"HTTP/1.1 413 ")


def test_a_body_that_was_asked_for_and_not_read_ends_the_connection(fronted, read_all):
    """Whether the client will send it nobody knows: the next bytes could be that body, or the next request."""
    head = b"POST /unread HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n"
    assert statuses(fronted, read_all, head) == [200]


def test_a_body_that_was_asked_for(fronted, read_one):
    with fronted.connect() as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n")
        assert connection.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"hi")
        assert read_one(connection)[2] == b"hi"
