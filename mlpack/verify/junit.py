"""A parity report as JUnit XML, which CI servers draw as a list of tests.

One test case for each probe and output, one for each probe that was not tried, and a last one for the verdict. The schema
is the one that Jenkins, GitLab and Maven Surefire share.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree import ElementTree as ET

SUITE = "mlpack.verify"
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_FIGURES = (
    "compared",
    "max_abs",
    "mean_abs",
    "p99_abs",
    "max_rel",
    "max_ulp",
    "atol",
    "rtol",
    "rows_beyond",
    "worst_row",
    "label_agreement",
    "near_ties",
    "conversion_abs",
    "cast_abs",
    "cast_rows",
)


_KEPT = frozenset({"PASS", "DIFFERS"})
"""Verdicts that fail nothing."""


def to_junit(report_json: Mapping[str, Any]) -> str:
    """The XML document of a report's `to_json`. FAIL and VACUOUS are failures; what was not compared is skipped."""
    seconds = f"{float(report_json.get('seconds') or 0.0):.3f}"
    cases = [*_cases(report_json), _verdict_case(report_json, seconds)]
    counts = {
        "tests": str(len(cases)),
        "failures": str(sum(case.find("failure") is not None for case in cases)),
        "errors": "0",
        "skipped": str(sum(case.find("skipped") is not None for case in cases)),
        "time": seconds,
    }
    whole = {name: count for name, count in counts.items() if name != "skipped"}  # the schema has none here
    root = ET.Element("testsuites", {"name": SUITE, **whole})
    suite = ET.SubElement(root, "testsuite", {"name": SUITE, **counts})
    properties = ET.SubElement(suite, "properties")
    for name, value in _properties(report_json):
        ET.SubElement(properties, "property", {"name": _clean(name), "value": _clean(value)})
    suite.extend(cases)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _cases(report: Mapping[str, Any]) -> Iterator[ET.Element]:
    differences: dict[str, str] = {item["probe"]: item["message"] for item in report.get("differences", [])}
    for probe in report.get("probes", []):
        yield from _probe_cases(probe, differences.get(probe["name"], ""))
    if report.get("left_out"):
        case = _case("data", "rows with text missing")
        ET.SubElement(case, "skipped", {"message": _clean(report["left_out"]["reason"])})
        yield case
    for item in report.get("not_tried", []):
        case = _case("not tried", item["name"])
        ET.SubElement(case, "skipped", {"message": _clean(item["reason"])})
        yield case


def _probe_cases(probe: Mapping[str, Any], difference: str) -> Iterator[ET.Element]:
    """A case for each output. A probe that neither side or only one answered has none, and is a case of its own."""
    outputs = probe.get("outputs") or []
    for output in outputs:
        case = _case(probe["kind"], f"{probe['name']} / {output['name']}")
        _outcome(case, output["verdict"], output.get("message", ""), _figures(probe, output))
        _remark(case, probe, difference)
        yield case
    failed_alone = probe["verdict"] not in _KEPT and all(output["verdict"] == "PASS" for output in outputs)
    if not outputs or failed_alone:
        case = _case(probe["kind"], probe["name"])
        message = probe.get("message") or difference or ("" if probe["verdict"] in _KEPT else "not compared")
        _outcome(case, probe["verdict"], message, f"rows: {probe.get('rows', 0)}")
        _remark(case, probe, difference)
        yield case


def _verdict_case(report: Mapping[str, Any], seconds: str) -> ET.Element:
    case = _case("verdict", "the candidate answers as the reference does")
    case.set("time", seconds)
    details = {key: report[key] for key in ("worst_input", "parting") if report.get(key)}
    _outcome(case, report["verdict"], report.get("reason", ""), json.dumps(details, indent=2) if details else "")
    return case


def _case(kind: str, name: str) -> ET.Element:
    # Probes are not timed one by one; the attribute is required by some readers.
    return ET.Element("testcase", {"classname": _clean(f"{SUITE}.{kind}"), "name": _clean(name), "time": "0"})


def _outcome(case: ET.Element, verdict: str, message: str, details: str) -> None:
    if verdict in _KEPT:
        return
    if verdict == "SKIPPED":
        ET.SubElement(case, "skipped", {"message": _clean(message)})
        return
    failure = ET.SubElement(case, "failure", {"message": _clean(message or verdict), "type": _clean(verdict)})
    failure.text = _clean(details)


def _remark(case: ET.Element, probe: Mapping[str, Any], difference: str) -> None:
    lines = [probe.get("note", ""), f"contract difference: {difference}" if difference else ""]
    text = "\n".join(line for line in lines if line)
    if text:
        ET.SubElement(case, "system-out").text = _clean(text)


def _figures(probe: Mapping[str, Any], output: Mapping[str, Any]) -> str:
    lines = [f"rows: {probe.get('rows', 0)}"]
    lines += [f"{name}: {output[name]}" for name in _FIGURES if output.get(name) is not None]
    return "\n".join(lines)


def _properties(report: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "verdict", report["verdict"]
    for side in ("reference", "candidate"):
        yield from _flat(side, report.get(side) or {})
    yield from _flat("tolerance", report.get("tolerance") or {})


def _flat(prefix: str, value: Any) -> Iterator[tuple[str, str]]:
    """Nested mappings as dotted names."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _flat(f"{prefix}.{key}", item)
    elif value is not None and value != "":
        yield prefix, value if isinstance(value, str) else json.dumps(value)


def _clean(text: Any) -> str:
    """Text without the characters that XML 1.0 has no way to write."""
    return _NOT_XML.sub("\ufffd", str(text))
