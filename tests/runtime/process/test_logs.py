"""Logs: one JSON document a line, whoever wrote it, with neither bodies nor keys."""

from __future__ import annotations

import json
import logging

import pytest

from mlpack.runtime.process.logs import Lines


def line(record: logging.LogRecord, request_id: str = "") -> dict:
    text = Lines(3, lambda: request_id).format(record)
    assert "\n" not in text
    return json.loads(text)


def test_a_record():
    record = logging.makeLogRecord(
        {
            "name": "x",
            "levelno": 30,
            "levelname": "WARNING",
            "msg": "a %s\nb",
            "args": ("é",),
            "status": 200,
            "path": "/p",
            "seconds": 0.0123,
        }
    )
    record.created, record.msecs = 0.25, 250.0
    told = line(record, "id")
    assert told["ts"] == "1970-01-01T00:00:00.250Z"
    assert told["level"] == "warning"
    assert told["msg"] == "a é\nb"
    assert (told["worker"], told["request_id"], told["status"], told["route"], told["ms"]) == (3, "id", 200, "/p", 12.3)


def test_an_exception_and_what_is_no_json():
    try:
        raise ValueError("x" * 10_000)
    except ValueError as error:
        record = logging.LogRecord("x", logging.ERROR, "", 0, "failed", (), (type(error), error, error.__traceback__))
    record.what = {1, 2}
    record.route = "/" * 100_000
    told = line(record)
    assert "ValueError" in told["trace"]
    assert told["what"] == "{1, 2}"
    assert len(json.dumps(told)) < 10_000


@pytest.mark.parametrize("workers", ["1", "2"])
def test_every_line_of_a_service_is_json(start, project, workers):
    running = start(
        project, "--log-requests", "--log-level", "debug", "--workers", workers, MLPACK_API_KEY="very secret"
    )
    body = (project / "example.json").read_bytes()
    key = {"x-api-key": "very secret", "x-request-id": "mine"}
    assert running.ask("/predict", body, **key)[0] == 200
    assert running.ask("/predict", body)[0] == 401
    assert running.ask("/predict", b"{", **key)[0] == 400
    assert running.end() == 0
    told = running.lines()
    requests = sorted((one for one in told if one.get("route") == "/predict"), key=lambda one: one["status"])
    assert [one["status"] for one in requests] == [200, 400, 401]
    assert requests[0]["request_id"] == requests[1]["request_id"] == "mine"
    assert all(one["ms"] > 0 for one in requests)
    written = running.log.read_text()
    assert "very secret" not in written
    assert "instances" not in written


def test_requests_are_not_logged_unless_they_are_wanted(start, project):
    running = start(project)
    assert running.predict() == 200
    assert running.end() == 0
    assert [one["msg"] for one in running.lines()] == ["the service is ending"]
