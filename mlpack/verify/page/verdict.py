"""The top of the page: the verdict, four figures, and the layer where the models part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mlpack.verify.page.element import Markup, joined, section, tag
from mlpack.verify.page.text import count, isolated, number, percent
from mlpack.verify.report import ParityReport, Verdict

_SAID: dict[Verdict, str] = {
    "PASS": "The candidate answers as the reference does",
    "FAIL": "The candidate does not answer as the reference does",
    "VACUOUS": "Nothing is proven either way",
}
_MARKS: dict[Verdict, str] = {"PASS": "M5 13l5 5L20 7", "FAIL": "M6 6l12 12M18 6L6 18", "VACUOUS": "M12 5v9M12 18.5v.5"}
_TONES: dict[Verdict, str] = {"PASS": "good", "FAIL": "bad", "VACUOUS": "warn"}


def verdict(report: ParityReport) -> Markup:
    """The verdict in one word and one sentence, with the reason for it and who was compared."""
    mark = Markup(
        f'<svg viewBox="0 0 24 24" aria-hidden="true" class="mark"><path d="{_MARKS[report.verdict]}"/></svg>'
    )
    parties = tag(
        "p",
        tag("span", tag("b", "reference"), Markup(" "), tag("code", report.reference.path)),
        Markup(' <span aria-hidden="true">→</span> '),
        tag("span", tag("b", "candidate"), Markup(" "), tag("code", report.candidate.path)),
        class_="parties",
    )
    words = tag(
        "div", tag("h1", tag("strong", report.verdict), Markup(" "), _SAID[report.verdict]), _reason(report), parties
    )
    return tag("header", mark, words, class_=f"verdict {_TONES[report.verdict]}")


def _reason(report: ParityReport) -> Markup:
    return tag("p", Markup(isolated(report.reason, 600)), class_="reason")


def figures(report: ParityReport) -> Markup:
    """Rows, the worst error, what is equal, and how many kinds of input were passed."""
    return tag(
        "dl",
        joined(tag("div", tag("dt", name), tag("dd", value, note)) for name, value, note in _figures(report)),
        class_="figures",
    )


def _figures(report: ParityReport) -> Iterator[tuple[str, str, Markup]]:
    compared = [probe for probe in report.probes if probe.outputs]
    yield "rows compared", count(report.rows), _note(f"{count(len(compared))} kinds of input")
    widest = max((float(value["atol"]) for value in report.tolerance.values()), default=None)
    allowed = (
        f"allowed: {number(widest)} and in proportion" if widest is not None else "nothing but the same is allowed"
    )
    yield "worst error", number(report.max_abs) if compared else "—", _note(allowed)
    yield _equal(report)
    failed = sum(probe.verdict == "FAIL" for probe in report.probes)
    skipped = sum(probe.verdict == "SKIPPED" for probe in report.probes)
    tried = len(report.probes) - skipped
    said = f"{count(failed)} failed" if failed else "none failed"
    yield "inputs passed", f"{count(tried - failed)} of {count(tried)}", _note(f"{said}, in {report.seconds:.1f} s")


def _equal(report: ParityReport) -> tuple[str, str, Markup]:
    labels = [one for one in report.evidence.labels if not one.extreme and one.rows] if report.evidence else []
    if labels:
        fewest = min(labels, key=lambda one: one.equal / one.rows)
        return "labels equal", percent(fewest.equal / fewest.rows), _note(f"of {count(fewest.rows)} rows")
    pictures = [one for one in report.evidence.values if not one.extreme] if report.evidence else []
    compared = sum(one.compared for one in pictures)
    if not compared:
        return "answers equal", "—", _note("none were compared")
    return (
        "exactly equal",
        percent(sum(one.exact for one in pictures) / compared),
        _note(f"of {count(compared)} answers, to the last bit"),
    )


def _note(text: str) -> Markup:
    return tag("small", text)


def parting(report: ParityReport) -> Markup:
    """The last layer that agrees, the first that does not, and the candidate's nodes there; nothing where nobody looked."""
    if not report.parting:
        return Markup()
    found = report.parting
    steps = tag("ol", joined(_steps(found)), class_="steps") if found.get("stage") else Markup()
    said = "" if steps else str(found.get("message", ""))
    known = [_list("Computed in one with others, and not seen apart", found.get("not_visible"))]
    known.append(_list("Right, in another order", found.get("reordered")))
    return section("Where they part", "parting", steps, *known, lead=said)


def _steps(found: Mapping[str, Any]) -> Iterator[Markup]:
    agreed = (
        f"{count(int(found.get('reproduced') or 0))} of {count(int(found.get('stages') or 0))} layers are reproduced"
    )
    yield tag(
        "li",
        tag("small", "last that agrees"),
        tag("code", found.get("after") or "the inputs"),
        tag("small", agreed),
        class_="good",
    )
    distance = found.get("distance")
    off = "nothing of its size is in the candidate" if distance is None else f"off by {number(distance)} of its scale"
    yield tag(
        "li", tag("small", "first that differs"), tag("code", str(found["stage"])), tag("small", off), class_="bad"
    )
    nodes = [tag("code", str(node)) for node in found.get("nodes") or ()]
    if nodes:
        yield tag("li", tag("small", "there in the candidate"), joined(nodes), class_="dim")


def _list(title: str, names: Any) -> Markup:
    shown = [tag("code", str(name)) for name in list(names or ())[:40]]
    return tag("p", tag("small", f"{title}: "), Markup(" ".join(shown)), class_="names") if shown else Markup()
