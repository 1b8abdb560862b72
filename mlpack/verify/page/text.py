"""Text that others wrote, made safe to show: in HTML, and to the eye."""

from __future__ import annotations

import html
import math
import unicodedata

LONGEST = 240
"""Characters of one text that are shown."""
STACKED = 3
"""Marks that may stand on one letter."""
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Categories of characters that show nothing, or turn the text around them: controls, marks of direction, lone surrogates."""

_TURNING = frozenset({"R", "AL", "AN"})
"""Classes of characters that run from right to left."""


def safe(text: object, most: int = LONGEST) -> str:
    """``text`` for HTML and SVG: markup escaped, and what no eye would see, or be misled by, written as an escape."""
    return html.escape(plain(text, most), quote=True)


def plain(text: object, most: int = LONGEST) -> str:
    """The same before it is escaped for HTML."""
    whole = str(text)
    cut = whole if len(whole) <= most else whole[: most - 1]
    shown, marks = [], 0
    for character in cut:
        category = unicodedata.category(character)
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        odd = category in _UNSEEN or (category == "Zs" and character != " ") or marks > STACKED
        shown.append(_escaped(character) if odd else character)
    return "".join(shown) + ("…" if len(cut) < len(whole) else "")


def isolated(text: object, most: int = LONGEST) -> str:
    """`safe` text that cannot reorder what stands around it, whatever script it is in."""
    shown = plain(text, most)
    turns = any(unicodedata.bidirectional(character) in _TURNING for character in shown)
    return f"<bdi>{html.escape(shown)}</bdi>" if turns else html.escape(shown)


def number(value: object) -> str:
    """An error or a tolerance in two digits; what is not finite by name. JSON has those as strings already."""
    if not isinstance(value, int | float):
        return plain(value, 24)
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    return f"{value:.2g}".replace("-", "−") if value else "0"


def count(value: int) -> str:
    """A whole number with thousands apart."""
    return f"{value:,}"


def percent(share: float) -> str:
    """A share that says 100 % only where it is all, and 0 % only where it is nothing."""
    if share in {0.0, 1.0}:
        return f"{share:.0%}"
    return f"{min(max(share, 0.0001), 0.9999):.2%}"


def _escaped(character: str) -> str:
    named = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
    code = ord(character)
    return named.get(character) or (
        f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"
    )
