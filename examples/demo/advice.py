"""How the packed model is best served: measured on this machine, in two tables and the commands to type."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mlpack.cli.draw import draw
from mlpack.core.view import Block, Facts, Line, Table

Ask = Callable[..., Any]
"""Runs one mlpack command, and returns what it said: see ``mlpack`` in demo.py."""
ANSWERS = ("--latency-ms=20", "--rows-per-day=5000000", "--bulk-rows=1000000", "--seconds=1", "--yes")


def advise(mlpack: Ask, folder: Path, bundle: str) -> bool:
    """Ask for advice on ``bundle``, and show the short of it. False where there is none."""
    given = mlpack(folder, "advise", bundle, *ANSWERS)
    if given.error:
        draw([Line(f"advice: {given.error}", "bad")], sys.stdout)
        return False
    print()
    draw(_blocks(given.data), sys.stdout)
    return True


def _blocks(data: dict[str, Any]) -> list[Block]:
    measured, costs = data["measured"], data["figures"]["cost_per_million"]
    rows = [
        (way, f"{1000 * alone['p50']:.2f}", f"{measured['together'][way]['rate']:,.0f}", f"{costs[way]:.5f}")
        for way, alone in measured["alone"].items()
    ]
    rows.append(("batch", "", f"{measured['batch']['rate']:,.0f}", f"{costs['batch']:.5f}"))
    return [
        Facts([*data["recommendation"].items()]),
        Table("", ("way", "p50 ms", "rows/s", "cost of a million rows"), rows),
        *(Line(f"$ {one['command']}") for one in data["commands"]),
    ]
