"""Hostile bodies on the three ways in: refused with a status of the 4xx and one line, and the next request is answered."""

from __future__ import annotations

import json

import pytest
from fire.bodies import binary_bodies, infer_bodies, predict_bodies
from fire.wire import post, talk

ROW = [1.5] * 30
PREDICT = predict_bodies({f"x{place}": 1.5 for place in range(30)})
INFER = infer_bodies("input", ROW)
BINARY = binary_bodies("input", ROW)
"""Only their names, which do not depend on the model."""

pytestmark = pytest.mark.usefixtures("answers_well")


def check(service, path: str, body: bytes, statuses: set[int], *headers: str) -> None:
    talked = talk(service.port, [post(path, body, *headers)])
    assert talked.end == "answered", talked
    assert talked.status in statuses, talked.received[-300:]
    told = json.loads(talked.received.partition(b"\r\n\r\n")[2])
    assert [*told] == ["error"]
    assert 0 < len(told["error"]) < 2_000
    assert "\n" not in told["error"]


@pytest.mark.parametrize("name", PREDICT)
def test_predict_refuses(model, service, name) -> None:
    record = model.rows.to_dict("records")[0]
    check(service, "/predict", *predict_bodies(record)[name])


@pytest.mark.parametrize("name", INFER)
def test_infer_refuses(model, service, name) -> None:
    ((tensor, rows),) = model.feed.items()
    check(service, f"/v2/models/{model.name}/infer", *infer_bodies(tensor, rows[0].tolist())[name])


@pytest.mark.parametrize("name", BINARY)
def test_infer_refuses_bytes(model, service, name) -> None:
    ((tensor, rows),) = model.feed.items()
    body, length, statuses = binary_bodies(tensor, rows[0].tolist())[name]
    check(service, f"/v2/models/{model.name}/infer", body, statuses, f"Inference-Header-Content-Length: {length}")
