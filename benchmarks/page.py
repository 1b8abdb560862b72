"""The page of docs/performance.md: a part for each benchmark, of which a run writes anew what it measured."""

from __future__ import annotations

import os
import platform
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from measure import Finding, Measured, Sheet

HEAD = """# Speed and memory

Written by `make bench`; `make bench ARGS=serving` measures one part anew. Ratios are between medians of runs that took turns,
on one machine in one go. **Broken** is a promise that did not hold in that run.
"""
_PART = re.compile(r"^## (\w+)$", re.MULTILINE)


def write_page(path: Path, measured: Mapping[str, Sequence[Measured]], order: Sequence[str]) -> None:
    """Put the parts of ``measured`` into the page at ``path``; the others stay as they are."""
    parts = _parts(path.read_text()) if path.is_file() else {}
    parts.update({name: _part(found) for name, found in measured.items()})
    texts = [f"## {name}\n\n{parts[name].strip()}\n" for name in order if name in parts]
    path.write_text("\n".join([HEAD, *texts]))


def _parts(page: str) -> dict[str, str]:
    """The parts of a page by their names."""
    pieces = _PART.split(page)
    return dict(zip(pieces[1::2], pieces[2::2], strict=True))


def _part(measured: Sequence[Measured]) -> str:
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    findings = [
        f"| {finding.promise} | {finding.value:.2f} {finding.unit} | {finding.limit} | {finding.detail} "
        f"| {'kept' if finding.kept else '**broken**'} |"
        for finding in measured
        if isinstance(finding, Finding)
    ]
    lines = [
        f"{time.strftime('%Y-%m-%d')}, {machine}.",
        "",
        "| promise | measured | bound | detail | |",
        "|---|---:|---:|---|---|",
        *findings,
        "",
        *(line for sheet in measured if isinstance(sheet, Sheet) for line in _sheet(sheet)),
    ]
    return "\n".join(lines)


def _sheet(sheet: Sheet) -> list[str]:
    """A sheet; numbers stand to the right."""
    heads, *rows = [f"| {' | '.join(row)} |" for row in sheet.rows]
    rule = "|---" * sheet.names + "|---:" * (len(sheet.rows[0]) - sheet.names) + "|"
    return [f"### {sheet.title}", "", *sheet.notes, "", heads, rule, *rows, ""]
