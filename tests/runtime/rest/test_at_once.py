"""Requests that are there as a whole, answered without a task: by a model on the event loop, and by one in its thread."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest

from mlpack.runtime.rest.answer import Later
from mlpack.runtime.rest.app import build
from mlpack.runtime.service.board import Board
from mlpack.runtime.service.metrics import exposition
from mlpack.runtime.service.model import open_model
from mlpack.runtime.service.service import Service
from mlpack.runtime.settings import Settings


class Failing:
    def run(self, feed):
        raise ArithmeticError("it is too warm")

    def close(self):
        pass


@pytest.fixture
def costly(flowers_bundle, flowers):
    """A gate whose model is asked in its thread, for use on an event loop of the test's own."""

    def made(session=None, **options):
        settings = Settings(model=flowers_bundle, **options)
        model = open_model(flowers_bundle, settings)
        model = replace(model, session=session or model.session)
        board = Board.create(1)
        board.mark(0, "ready")
        service = Service(settings, replace(model, plan=replace(model.plan, inline_rows=0, best_batch=8)), board)
        return build(service, flowers.schema), service

    return made


def asked(gate, example, path=b"/predict", headers=()):
    return gate.at_once(path, list(headers), json.dumps(example).encode())


async def outcome(later):
    await asyncio.wait([later.outputs])
    return later.finish()


def test_it_answers_what_the_application_answers(costly, flowers):
    async def both():
        gate, service = costly()
        later = asked(gate, flowers.example, headers=[(b"x-request-id", b"mine")])
        assert isinstance(later, Later)
        assert gate.in_work.count == 1
        answer = await outcome(later)
        assert (gate.in_work.count, gate.in_work.held) == (0, 0)
        service.close()
        return answer

    status, headers, body = asyncio.run(both())
    assert status == 200
    assert (b"x-request-id", b"mine") in headers
    assert (b"content-length", b"%d" % len(body)) in headers
    assert json.loads(body) == flowers.client.post("/predict", json=flowers.example).json()


def test_those_that_wait_together_are_answered_together(costly, flowers):
    async def many():
        gate, service = costly()
        waiting = [asked(gate, flowers.example) for _ in range(20)]
        answers = [await outcome(later) for later in waiting]
        service.close()
        return answers, exposition(service.board, {}).decode()

    answers, told = asyncio.run(many())
    assert {status for status, _, _ in answers} == {200}
    labels = [[one["label"] for one in json.loads(body)["predictions"]] for _, _, body in answers]
    assert labels == labels[:1] * 20
    assert 'mlpack_requests_total{route="predict",status="200"} 20.0' in told
    assert "mlpack_batch_requests_count 4.0" in told  # the first alone, then 8, 8 and 3


def test_a_model_that_fails_is_told_of(costly, flowers, caplog):
    async def failed():
        gate, service = costly(session=Failing())
        answer = await outcome(asked(gate, flowers.example))
        service.close()
        return answer, gate.in_work.count, exposition(service.board, {}).decode()

    (status, headers, body), count, told = asyncio.run(failed())
    assert (status, count) == (500, 0)
    assert json.loads(body) == {"error": "the model failed: ArithmeticError: it is too warm"}
    assert any(name == b"x-request-id" for name, _ in headers)
    assert 'mlpack_requests_total{route="predict",status="500"} 1.0' in told
    (record,) = [one for one in caplog.records if one.getMessage() == "request"]
    assert (record.method, record.path, record.status) == ("POST", "/predict", 500)
    assert (b"x-request-id", record.request_id.encode()) in headers


def test_a_client_that_went_away_is_counted_as_such(costly, flowers):
    async def gone():
        gate, service = costly()
        later = asked(gate, flowers.example)
        later.outputs.cancel()
        answer = await outcome(later)
        service.close()
        return answer, gate.in_work.count, exposition(service.board, {}).decode()

    answer, count, told = asyncio.run(gone())
    assert (answer, count) == (None, 0)
    assert 'mlpack_requests_total{route="predict",status="499"} 1.0' in told


def test_what_cannot_be_read_is_left_to_the_application(costly, flowers):
    async def wrong():
        gate, service = costly(max_waiting=2)
        left = [
            gate.at_once(b"/predict", [], b"no JSON"),
            gate.at_once(b"/predict", [], b'{"instances": []}'),
            asked(gate, {"instances": [{"nobody": 1}]}),
            asked(gate, flowers.example, b"/nowhere"),
        ]
        waiting = [asked(gate, flowers.example) for _ in range(3)]
        for later in waiting[:2]:
            await outcome(later)
        service.draining = True
        left.append(asked(gate, flowers.example))
        service.close()
        return left, waiting[2], gate.in_work.count

    left, third, count = asyncio.run(wrong())
    assert left == [None] * 5
    assert third is None
    assert count == 0


def test_an_answer_names_the_model_that_gave_it(costly, flowers):
    """Another version may have taken over while it was waited for."""

    async def replaced():
        gate, service = costly()
        (spec,) = service.signature.inputs
        tensor = {"name": spec.name, "shape": [1, 4], "datatype": "FP64", "data": [5.1, 3.5, 1.4, 0.2]}
        tensor["datatype"] = {"float64": "FP64", "float32": "FP32"}[spec.dtype]
        path = f"/v2/models/{service.manifest.name}/infer".encode()
        first = asked(gate, {"inputs": [tensor]}, path)
        manifest = replace(service.manifest, version="2")
        service.model = replace(service.model, manifest=manifest)
        assert asked(gate, {"inputs": [tensor]}, path) is None  # the gate has to find its routes anew
        gate._look_up()
        second = asked(gate, {"inputs": [tensor]}, path)
        answers = [json.loads((await outcome(later))[2])["model_version"] for later in (first, second)]
        service.close()
        return answers

    assert asyncio.run(replaced()) == ["1", "2"]
