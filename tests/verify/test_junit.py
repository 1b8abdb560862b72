from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from mlpack.verify.junit import to_junit
from mlpack.verify.report import OutputReport, ParityReport, Party, ProbeReport

REFERENCE = Party("churn.joblib", "joblib", "sklearn", "ab" * 32, {"scikit-learn": "1.9.0"})
CANDIDATE = Party("churn.onnx", "onnx", "onnx", "cd" * 32, {"onnxruntime": "1.32"})
GOOD = OutputReport("probabilities", "PASS", compared=300, max_abs=1e-7, atol=1e-6, rtol=1e-5)
BAD = OutputReport(
    "probabilities", "FAIL", compared=300, max_abs=0.25, atol=1e-6, rtol=1e-5, rows_beyond=3, worst_row=7,
    message="3 rows are beyond the tolerance"
)  # fmt: skip
JENKINS = Path(__file__).parent / "junit-10.xsd"
"""The schema of Jenkins' xUnit plugin, as it is in the source distribution of pytest, which is tested by it as well."""


def report(*probes: ProbeReport, verdict: Any = "PASS", **parts: Any) -> ParityReport:
    return ParityReport(
        verdict,
        "because",
        REFERENCE,
        CANDIDATE,
        probes=probes,
        tolerance={"probabilities": {"atol": 1e-6, "rtol": 1e-5, "decided_by": "dtype"}},
        seconds=1.25,
        **parts,
    )


def parsed(shown: ParityReport) -> ET.Element:
    root = ET.fromstring(to_junit(json.loads(json.dumps(shown.to_json()))))
    check_schema(root)
    return root


@cache
def schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(JENKINS))


def check_schema(root: ET.Element) -> None:
    """The schema, and what it does not say: counts that agree with what is there, and one outcome of a case at most."""
    schema().assertValid(etree.fromstring(ET.tostring(root)))
    for element in (root, *root.iter("testsuite")):
        assert int(element.attrib["tests"]) == len(list(element.iter("testcase")))
        assert int(element.attrib["failures"]) == len(list(element.iter("failure")))
        assert int(element.attrib["errors"]) == 0
        assert float(element.attrib["time"]) >= 0
    for suite in root.iter("testsuite"):
        assert int(suite.attrib["skipped"]) == len(list(suite.iter("skipped")))
        assert [child.tag for child in suite if child.tag != "testcase"] == ["properties"]
    for found in root.iter("testcase"):
        assert len(found.findall("failure")) + len(found.findall("skipped")) <= 1


def case(root: ET.Element, name: str) -> ET.Element:
    (found,) = [element for element in root.iter("testcase") if element.attrib["name"] == name]
    return found


def test_the_schema_refuses_what_is_not_in_it() -> None:
    with pytest.raises(etree.DocumentInvalid):
        check_schema(ET.fromstring(to_junit(report().to_json()).replace(" errors=", " skipped=", 1)))


def test_a_pass_has_a_case_for_each_output_and_the_verdict() -> None:
    root = parsed(report(ProbeReport("batch of 2", "batch", 2, "PASS", (GOOD,))))
    assert [element.attrib["name"] for element in root.iter("testcase")] == [
        "batch of 2 / probabilities",
        "the candidate answers as the reference does",
    ]
    assert root.attrib["failures"] == "0"


def test_a_failure_says_what_and_by_how_much() -> None:
    root = parsed(report(ProbeReport("NaN", "missing", 30, "FAIL", (GOOD, BAD)), verdict="FAIL"))
    failure = next(root.iter("failure"))
    assert failure.attrib["message"] == "3 rows are beyond the tolerance"
    assert "max_abs: 0.25" in (failure.text or "")
    assert "worst_row: 7" in (failure.text or "")


def test_a_probe_that_fails_without_outputs_is_a_failure() -> None:
    probe = ProbeReport("batch of 5", "batch", 5, "FAIL", message="the candidate raises")
    root = parsed(report(probe, verdict="FAIL"))
    failure = case(root, "batch of 5").find("failure")
    assert failure is not None
    assert failure.attrib == {"message": "the candidate raises", "type": "FAIL"}


@pytest.mark.parametrize("verdict", ["FAIL", "VACUOUS"])
def test_a_verdict_that_is_no_pass_is_a_failure_by_itself(verdict: str) -> None:
    """A worker that died leaves no probe behind."""
    root = parsed(report(verdict=verdict))
    failure = case(root, "the candidate answers as the reference does").find("failure")
    assert failure is not None
    assert failure.attrib == {"message": "because", "type": verdict}


def test_what_was_not_tried_or_not_compared_is_skipped() -> None:
    refused = ProbeReport("infinities", "infinite", 8, "SKIPPED", message="both refuse: ValueError")
    root = parsed(report(refused, not_tried=(("zeros", "the time budget was used up"),)))
    reasons = [element.attrib["message"] for element in root.iter("skipped")]
    assert reasons == ["both refuse: ValueError", "the time budget was used up"]


def test_contract_differences_and_notes_are_remarks() -> None:
    probe = ProbeReport("text", "text", 2, "SKIPPED", note="4 of 9 columns", difference="the reference raises")
    root = parsed(report(probe))
    assert case(root, "text").findtext("system-out") == "4 of 9 columns\ncontract difference: the reference raises"


def test_properties_hold_versions_hashes_and_tolerance() -> None:
    found = {item.attrib["name"]: item.attrib["value"] for item in parsed(report()).iter("property")}
    assert found["reference.sha256"] == "ab" * 32
    assert found["reference.versions.scikit-learn"] == "1.9.0"
    assert found["tolerance.probabilities.decided_by"] == "dtype"
    assert found["verdict"] == "PASS"


def test_where_they_part_is_in_the_verdict() -> None:
    root = parsed(
        report(verdict="FAIL", parting={"stage": "conv2"}, worst_input={"row": 3, "feed": {"x": [float("nan")]}})
    )
    (failure,) = root.iter("failure")
    assert "conv2" in (failure.text or "")


@settings(deadline=None)
@given(st.text(), st.text(), st.text())
def test_any_text_makes_well_formed_xml(name: str, message: str, reason: str) -> None:
    """Inputs hold control characters and lone surrogates, and their names and errors come back in a report."""
    probe = ProbeReport(name, "text", 1, "FAIL", (OutputReport(name, "FAIL", message=message),), note=reason)
    parsed(report(probe, verdict="FAIL", not_tried=((name, reason),)))


@settings(deadline=None)
@given(
    st.lists(
        st.builds(
            ProbeReport,
            name=st.text(max_size=5),
            kind=st.sampled_from(["data", "batch"]),
            rows=st.integers(0, 9),
            verdict=st.sampled_from(["PASS", "FAIL", "SKIPPED"]),
            outputs=st.lists(st.sampled_from([GOOD, BAD]), max_size=3).map(tuple),
        ),
        max_size=6,
    ),
    st.sampled_from(["PASS", "FAIL", "VACUOUS"]),
)
def test_counts_always_agree(probes: list[ProbeReport], verdict: str) -> None:
    root = parsed(report(*probes, verdict=verdict))
    failing = sum(probe.verdict == "FAIL" or any(o.verdict == "FAIL" for o in probe.outputs) for probe in probes)
    assert int(root.attrib["failures"]) >= failing
