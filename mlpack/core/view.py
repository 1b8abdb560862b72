"""How a result shows itself: a few plain blocks that the terminal and a notebook draw each in its own way."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

Tone = Literal["plain", "good", "bad", "warn", "dim"]


@dataclass(frozen=True)
class Cell:
    """A text with a tone."""

    text: str
    tone: Tone = "plain"


@dataclass(frozen=True)
class Line:
    """One line of text."""

    text: str
    tone: Tone = "plain"


@dataclass(frozen=True)
class Facts:
    """Names and values, one pair a line."""

    pairs: Sequence[tuple[str, str | Cell]]
    title: str = ""


@dataclass(frozen=True)
class Table:
    """Rows under column heads. ``wide`` columns may be folded to fit."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str | Cell]]


Block = Line | Facts | Table


class Result(Protocol):
    """What a command returns: a value with a verdict, a JSON form and a view."""

    command: ClassVar[str]

    @property
    def exit_code(self) -> int:
        """0 when the command did what was asked."""
        ...

    def to_json(self) -> dict[str, Any]:
        """The ``data`` of the ``--json`` document."""
        ...

    def view(self) -> Sequence[Block]:
        """What to show of it, the most telling first."""
        ...


@runtime_checkable
class Brief(Protocol):
    """A result of many parts, with a verdict for each."""

    def brief(self) -> Sequence[Block]:
        """The verdicts, and no more."""
        ...


class Shown:
    """Gives a result its notebook form, drawn from its view."""

    def __repr__(self) -> str:
        blocks: Sequence[Block] = self.view()  # type: ignore[attr-defined]
        first = blocks[0].text if blocks and isinstance(blocks[0], Line) else ""
        return f"<{type(self).__name__}: {first}>"

    def _repr_html_(self) -> str:
        blocks: Sequence[Block] = self.view()  # type: ignore[attr-defined]
        return "\n".join(_html(block) for block in blocks)


def json_ready(value: Any) -> Any:
    """``value`` with NaN and infinities as strings, in the spelling of protobuf's JSON: JSON has no such numbers."""
    match value:
        case float() if not math.isfinite(value):
            return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        case Mapping():
            return {key: json_ready(item) for key, item in value.items()}
        case list() | tuple():
            return [json_ready(item) for item in value]
    return value


_COLOURS: dict[Tone, str] = {
    "plain": "inherit",
    "good": "#1a7f37",
    "bad": "#cf222e",
    "warn": "#9a6700",
    "dim": "#6e7781",
}


def _html(block: Block) -> str:
    match block:
        case Line(text, tone):
            return f'<p style="color:{_COLOURS[tone]}">{html.escape(text)}</p>'
        case Facts(pairs, title):
            return _html_table(title, (), [(name, value) for name, value in pairs])
        case Table(title, columns, rows):
            return _html_table(title, columns, rows)


def _html_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str | Cell]]) -> str:
    caption = f"<caption>{html.escape(title)}</caption>" if title else ""
    head = "".join(f"<th>{html.escape(column)}</th>" for column in columns)
    body = "".join("<tr>" + "".join(_html_cell(cell) for cell in row) + "</tr>" for row in rows)
    return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _html_cell(cell: str | Cell) -> str:
    shown = cell if isinstance(cell, Cell) else Cell(cell)
    return f'<td style="color:{_COLOURS[shown.tone]}">{html.escape(shown.text)}</td>'
