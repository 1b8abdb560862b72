"""What the verdict rests on: every kind of input, the tolerance, what was left out, and where it ran."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from typing import Any

from mlpack.verify.page.element import Markup, chip, folded, joined, section, table, tag
from mlpack.verify.page.text import count, isolated, number, percent
from mlpack.verify.report import OutputReport, ParityReport, Party, ProbeReport

PROBES, OUTPUTS, LISTED = 80, 80, 60
"""Rows of the tables of inputs, of outputs on inputs, and of others; a JSON report has them all."""


def what_was_tried(report: ParityReport) -> Markup:
    """A row for each kind of input, and on request for each output on it."""
    if not report.probes and not report.not_tried:
        return Markup()
    probes = report.probes[:PROBES]
    whole = table(
        "Inputs, cheap and telling ones first",
        ("inputs", "rows", "verdict", "max error", "p99", "ULPs", "labels"),
        [_probe(probe) for probe in probes],
        figures=(1, 3, 4, 5, 6),
    )
    parts = [whole, _more(len(report.probes), PROBES), _by_output(report), _not_tried(report)]
    return section("What was tried", "tried", *parts)


def _probe(probe: ProbeReport) -> tuple[str, ...]:
    said = [text for text in (probe.message, probe.difference, probe.note) if text]
    notes = joined(tag("small", Markup(isolated(text, 400))) for text in said)
    name = tag("span", probe.name, notes, class_="stack")
    numbers = [output for output in probe.outputs if output.label_agreement is None]
    labels = [output.label_agreement for output in probe.outputs if output.label_agreement is not None]
    return (
        name,
        count(probe.rows),
        chip(probe.verdict),
        number(max(output.max_abs for output in numbers)) if numbers else "",
        number(max(output.p99_abs for output in numbers)) if numbers else "",
        f"{max(output.max_ulp for output in numbers):.3g}" if numbers else "",
        percent(min(labels)) if labels else "",
    )


def _by_output(report: ParityReport) -> Markup:
    pairs = [(probe, output) for probe in report.probes for output in probe.outputs]
    if len(pairs) <= len(report.probes):
        return Markup()
    pairs.sort(key=lambda pair: (pair[1].verdict != "FAIL", -pair[1].max_abs))
    shown = table(
        "Outputs on inputs, the worst first",
        ("output", "inputs", "verdict", "max error", "mean", "max relative", "rows beyond", "near ties"),
        [_output(probe, output) for probe, output in pairs[:OUTPUTS]],
        figures=(3, 4, 5, 6, 7),
    )
    return folded("Every output on every input", shown, _more(len(pairs), OUTPUTS))


def _output(probe: ProbeReport, output: OutputReport) -> tuple[str, ...]:
    is_label = output.label_agreement is not None
    figures = ("", "", "") if is_label else (number(output.max_abs), number(output.mean_abs), number(output.max_rel))
    return (
        tag("code", output.name),
        probe.name,
        chip(output.verdict),
        *figures,
        count(output.rows_beyond),
        count(output.near_ties) if is_label else "",
    )


def _not_tried(report: ParityReport) -> Markup:
    if not report.not_tried:
        return Markup()
    return folded(
        f"{count(len(report.not_tried))} not tried",
        table("Not tried", ("inputs", "why"), report.not_tried[:LISTED], seen=False),
    )


def why_allowed(report: ParityReport) -> Markup:
    """The tolerance of each output, and what decided it."""
    if not report.tolerance:
        return Markup()
    rows = [_tolerance(name, value) for name, value in list(report.tolerance.items())[:LISTED]]
    heads = ("output", "absolute", "relative", "decided by", "scale", "the terms")
    return section(
        "Tolerance",
        "tolerance",
        table("What each output may be off by", heads, rows, figures=(1, 2, 4)),
        _more(len(report.tolerance), LISTED),
        lead="An answer may be off by the absolute tolerance, and by the relative one times what the reference says. "
        "Rows of larger inputs or answers get room in proportion.",
    )


def _tolerance(name: str, value: Mapping[str, Any]) -> tuple[str, ...]:
    absolute = number(value["atol"])
    if "smallest_atol" in value:
        absolute = f"{number(value['smallest_atol'])} to {absolute}, by column"
    terms = ", ".join(f"{source} {number(term)}" for source, term in (value.get("terms") or {}).items())
    return (
        tag("code", name),
        absolute,
        number(value["rtol"]),
        str(value["decided_by"]),
        number(value.get("scale", 0.0)),
        terms,
    )


def what_was_left(report: ParityReport) -> Markup:
    """Where the two keep different contracts, and rows that nobody was asked."""
    grouped: dict[str, list[str]] = {}
    for item in report.differences:
        grouped.setdefault(item["message"], []).append(item["probe"])
    notes = [
        tag("li", Markup(isolated(message, 400)), tag("small", f"on {', '.join(probes[:8])}"))
        for message, probes in list(grouped.items())[:LISTED]
    ]
    parts = [tag("ul", joined(notes), class_="notes")] if notes else []
    if report.left_out:
        parts.insert(0, tag("p", Markup(isolated(report.left_out, 600)), class_="notice"))
    if not parts:
        return Markup()
    return section("Differences that are not held against it", "differences", *parts)


def environment(report: ParityReport) -> Markup:
    """Both models, and the versions of what answered for them."""
    from mlpack import __version__

    machine = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}, mlpack {__version__}"
    whole = table(
        "Who was compared",
        ("", "reference", "candidate"),
        list(_parties(report.reference, report.candidate)),
        seen=False,
    )
    return section("Environment", "environment", whole, lead=machine)


def _parties(first: Party, second: Party) -> Iterator[tuple[str, ...]]:
    for name in ("path", "format", "framework", "sha256"):
        sides = [str(getattr(party, name)) for party in (first, second)]
        yield "SHA-256" if name == "sha256" else name, *(tag("code", side) if side else "" for side in sides)
    for name in sorted({*first.versions, *second.versions})[:LISTED]:
        yield name, first.versions.get(name, ""), second.versions.get(name, "")


def protection(report: ParityReport) -> Markup:
    """What held the processes that opened the models."""
    sandbox = report.sandbox
    gaps = [(gap.what, gap.why, gap.remedy) for gap in sandbox.missing]
    missing = table("What is missing of it", ("what", "why", "remedy"), gaps) if gaps else Markup()
    kind = "notice" if sandbox.state in {"none", "partial"} else "said"
    return section("Sandbox", "sandbox", tag("p", sandbox.sentence, class_=kind), missing)


def _more(there: int, shown: int) -> Markup:
    return (
        tag("p", f"{count(there - shown)} more are in the JSON report.", class_="said") if there > shown else Markup()
    )
