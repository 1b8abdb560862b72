"""Whom the service lets in, what every answer carries, and what is answered where there is no route."""

from __future__ import annotations

import asyncio
import json
import logging
import shutil

import httpx
import pytest

from mlpack.runtime.errors import StartError
from mlpack.runtime.rest.asgi import LENGTHS
from mlpack.runtime.rest.v2 import Infer
from mlpack.runtime.service.model import open_model

KEY = "a-k\u00e9y"
PROBES = ["/livez", "/readyz", "/v2/health/live", "/v2/health/ready"]


@pytest.fixture
def locked(serve, flowers_bundle):
    return serve(flowers_bundle, api_key=KEY)


@pytest.mark.parametrize("path", PROBES)
def test_probes_need_no_key(locked, path) -> None:
    assert locked.client.get(path).status_code == 200
    assert locked.client.head(path).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *(("POST", path) for path in ("/predict", "/v2/models/flowers/infer", "/v2/repository/index")),
        *(
            ("GET", path)
            for path in ("/", "/metrics", "/docs", "/openapi.json", "/v2", "/v2/models/flowers", "/nothing")
        ),
    ],
)
def test_all_else_needs_the_key(locked, method, path) -> None:
    wrong = [{}, {"authorization": "Bearer wrong"}, {"x-api-key": ""}, {"authorization": f"Token {KEY}".encode()}]
    wrong += [{"authorization": "Basic !"}, {"authorization": ""}, {"x-api-key": KEY.encode() + b"x"}]
    for headers in wrong:
        answered = locked.client.request(method, path, headers=headers, json=locked.example)
        assert answered.status_code == 401
        assert list(answered.json()) == ["error"]
        scheme = "Basic" if path in {"/", "/docs", "/openapi.json"} else "Bearer"
        assert answered.headers["www-authenticate"].startswith(scheme)


def test_the_key_comes_as_a_bearer_token_as_a_header_of_its_own_or_as_a_browsers_password(locked) -> None:
    right = [{"authorization": f"Bearer {KEY}".encode()}, {"authorization": f"bearer  {KEY}".encode()}]
    right += [{"x-api-key": KEY.encode()}, {"x-api-key": KEY.encode(), "authorization": "Bearer of-a-proxy"}]
    for headers in right:
        assert locked.client.post("/predict", json=locked.example, headers=headers).status_code == 200
    password = httpx.BasicAuth("anybody", KEY)
    assert locked.client.get("/docs", auth=password).status_code == 200
    assert locked.client.get("/openapi.json", auth=password).json()["security"]
    assert locked.client.get("/", auth=password).status_code == 200
    assert locked.client.post("/predict", json=locked.example, auth=password).status_code == 200  # what /docs tries


def test_a_key_from_a_file(serve, flowers_bundle, tmp_path) -> None:
    (tmp_path / "key").write_text("secret\nand more\n")
    running = serve(flowers_bundle, api_key_file=tmp_path / "key")
    assert running.client.get("/metrics").status_code == 401
    assert running.client.get("/metrics", headers={"x-api-key": "secret"}).status_code == 200
    with pytest.raises(StartError):
        serve(flowers_bundle, api_key_file=tmp_path / "none")


def test_a_request_id_is_given_back_where_it_is_one_and_made_where_it_is_not(flowers) -> None:
    def identity(**headers: str | bytes) -> str:
        return flowers.client.get("/livez", headers=headers).headers["x-request-id"]

    assert identity(**{"x-request-id": "order-66"}) == "order-66"
    made = [identity(), identity(), identity(**{"x-request-id": "x" * 500}), identity(**{"x-request-id": b"\xff"})]
    assert len(set(made)) == len(made)
    answered = flowers.client.get("/nothing", headers={"x-request-id": "lost"})
    assert answered.headers["x-request-id"] == "lost"


def test_requests_are_logged_when_that_is_asked_for(serve, flowers_bundle, caplog) -> None:
    running = serve(flowers_bundle, log_requests=True)
    with caplog.at_level(logging.INFO, "mlpack.rest"):
        running.client.post("/predict", json=running.example, headers={"x-request-id": "order-66"})
        running.client.get("/nothing", headers={"x-request-id": "lost"})
    first, second = [record for record in caplog.records if record.name == "mlpack.rest"]
    assert (first.method, first.path, first.status, first.request_id) == ("POST", "/predict", 200, "order-66")
    assert (second.path, second.status, second.request_id) == ("/nothing", 404, "lost")
    assert first.seconds > 0


@pytest.mark.parametrize(
    "path", ["/index.html", "/nothing", "/predict/", "/v2/models", "/v2/models/a/b/c", "/docs/files/../app.py"]
)
def test_where_there_is_no_route_is_404(flowers, path) -> None:
    answered = flowers.client.get(path)
    assert answered.status_code == 404
    assert list(answered.json()) == ["error"]


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/predict", "POST"),
        ("PUT", "/predict", "POST"),
        ("DELETE", "/v2/models/flowers/infer", "POST"),
        ("POST", "/livez", "GET"),
        ("POST", "/v2", "GET"),
        ("PATCH", "/v2/models/flowers", "GET"),
    ],
)
def test_a_method_that_a_route_has_not_is_405_with_those_it_has(flowers, method, path, allowed) -> None:
    answered = flowers.client.request(method, path)
    assert answered.status_code == 405
    assert allowed in answered.headers["allow"]
    assert allowed in answered.json()["error"]
    options = flowers.client.options(path)
    assert options.status_code == 204
    assert allowed in options.headers["allow"]


