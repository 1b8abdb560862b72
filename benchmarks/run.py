"""Measures what mlpack promises, prints each figure beside its bound, and writes docs/performance.md.

``python benchmarks/run.py [startup|conversion|inspection|memory|scanning|sandbox|serving] ...``; exits 1 when a promise
is broken.
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import conversion
import inspection
import memory
import sandbox
import scanning
import startup
from measure import Finding, Measured, Sheet
from serving import benchmark as serving

from mlpack.cli.draw import draw
from mlpack.core.view import Cell, Table

REPORT = Path(__file__).parent.parent / "docs" / "performance.md"
BENCHMARKS: dict[str, Callable[[Path], Sequence[Measured]]] = {
    "startup": startup.measure,
    "conversion": conversion.measure,
    "inspection": inspection.measure,
    "memory": memory.measure,
    "scanning": scanning.measure,
    "sandbox": sandbox.measure,
    "serving": serving.measure,
}


def main(names: list[str]) -> int:
    """Run the benchmarks called ``names``, all of them when there are none."""
    measured: list[Measured] = []
    for name in names or BENCHMARKS:
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory(prefix="mlpack-bench-") as folder:
            measured += BENCHMARKS[name](Path(folder))
    findings = [one for one in measured if isinstance(one, Finding)]
    sheets = [one for one in measured if isinstance(one, Sheet)]
    draw([table(findings), *(Table(sheet.title, sheet.rows[0], sheet.rows[1:]) for sheet in sheets)], sys.stdout)
    if not names:
        REPORT.write_text(markdown(findings, sheets))
    return 0 if all(finding.kept for finding in findings) else 1


def table(findings: list[Finding]) -> Table:
    """The findings for the terminal."""
    rows = [
        (
            finding.promise,
            f"{finding.value:.2f} {finding.unit}",
            finding.limit,
            finding.detail,
            Cell("kept", "good") if finding.kept else Cell("BROKEN", "bad"),
        )
        for finding in findings
    ]
    return Table("", ("Promise", "Measured", "Bound", "Detail", ""), rows)


def markdown(findings: list[Finding], sheets: list[Sheet]) -> str:
    """The findings as a page of the docs."""
    lines = [
        f"| {finding.promise} | {finding.value:.2f} {finding.unit} | {finding.limit} | {finding.detail} "
        f"| {'kept' if finding.kept else '**broken**'} |"
        for finding in findings
    ]
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    return "\n".join(
        [
            "# Speed and memory",
            "",
            "Written by `make bench`. Ratios are between medians of runs that took turns, on one machine in one go:",
            f"{machine}.",
            "",
            "| promise | measured | bound | detail | |",
            "|---|---:|---:|---|---|",
            *lines,
            "",
            *(line for sheet in sheets for line in _section(sheet)),
        ]
    )


def _section(sheet: Sheet) -> list[str]:
    """A sheet as a section of the page; numbers stand to the right."""
    heads, *rows = [f"| {' | '.join(row)} |" for row in sheet.rows]
    rule = "|---" * sheet.names + "|---:" * (len(sheet.rows[0]) - sheet.names) + "|"
    return [f"## {sheet.title}", "", *sheet.notes, "", heads, rule, *rows, ""]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
