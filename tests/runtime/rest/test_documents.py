"""The OpenAPI document and the page that shows it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent.parent
PATHS = {
    "/",
    "/predict",
    "/livez",
    "/readyz",
    "/metrics",
    "/v2",
    "/v2/health/live",
    "/v2/health/ready",
    "/v2/repository/index",
    *(
        path + ending
        for path in ("/v2/models/{model}", "/v2/models/{model}/versions/{version}")
        for ending in ("", "/ready", "/config", "/infer")
    ),
}


@pytest.fixture
def document(flowers) -> dict[str, Any]:
    return flowers.client.get("/openapi.json").json()


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [(path, method, told) for path, methods in document["paths"].items() for method, told in methods.items()]


def test_every_route_is_documented_once(document) -> None:
    assert set(document["paths"]) == PATHS
    names = [told["operationId"] for _, _, told in operations(document)]
    assert len(set(names)) == len(names) == len(PATHS)


def test_the_description_says_what_is_served_and_how_near_it_is_to_its_original(document, flowers) -> None:
    info = document["info"]
    assert (info["title"], info["version"]) == ("flowers", "1")
    for words in ("sklearn", "onnx", "**PASS**", flowers.service.manifest.model_sha256):
        assert words in info["description"]


def test_every_reference_leads_somewhere(document) -> None:
    schemas = document["components"]["schemas"]
    found = set(re.findall(r"#/components/schemas/([^'\"]+)", str(document)))
    assert found == set(schemas)
    assert "HTTPValidationError" not in schemas


def test_errors_have_one_shape(document) -> None:
    for path, _, told in operations(document):
        for status, response in told["responses"].items():
            if status != "200":
                schema = response["content"]["application/json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/Problem"}, path
    statuses = set(document["paths"]["/predict"]["post"]["responses"])
    assert statuses == {"200", "400", "408", "413", "422", "429", "500", "503", "504"}


@pytest.mark.parametrize("name", ["flowers", "numbers", "mixed", "images", "pair", "scalars"])
def test_every_example_is_answered(request, name) -> None:
    running = request.getfixturevalue(name)
    told = operations(running.client.get("/openapi.json").json())
    examples = {
        path: body["example"]
        for path, method, operation in told
        if method == "post"
        for body in [operation.get("requestBody", {}).get("content", {}).get("application/json", {})]
        if "example" in body
    }
    assert len(examples) == 3
    for path, example in examples.items():
        answered = running.client.post(path.format(model=name, version="1"), json=example)
        assert answered.status_code == 200, answered.text


def test_the_address_alone_says_where_the_documentation_is(serve, flowers_bundle, flowers) -> None:
    told = flowers.client.get("/").json()
    assert (told["name"], told["version"], told["docs"], told["predict"]) == ("flowers", "1", "/docs", "/predict")
    for path in (told["docs"], told["openapi"], told["v2"], told["metrics"]):
        assert flowers.client.get(path).status_code == 200
    assert flowers.client.post(told["predict"], json=flowers.example).status_code == 200
    assert flowers.client.get(told["infer"]).status_code == 405
    locked = serve(flowers_bundle, api_key="key")
    assert [locked.client.get(path).status_code for path in ("/", "/docs")] == [401, 401]
    assert locked.client.get("/", headers={"x-api-key": "key"}).json() == told


def test_a_key_is_in_the_document_where_one_is_wanted(serve, flowers_bundle, document) -> None:
    assert "security" not in document
    locked = serve(flowers_bundle, api_key="key")
    secured = locked.client.get("/openapi.json", headers={"x-api-key": "key"}).json()
    assert secured["security"] == [{"bearer": []}, {"key": []}]
    assert set(secured["components"]["securitySchemes"]) == {"bearer", "key"}
    assert "401" in secured["paths"]["/predict"]["post"]["responses"]


def test_the_page_loads_nothing_from_elsewhere(flowers) -> None:
    page = flowers.client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    addresses = re.findall(r'(?:href|src)="([^"]+)"', page.text) + re.findall(r"url: '([^']+)'", page.text)
    assert len(addresses) == 4
    for address in addresses:
        assert address.startswith("./")
        answered = flowers.client.get(f"/{address.removeprefix('./')}")
        assert answered.status_code == 200
        assert len(answered.content) > 1000


def test_fastapi_is_imported_when_somebody_asks_for_what_it_serves(tmp_path) -> None:
    code = "import sys, mlpack.runtime.rest.app; print('fastapi' in sys.modules, 'msgspec' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert ended.stdout.split() == ["False", "True"]