@pytest.mark.parametrize("path", [*PROBES, "/", "/metrics", "/v2", "/v2/models/flowers", "/docs", "/openapi.json"])
def test_head_is_get_without_a_body(flowers, path) -> None:
    answered = flowers.client.head(path)
    assert (answered.status_code, answered.content) == (200, b"")


def test_ready_says_what_is_not(serve, flowers_bundle) -> None:
    running = serve(flowers_bundle)
    running.service.board.mark(0, "starting")
    for path in ("/readyz", "/v2/health/ready", "/v2/models/flowers/ready"):
        answered = running.client.get(path)
        assert answered.status_code == 503
        assert answered.json() == {"error": "0 of 1 workers are ready"}
    assert running.client.get("/livez").status_code == 200
    assert running.client.post("/v2/repository/index").json()[0]["state"] == "UNAVAILABLE"
    assert running.client.post("/predict", json=running.example).status_code == 200


@pytest.mark.parametrize("path", ["/livez", "/v2", "/nothing", "/docs"])
def test_a_service_that_ends_closes_its_connections(serve, flowers_bundle, path) -> None:
    running = serve(flowers_bundle)
    assert "connection" not in running.client.get(path).headers
    running.service.draining = True
    assert running.client.get(path).headers["connection"] == "close"
    answered = running.client.post("/predict", json=running.example)
    assert (answered.status_code, answered.headers["connection"]) == (200, "close")
    assert running.client.get("/readyz").json() == {"error": "the service is ending"}


def test_too_many_requests_are_sent_away_for_a_second(serve, flowers_bundle) -> None:
    running = serve(flowers_bundle, max_waiting=1)
    running.gate.in_work.count += 5
    for path in ("/predict", "/v2/models/flowers/infer"):
        answered = running.client.post(path, json=running.example)
        assert (answered.status_code, answered.headers["retry-after"]) == (429, "1")
    assert running.client.get("/livez").status_code == 200
    running.gate.in_work.count -= 5
    assert running.client.post("/predict", json=running.example).status_code == 200


def test_a_model_that_fails_is_500_and_is_logged(serve, flowers_bundle, caplog) -> None:
    for inline in (True, False):
        running = serve(flowers_bundle, inline=inline)
        running.service.model.session.close()
        answered = running.client.post("/predict", json=running.example)
        assert answered.status_code == 500
        assert answered.json()["error"].startswith("the model failed: ")
        assert any(record.levelno == logging.ERROR and record.status == 500 for record in caplog.records)
        caplog.clear()


def test_requests_are_counted_by_route_and_status(serve, flowers_bundle) -> None:
    running = serve(flowers_bundle)
    running.client.post("/predict", json=running.example)
    running.client.post("/predict", json={})
    running.client.get("/nothing")
    answered = running.client.get("/metrics")
    assert answered.headers["content-type"].startswith("text/plain; version=")
    for line in (
        'mlpack_requests_total{route="predict",status="200"} 1.0',
        'mlpack_requests_total{route="predict",status="422"} 1.0',
        'mlpack_requests_total{route="other",status="404"} 1.0',
        'mlpack_model_info{name="flowers",',
    ):
        assert line in answered.text


def test_a_model_that_takes_over_is_found_under_its_own_version(serve, flowers_bundle, tmp_path) -> None:
    newer = tmp_path / "newer.mlpack"
    shutil.copytree(flowers_bundle, newer)
    document = json.loads((newer / "mlpack.json").read_text())
    (newer / "mlpack.json").write_text(json.dumps(document | {"version": "2"}))
    running = serve(flowers_bundle)
    paths = ["/v2/models/flowers/versions/1/infer", "/v2/models/flowers/versions/2/infer"]
    body = {"inputs": [{"name": "input", "shape": [1, 4], "datatype": "FP32", "data": [5.1, 3.5, 1.4, 0.2]}]}
    assert [running.client.post(path, json=body).status_code for path in paths] == [200, 404]
    running.service.replace(open_model(newer, running.service.settings)).close()
    assert [running.client.post(path, json=body).status_code for path in paths] == [404, 200]
    assert running.client.post("/v2/models/flowers/infer", json=body).json()["model_version"] == "2"
    assert running.client.get("/v2/models/flowers").json()["versions"] == ["2"]
    assert running.client.get("/openapi.json").json()["info"]["version"] == "2"


def test_an_answer_names_the_model_that_was_served_when_its_request_came(serve, numbers_bundle, tmp_path) -> None:
    newer = tmp_path / "newer.mlpack"
    shutil.copytree(numbers_bundle, newer)
    document = json.loads((newer / "mlpack.json").read_text())
    (newer / "mlpack.json").write_text(json.dumps(document | {"name": "others", "version": "2"}))
    running = serve(numbers_bundle, inline=False)
    ((spec,), service) = (running.service.signature.inputs, running.service)
    kinds = {"float64": "FP64", "float32": "FP32"}
    body = {"inputs": [{"name": spec.name, "shape": [1, 3], "datatype": kinds[spec.dtype], "data": [1, 2, 3]}]}
    infer = Infer(service)

    async def across() -> list[dict]:
        scope = {LENGTHS: (-1, -1)}
        first = asyncio.ensure_future(infer(scope, json.dumps(body).encode()))
        await asyncio.sleep(0)  # it is read, and waits for the model
        assert not first.done()
        before = service.replace(open_model(newer, service.settings))
        answers = [await first, await infer(scope, json.dumps(body).encode())]
        before.close()
        return [json.loads(content) for _, content in answers]

    told = asyncio.run(across())
    assert [(one["model_name"], one["model_version"]) for one in told] == [("numbers", "1"), ("others", "2")]
