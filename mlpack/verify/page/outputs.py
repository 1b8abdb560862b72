"""The errors of every output as pictures, the worst outputs first."""

from __future__ import annotations

from collections.abc import Sequence

from mlpack.verify.evidence.kept import Evidence, LabelPicture, ValuePicture
from mlpack.verify.page.element import Markup, chip, folded, joined, section, table, tag
from mlpack.verify.page.histogram import histogram, legend, tolerance_of
from mlpack.verify.page.scatter import scatter
from mlpack.verify.page.text import count, percent
from mlpack.verify.report import ParityReport

DOTS = 5_000
"""Dots of all scatter plots together: what keeps the page small."""
MOST_DOTS = 1_500
FIRST = 6
"""Outputs that are shown at once, their columns with names; the others on request."""
SCATTERED = 24
"""Outputs that have a scatter plot."""
LEAD = (
    "How far the candidate's answers are from the reference's, over all inputs but the extreme ones. "
    "Columns and their heights go by decades, so that one answer in a million is seen."
)


def errors_by_output(report: ParityReport) -> Markup:
    """A histogram and a scatter plot for each output of numbers, a bar for each of labels; extreme inputs apart."""
    evidence = report.evidence
    if evidence is None or not (evidence.values or evidence.labels):
        return Markup()
    scattered = sum(
        place < SCATTERED for extreme in (False, True) for place in range(len(_values(evidence, extreme=extreme)))
    )
    share = min(MOST_DOTS, DOTS // max(scattered, 1))
    usual, extreme = _cards(evidence, share, extreme=False), _cards(evidence, share, extreme=True)
    key = legend(list(evidence.values)) if evidence.values else Markup()
    parts = [key, _grid(usual[:FIRST])]
    if usual[FIRST:]:
        parts.append(folded(f"{count(len(usual) - FIRST)} more outputs", _grid(usual[FIRST:])))
    if extreme:
        parts.append(folded("On extreme inputs, whose scale is another", _grid(extreme)))
    return section("Errors by output", "errors", *parts, lead=LEAD)


def _grid(cards: Sequence[Markup]) -> Markup:
    wide = " few" if len(cards) <= 2 else ""
    return tag("div", joined(cards), class_=f"outputs{wide}")


def _cards(evidence: Evidence, dots: int, *, extreme: bool) -> list[Markup]:
    """In the order in which outputs went wrong, numbers before labels."""
    letter = "x" if extreme else "u"
    labels = [one for one in evidence.labels if one.extreme is extreme and one.rows]
    return [
        *(
            _of_values(one, f"{letter}{place}", dots if place < SCATTERED else 0, named=place < FIRST and not extreme)
            for place, one in enumerate(_values(evidence, extreme=extreme))
        ),
        *(_of_labels(one) for one in labels),
    ]


def _values(evidence: Evidence, *, extreme: bool) -> list[ValuePicture]:
    return [one for one in evidence.values if one.extreme is extreme and (one.compared or one.undefined)]


def _of_values(picture: ValuePicture, key: str, dots: int, *, named: bool) -> Markup:
    exact = f"{count(picture.exact)} of them equal to the last bit"
    said = f"{count(picture.compared)} answers, {exact}; tolerance {tolerance_of(picture)}."
    if picture.beyond:
        said += f" {count(picture.beyond)} are beyond it."
    if sum(picture.one_sided):
        said += f" To {count(sum(picture.one_sided))} the candidate answers no finite number."
    if picture.undefined:
        said += f" {count(picture.undefined)} more have no answer to hold on to."
    charts = tag("div", histogram(picture, key, named=named), scatter(picture, key, dots), class_="charts")
    return _card(picture.name, picture.beyond, charts, tag("p", said, class_="said"))


def _of_labels(picture: LabelPicture) -> Markup:
    share = percent(picture.equal / picture.rows)
    said = f"{share} of {count(picture.rows)} rows have the same answer."
    if picture.excused:
        said += f" Not held against it, as near ties, moved by the cast alone, or undefined: {count(picture.excused)}."
    parts = [_bar(picture), tag("p", said, class_="said")]
    if picture.pairs:
        rows = [(theirs, ours, count(many)) for theirs, ours, many in picture.pairs]
        parts.append(table("Most frequent disagreements", ("reference", "candidate", "answers"), rows, figures=(2,)))
    return _card(picture.name, picture.held, *parts)


def _bar(picture: LabelPicture) -> Markup:
    """How many are equal, excused and held, side by side; what is there is at least a sliver."""
    parts = [
        (picture.equal, "good", "equal"),
        (picture.excused, "excused", "excused"),
        (picture.held, "beyond", "different"),
    ]
    there = [
        (max(total / picture.rows, 0.006), kind, f"{name}: {count(total)}") for total, kind, name in parts if total
    ]
    scale, at, drawn = 1000 / sum(width for width, _, _ in there), 0.0, []
    for width, kind, name in there:
        drawn.append(
            f'<rect x="{at:.1f}" y="0" width="{width * scale:.1f}" height="20" class="{kind}"><title>{name}</title></rect>'
        )
        at += width * scale
    words = ", ".join(name for _, _, name in there)
    return Markup(
        f'<svg viewBox="0 0 1000 20" preserveAspectRatio="none" class="bar" role="img" aria-label="Rows {words}">'
        f"{''.join(drawn)}</svg>"
    )


def _card(name: str, held: int, *parts: str) -> Markup:
    head = tag("h3", tag("code", name), Markup(" "), chip("FAIL" if held else "PASS"))
    return tag("article", head, *parts, class_="card")
