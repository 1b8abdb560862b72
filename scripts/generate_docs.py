"""Writes the generated parts of README.md: the matrix of conversions and the table of exit codes.

python scripts/generate_docs.py [--check]
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

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


if __name__ == "__main__":
    before = README.read_text()
    after = generated(before)
    if "--check" in sys.argv:
        sys.exit(0 if before == after else "README.md is out of date: make docs")
    README.write_text(after)
