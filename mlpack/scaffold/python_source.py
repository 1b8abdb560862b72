"""Text of Python source that a formatter leaves as it is, whatever strings come into it.

What does not fit on a line stands with one part a line and a comma after the last: formatters keep that.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from mlpack.runtime.signature import Scalar

WIDTH = 120
_INDENT = "    "


def literal(value: Scalar | None) -> str:
    """``value`` as Python writes it; a string in double quotes unless single ones save escapes."""
    return _string(value) if isinstance(value, str) else repr(value).replace("e+", "e")


def bracketed(head: str, parts: Sequence[str], tail: str, *, room: int = WIDTH) -> str:
    """``head``, ``parts`` with commas between, ``tail``: on one line of ``room`` columns, or else a part a line."""
    line = f"{head}{', '.join(parts)}{tail}"
    if not parts or (columns(line) <= room and "\n" not in line):
        return line
    return f"{head}\n{''.join(textwrap.indent(part, _INDENT) + ',' + chr(10) for part in parts)}{tail}"


def columns(text: str) -> int:
    """The width of ``text``, at most: a character beyond ASCII may take two columns."""
    return len(text) + sum(not character.isascii() for character in text)


def indented(lines: Iterable[str]) -> str:
    """``lines`` one level deeper."""
    return textwrap.indent("\n".join(lines), _INDENT)


def _string(text: str) -> str:
    quote = "'" if text.count('"') > text.count("'") else '"'
    return f"{quote}{''.join(_escaped(character, quote) for character in text)}{quote}"


def _escaped(character: str, quote: str) -> str:
    if character == quote:
        return "\\" + character
    return character if character in "'\"" else repr(character)[1:-1]
