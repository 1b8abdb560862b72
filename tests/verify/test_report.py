"""Reports as files, of a model that passes and of one that is damaged: each of the form that is published."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import joblib
import jsonschema
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from verify.test_junit import check_schema

import mlpack
from mlpack.core.errors import UsageError

SCHEMA = Path(__file__).parents[2] / "docs" / "reference" / "parity-report.schema.json"


def strict(schema: Any) -> Any:
    """The schema that knows no other fields: what is not described in it fails here, and not at a user's."""
    if isinstance(schema, list):
        return [strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: strict(value) for name, value in schema.items()}
    return {**closed, "additionalProperties": False} if "properties" in schema else closed


@pytest.fixture(scope="module")
def models(tmp_path_factory, cancer) -> Path:
    """One model, and one with another weight."""
    folder = tmp_path_factory.mktemp("reports")
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(*cancer)
    joblib.dump(model, folder / "model.joblib")
    model[-1].coef_[0, 3] += 1
    joblib.dump(model, folder / "other.joblib")
    return folder


@pytest.fixture(params=[("model.joblib", "PASS"), ("other.joblib", "FAIL")], ids=["pass", "fail"])
def compared(request, models) -> tuple[Path, Path, str]:
    candidate, verdict = request.param
    return models / "model.joblib", models / candidate, verdict


def test_json_is_as_the_schema_says(compared, tmp_path):
    reference, candidate, verdict = compared
    file = tmp_path / "report.json"
    report = mlpack.verify(reference, candidate, budget=5, bisect=True, report=file)
    document = json.loads(file.read_text())
    assert document == json.loads(json.dumps(report.to_json()))
    assert document["verdict"] == verdict
    schema = json.loads(SCHEMA.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(document, schema)
    jsonschema.validate(document, strict(schema))
    assert (document["parting"] is not None) == (verdict == "FAIL")


def test_junit_is_as_its_schema_says(compared, tmp_path):
    reference, candidate, verdict = compared
    mlpack.verify(reference, candidate, budget=5, report=tmp_path / "report.xml")
    root = ET.parse(tmp_path / "report.xml").getroot()
    check_schema(root)
    assert (int(root.attrib["failures"]) > 0) == (verdict == "FAIL")


def test_the_page_says_the_verdict_and_the_json_nothing_more_for_it(compared, tmp_path):
    reference, candidate, verdict = compared
    file = tmp_path / "report.HTML"
    report = mlpack.verify(reference, candidate, budget=5, report=file)
    page = file.read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert f"<strong>{verdict}</strong>" in page
    assert len(page.encode()) < 300_000
    assert [one.name for one in report.evidence.values if not one.extreme] == ["probabilities"]
    assert report.evidence.values[0].compared == sum(
        output.compared
        for probe in report.probes
        for output in probe.outputs
        if probe.kind != "extreme" and output.name == "probabilities"
    )
    assert "evidence" not in report.to_json()


def test_another_ending_is_refused_before_any_work(models, tmp_path):
    with pytest.raises(UsageError, match="no ending of a report") as caught:
        mlpack.verify(models / "model.joblib", models / "other.joblib", report=tmp_path / "report.pdf")
    assert "FILE.html" in caught.value.hint
    assert list(tmp_path.iterdir()) == []
