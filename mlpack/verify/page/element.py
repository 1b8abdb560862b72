"""The few pieces of HTML that every section is made of. What comes in as text is escaped here; `Markup` is not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mlpack.verify.page.text import isolated, safe


class Markup(str):
    """HTML that is finished."""

    __slots__ = ()


def joined(parts: Iterable[str]) -> Markup:
    """Pieces of HTML, one after the other."""
    return Markup("".join(_cell(part) for part in parts))


def tag(name: str, *parts: str, **attributes: str) -> Markup:
    """An element. ``class_`` is its class; the values of attributes are escaped."""
    written = "".join(f' {key.rstrip("_").replace("_", "-")}="{safe(value)}"' for key, value in attributes.items())
    return Markup(f"<{name}{written}>{joined(parts)}</{name}>")


def section(title: str, anchor: str, *parts: str, lead: str = "") -> Markup:
    """A part of the page under a heading of its own."""
    said = tag("p", lead, class_="lead") if lead else Markup()
    heading = tag("h2", title, id=anchor)
    return tag("section", heading, said, *parts, aria_labelledby=anchor)


def folded(title: str, *parts: str, is_open: bool = False) -> Markup:
    """A part that is shown on request, and where the page is printed."""
    summary = tag("summary", title)
    return Markup(f"<details{' open' if is_open else ''}>{summary}{joined(parts)}</details>")


def table(
    caption: str, heads: Sequence[str], rows: Iterable[Sequence[str]], *, figures: Sequence[int] = (), seen: bool = True
) -> Markup:
    """A table that scrolls by itself where it is too wide. The first cell of a row is its head.

    ``figures`` are the columns of numbers; a caption that is not ``seen`` is there for those who hear the page.
    """
    head = joined(
        tag("th", text, scope="col", class_="n") if place in figures else tag("th", text, scope="col")
        for place, text in enumerate(heads)
    )
    body = joined(_row(row, figures) for row in rows)
    whole = tag(
        "table",
        tag("caption", caption) if seen else tag("caption", caption, class_="unseen"),
        tag("thead", tag("tr", head)),
        tag("tbody", body),
    )
    return tag("div", whole, class_="scroll", role="region", aria_label=caption, tabindex="0")


def chip(verdict: str) -> Markup:
    """A verdict in its colour; the word says it as well."""
    tone = {"PASS": "good", "FAIL": "bad", "VACUOUS": "warn", "DIFFERS": "warn"}.get(verdict, "dim")
    return tag("span", verdict, class_=f"chip {tone}")


def _row(row: Sequence[str], figures: Sequence[int]) -> Markup:
    cells = []
    for place, text in enumerate(row):
        attributes = {"class_": "n"} if place in figures else {}
        cells.append(tag("td", text, **attributes) if place else tag("th", text, scope="row", **attributes))
    return tag("tr", *cells)


def _cell(part: str) -> str:
    return part if isinstance(part, Markup) else isolated(part) if part else ""
