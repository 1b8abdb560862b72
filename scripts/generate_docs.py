"""Writes what is generated of the docs: tables of README.md, the pages of docs/reference/, the list of decisions.

python scripts/generate_docs.py [--check]
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import advice_rules
from reference import pages

from mlpack.convert.matrix import conversion_matrix
from mlpack.core.errors import INTERRUPTED, MlpackError, error_classes

README = Path(__file__).parent.parent / "README.md"


def exit_codes() -> str:
    """A Markdown table of every exit code, its meaning and its error class."""
    rows = {0: ("done", "")}
    kinds = [kind for kind in error_classes().values() if kind is MlpackError or kind.__base__ is MlpackError]
    for kind in sorted(kinds, key=lambda kind: kind.exit_code):
        meaning = "a bug in mlpack" if kind is MlpackError else summary(kind)
        rows[kind.exit_code] = (meaning, f"`{kind.__name__}`")
    rows[INTERRUPTED] = ("interrupted with Ctrl-C; nothing was written", "")
    lines = [f"| {code} | {meaning} | {name} |" for code, (meaning, name) in rows.items()]
    return "\n".join(["| exit code | meaning | in Python |", "|---:|---|---|", *lines])


def summary(kind: type[MlpackError]) -> str:
    """The first sentence of a class's docstring as a table's cell."""
    text = (kind.__doc__ or "").split("\n")[0].split(". ")[0].rstrip(".").replace("``", "`")
    return text[:1].lower() + text[1:]


def generated(text: str) -> str:
    """``text`` with the parts between markers written anew."""
    for name, content in (("matrix", conversion_matrix().to_markdown().strip()), ("exit-codes", exit_codes())):
        pattern = re.compile(rf"(<!-- {name}:[^\n]*-->\n).*?(<!-- /{name} -->)", re.DOTALL)
        text = pattern.sub(lambda found, content=content: f"{found[1]}{content}\n{found[2]}", text)
    return text


def decisions(folder: Path) -> str:
    """The page that lists the records of decisions."""
    lines = [
        f"- [{path.read_text().splitlines()[0].removeprefix('# ')}]({path.name})"
        for path in sorted(folder.glob("0*.md"))
    ]
    return "\n".join(["# Decisions", "", "Each with what it costs.", "", *lines, ""])


def everything() -> dict[Path, str]:
    """What every file that is generated, or has generated parts, has to hold."""
    docs = README.parent / "docs"
    reference = {docs / "reference" / name: text for name, text in pages(exit_codes()).items()}
    listed = {docs / "decisions" / "index.md": decisions(docs / "decisions")}
    choosing = {advice_rules.PAGE: advice_rules.page(advice_rules.PAGE.read_text())}
    return {README: generated(README.read_text())} | reference | listed | choosing


if __name__ == "__main__":
    stale = {path: text for path, text in everything().items() if not path.is_file() or path.read_text() != text}
    if "--check" in sys.argv:
        sys.exit(f"out of date: {', '.join(path.name for path in stale)}: make docs" if stale else 0)
    for path, text in stale.items():
        path.write_text(text)
