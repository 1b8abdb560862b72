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


def line(x1: float, y1: float, x2: float, y2: float, kind: str) -> Markup:
    """A straight line."""
    return Markup(f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" class="{kind}"/>')


def text(x: float, y: float, words: str, anchor: str, kind: str = "") -> Markup:
    """Words at a place: their start, middle or end there."""
    named = f' class="{kind}"' if kind else ""
    return Markup(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{named}>{safe(words)}</text>')
