"""Draws the blocks of a view with Rich: colours on a terminal, plain text of 80 columns in a pipe."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, TextIO

from mlpack.core.view import Block, Cell, Facts, Line, Table, Tone

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table as RichTable

_STYLES: dict[Tone, str] = {"plain": "", "good": "green", "bad": "bold red", "warn": "yellow", "dim": "dim"}
_NARROWEST_VALUE = 30
_HARMFUL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""Controls that move the cursor or recolour a terminal, and marks that turn the direction of writing: a name in a file may
hold them, to show something else than what it is."""
_NUMBER = re.compile(r"[-+<≤]?(\d[\d,]*(\.\d+)?(e[-+]?\d+)?%?|inf|nan)")


def draw(blocks: Sequence[Block], stream: TextIO) -> None:
    """Write ``blocks`` to ``stream``, one blank line around facts and tables."""
    from rich.console import Console

    console = Console(file=stream, markup=False, highlight=False, emoji=False, soft_wrap=True)
    with console.capture() as drawn:  # Rich answers a closed pipe with exit code 1; the write below leaves it to us
        for index, block in enumerate(blocks):
            if index and not (isinstance(block, Line) and isinstance(blocks[index - 1], Line)):
                console.print()
            _draw_block(console, block)
    stream.write(drawn.get())


def harmless(text: str) -> str:
    r"""``text`` with what a terminal would obey instead of showing spelt out: ``\x1b[2J``. Line breaks and tabs stay."""
    return _HARMFUL.sub(lambda found: found[0].encode("unicode_escape", "surrogatepass").decode(), text)


def _draw_block(console: Console, block: Block) -> None:
    match block:
        case Line():
            _draw_line(console, block)
        case Facts():
            _draw_facts(console, block)
        case Table():
            _draw_table(console, block)


def _draw_line(console: Console, line: Line) -> None:
    """One line, never wrapped by us: commands and hashes in it can be copied in one piece."""
    console.print(harmless(line.text), style=_STYLES[line.tone])


def _draw_facts(console: Console, facts: Facts) -> None:
    """Names in a column, values beside them, folded at spaces only."""
    from rich.text import Text

    if facts.title:
        console.print(facts.title, style="bold")
    margin = max((len(name) for name, _ in facts.pairs), default=0) + 2
    width = max(console.width - margin, _NARROWEST_VALUE)
    for name, value in facts.pairs:
        cell = value if isinstance(value, Cell) else Cell(value)
        folded = textwrap.wrap(harmless(cell.text), width, break_long_words=False, break_on_hyphens=False) or [""]
        label = Text(harmless(name).ljust(margin), style="dim")
        console.print(label.append(Text(folded[0], style=_STYLES[cell.tone])))
        for rest in folded[1:]:
            console.print(" " * margin + rest, style=_STYLES[cell.tone])


def _draw_table(console: Console, table: Table) -> None:
    # Rich centres a table's title over it and would fold that: a line of its own stays whole.
    if table.title:
        console.print(table.title, style="bold")
    console.print(_rich_table(table), soft_wrap=False)


def _rich_table(table: Table) -> RichTable:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table as RichTable
    from rich.text import Text

    drawn = RichTable(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    cells = [[cell if isinstance(cell, Cell) else Cell(cell) for cell in row] for row in table.rows]
    for index, column in enumerate(table.columns):
        texts = [row[index].text for row in cells if row[index].text]
        numeric = bool(texts) and all(_is_number(text) for text in texts)
        drawn.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in cells:
        drawn.add_row(*(Text(harmless(cell.text), style=_STYLES[cell.tone]) for cell in row))
    return drawn


def _is_number(text: str) -> bool:
    """Whether a cell holds a number and no more: ``1,797``, ``1.2e-07``, ``99.4%``; a version is none."""
    return bool(_NUMBER.fullmatch(text))
