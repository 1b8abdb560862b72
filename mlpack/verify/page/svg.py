"""The few marks that charts are made of."""

from __future__ import annotations

from collections.abc import Iterable

from mlpack.verify.page.element import Markup, joined
from mlpack.verify.page.text import safe

WIDTH, HEIGHT = 400.0, 230.0


def drawing(key: str, title: str, described: str, parts: Iterable[Markup]) -> Markup:
    """A chart with its name and what it shows in words, for those who do not see it."""
    return Markup(
        f'<svg viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" aria-labelledby="{key}t {key}d">'
        f'<title id="{key}t">{safe(title)}</title><desc id="{key}d">{safe(described, 600)}</desc>{joined(parts)}</svg>'
    )


def lines(kind: str, *ends: tuple[float, float, float, float]) -> Markup:
    """Straight lines of one kind, each from a place to another, as one path."""
    drawn = "".join(f"M{at(x1)} {at(y1)}L{at(x2)} {at(y2)}" for x1, y1, x2, y2 in ends)
    return Markup(f'<path d="{drawn}" class="{kind}"/>') if drawn else Markup()


def text(x: float, y: float, words: str, kind: str = "") -> Markup:
    """Words around a place; of the kind ``end`` or ``start`` before it or after it."""
    named = f' class="{kind}"' if kind else ""
    return Markup(f'<text x="{at(x)}" y="{at(y)}"{named}>{safe(words)}</text>')


def box(x: float, y: float, width: float, height: float, kind: str = "") -> Markup:
    """A rectangle."""
    named = f' class="{kind}"' if kind else ""
    return Markup(f'<rect x="{at(x)}" y="{at(y)}" width="{at(width)}" height="{at(height)}"{named}/>')


def at(place: float) -> str:
    """A coordinate, to a tenth of a pixel."""
    return f"{place:.1f}".removesuffix(".0")
