"""The rows that show the difference best, and what both models answered to them."""

from __future__ import annotations

from mlpack.verify.evidence.kept import Answered, ShownRow
from mlpack.verify.page.element import Markup, folded, joined, section, table, tag
from mlpack.verify.page.text import count, number
from mlpack.verify.report import ParityReport

AT_ONCE = 12
"""Columns shown of the first row before the others are asked for."""


def worst_inputs(report: ParityReport) -> Markup:
    """The worst row open, up to four more on request."""
    rows = report.evidence.rows if report.evidence else ()
    if not rows:
        return Markup()
    if report.verdict == "FAIL":
        lead = "The row that shows the difference best, of every kind of input that failed."
    else:
        lead = "The rows with the largest errors; none is held against the candidate."
    others = [folded(_title(row), _shown(row, AT_ONCE)) for row in rows[1:]]
    first = tag("article", tag("h3", _title(rows[0])), _shown(rows[0], AT_ONCE), class_="card")
    return section("Worst inputs" if len(rows) > 1 else "Worst input", "worst", first, joined(others), lead=lead)


def _title(row: ShownRow) -> str:
    return f"{row.probe}, row {row.row}"


def _shown(row: ShownRow, at_once: int) -> Markup:
    cells = list(row.inputs)
    columns = table("What went in", ("column", "value"), cells[:at_once], figures=(1,))
    if cells[at_once:]:
        left = row.width - len(cells)
        more = f"{count(len(cells) - at_once)} more columns" + (
            f", of {count(left + len(cells) - at_once)}" if left else ""
        )
        columns = joined(
            [columns, folded(more, table("The other columns", ("column", "value"), cells[at_once:], figures=(1,)))]
        )
    return tag("div", tag("div", columns), tag("div", _answers(row)), class_="sides")


def _answers(row: ShownRow) -> Markup:
    if row.refused and not any(answer.candidate is not None for answer in row.answers):
        refused = tag("p", tag("b", "The candidate refuses: "), row.refused, class_="said bad")
        shown = table(
            "What came out", ("output", "reference"), [(one.place, one.reference) for one in row.answers], figures=(1,)
        )
        return joined([refused, shown]) if row.answers else refused
    shown = table(
        "What came out",
        ("output", "reference", "candidate", "error"),
        [_answer(one) for one in row.answers],
        figures=(1, 2, 3),
    )
    hidden = tag("p", f"{count(row.hidden)} more places have errors no larger, or are of other outputs.", class_="said")
    return joined([shown, hidden]) if row.hidden else shown


def _answer(one: Answered) -> tuple[str, str, str, str]:
    given = "no answer" if one.candidate is None else one.candidate
    if one.error is None:
        return one.place, one.reference, given, "same" if given == one.reference else "differs"
    return one.place, one.reference, given, number(one.error)
