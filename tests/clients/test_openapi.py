"""Schemathesis reads the service's own OpenAPI document, and sends what it allows and what it forbids."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from clients.served import Served

PROGRAM = Path(sys.executable).with_name("schemathesis")
CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance", "negative_data_rejection", "unsupported_method",
)  # fmt: skip
OPTIONS = (
    "--mode=all", "--phases=examples,coverage,fuzzing", "--seed=1", "--continue-on-failure", "--no-shrink", "--no-color",
    "--generation-database=none", "--warnings=off",
)  # fmt: skip


def explored(service: Served, folder: Path, *options: str) -> int:
    """The number of operations that were tried, and found to be as they are described."""
    command = [str(PROGRAM), "run", f"{service.url}/openapi.json", *OPTIONS, *options]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, timeout=300)
    assert ended.returncode == 0, ended.stdout[-8000:]
    tested = re.search(r"Tested: (\d+)", ended.stdout)
    assert tested, ended.stdout
    assert service.ask("/readyz")[0] == 200
    return int(tested[1])


def test_every_answer_is_one_that_the_document_names(numbers_served, tmp_path) -> None:
    assert explored(numbers_served, tmp_path, "--checks", ",".join(CHECKS), "--max-examples=20") >= 12


def test_predict_takes_all_that_the_document_allows_and_nothing_else(pair, tmp_path) -> None:
    checks = ",".join((*CHECKS, "positive_data_acceptance"))
    assert explored(pair[1], tmp_path, "--checks", checks, "--max-examples=50", "--include-path=/predict") == 1


def test_the_example_of_the_document_is_answered(pair) -> None:
    _, service = pair
    status, document = service.ask("/openapi.json")
    assert status == 200
    body = document["paths"]["/predict"]["post"]["requestBody"]["content"]["application/json"]
    example = body["example"] if "example" in body else next(iter(body["examples"].values()))["value"]
    status, told = service.ask("/predict", example)
    assert status == 200
    assert len(told["predictions"]) == len(example["instances"])
