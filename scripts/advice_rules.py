"""The rules of `mlpack advise` as the table in docs/choosing.md.

python scripts/advice_rules.py [--check]
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from mlpack.advise.rule import Rule
from mlpack.advise.rules import RULES

PAGE = Path(__file__).parent.parent / "docs" / "choosing.md"
_MARKED = re.compile(r"(<!-- rules:[^\n]*-->\n).*?(<!-- /rules -->)", re.DOTALL)
_WORD = re.compile(r"\{(\w+)[^}]*\}")


def table() -> str:
    """A row for each rule, in the order of precedence."""
    return "\n".join(["| topic | advice | rule | because |", "|---|---|---|---|", *map(_row, RULES)])


def page(text: str) -> str:
    """``text`` of the page with the table written anew."""
    return _MARKED.sub(lambda found: f"{found[1]}{table()}\n{found[2]}", text)


def _row(rule: Rule) -> str:
    because = _WORD.sub(r"*\1*", rule.why)
    source = f" [source]({rule.source})" if rule.source.startswith("https://") else ""
    advice = {"0": "none", "1": "one"}.get(rule.choice, rule.choice) if rule.topic == "spare" else rule.choice
    return f"| {rule.topic} | {advice} | `{rule.name}` | {because}{source} |"


if __name__ == "__main__":
    written = page(PAGE.read_text())
    if "--check" in sys.argv:
        sys.exit(None if written == PAGE.read_text() else "docs/choosing.md is out of date: make docs")
    PAGE.write_text(written)
