"""The page as a document: nothing in it is markup but its own, nothing is fetched, and it stays small."""

from __future__ import annotations

from datetime import UTC, datetime
from html.parser import HTMLParser

import numpy as np
import pytest
from verify.page.reports import EVIL, PARTIES, hostile, largest, passing, vacuous

from mlpack.verify.page import to_html
from mlpack.verify.report import ParityReport, ProbeReport

VOID = {"meta", "link", "path"}
MADE = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


class Document(HTMLParser):
    """The elements of a page, their nesting checked, with their attributes and texts."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.append(data)

    def named(self, *names: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.tags if tag in names]


def document(report: ParityReport) -> Document:
    return Document(to_html(report, made=MADE))


@pytest.mark.parametrize("report", [hostile, passing, vacuous, largest])
def test_nothing_that_others_wrote_is_markup(report):
    found = document(report())
    allowed = {
        "html", "head", "meta", "link", "title", "style", "body", "main", "header", "div", "h1", "h2", "h3", "p", "span",
        "b", "small", "strong", "code", "bdi", "dl", "dt", "dd", "section", "article", "details", "summary", "table", "caption",
        "thead", "tbody", "tr", "th", "td", "ol", "ul", "li", "svg", "path", "rect", "g", "text", "desc", "footer", "time",
    }  # fmt: skip
    assert {tag for tag, _ in found.tags} <= allowed
    assert not [name for _, attributes in found.tags for name in attributes if name.startswith("on") or name == "style"]
    assert [attributes["href"] for attributes in found.named("link")] == ["data:,"]
    assert not [one for _, attributes in found.tags for one in attributes if one in {"src", "srcset", "action"}]
    page = to_html(report(), made=MADE)
    assert not [character for character in page if character != "\n" and not character.isprintable()]


def test_what_others_wrote_is_there_to_read():
    text = "".join(document(hostile()).texts)
    assert EVIL in text
    assert "abc\\u202egnp.exe\\x1b[31m\\u200b" in text
    assert f"yes {EVIL}" in text
    assert "שלום & <b>" in text


def test_a_failure_shows_the_worst_row_with_both_answers():
    report = hostile()
    page = to_html(report, made=MADE)
    assert report.verdict == "FAIL"
    first = report.evidence.rows[0]
    assert (first.probe, first.row) == (report.worst_input["probe"], report.worst_input["row"])
    assert f"{first.probe}, row {first.row}" in page
    assert first.answers[0].reference != first.answers[0].candidate
    shown = "".join(document(report).texts)
    assert all(value in shown for _, value in first.inputs)


@pytest.mark.parametrize("report", [hostile, passing, vacuous, largest])
def test_charts_have_names_and_tables_have_captions(report):
    found = document(report())
    ids = [attributes["id"] for _, attributes in found.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    drawn = [attributes for attributes in found.named("svg") if attributes.get("role") == "img"]
    assert drawn
    for attributes in drawn:
        named = (attributes.get("aria-labelledby") or "").split()
        assert (named and set(named) <= set(ids)) or attributes["aria-label"]
    assert len(found.named("table")) == len(found.named("caption"))
    assert all(attributes.get("scope") for attributes in found.named("th"))
    assert found.named("html") == [{"lang": "en"}]


def test_it_says_the_verdict_in_words_and_the_four_figures():
    for report in (hostile(), passing(), vacuous()):
        found = document(report)
        assert report.verdict in found.texts
        assert len(found.named("dd")) == 4


def test_it_stays_small_whatever_is_compared():
    report = largest()
    assert len(report.evidence.values) == 56
    assert len(to_html(report).encode()) < 300_000


def test_the_same_report_gives_the_same_page():
    assert to_html(hostile(), made=MADE) == to_html(hostile(), made=MADE)


def test_where_they_part_is_drawn():
    parting = {"message": "they part", "stage": f"conv{EVIL}", "after": None, "nodes": ["/conv/Conv"], "distance": 0.5}
    shown = ParityReport("FAIL", "it differs", *PARTIES, parting=parting)
    text = "".join(document(shown).texts)
    assert f"conv{EVIL}" in text
    assert "/conv/Conv" in text
    assert "off by 0.5 of its scale" in text
    unknown = ParityReport("FAIL", "no", *PARTIES, parting={"message": "it could not be found", "verdict": "unknown"})
    assert "it could not be found" in "".join(document(unknown).texts)


def test_a_report_of_nothing_is_a_page():
    probe = ProbeReport("batch of 5", "batch", 5, "FAIL", message="the candidate refuses")
    for shown in (ParityReport("FAIL", "it died", *PARTIES), ParityReport("FAIL", "no", *PARTIES, probes=(probe,))):
        assert shown.reason in "".join(document(shown).texts)


def test_what_is_not_finite_is_drawn():
    from sklearn.linear_model import LinearRegression
    from verify.page.reports import compare

    rows = np.random.default_rng(0).normal(size=(50, 3))
    model, other = LinearRegression().fit(rows, rows[:, 0]), LinearRegression().fit(rows, rows[:, 0])
    other.coef_ = np.full(3, np.nan)
    report = compare(model, other)
    assert sum(report.evidence.values[0].one_sided) > 0
    assert "the candidate answers no finite number" in "".join(document(report).texts)
