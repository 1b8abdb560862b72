"""Measures what mlpack promises, prints each figure beside its bound, and writes docs/performance.md.

``python benchmarks/run.py [startup|conversion|inspection|memory|scanning|sandbox] ...``; exits 1 when a promise is broken.
"""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from pathlib import Path

import conversion
import inspection
import memory
import sandbox
import scanning
import startup
from measure import Finding

from mlpack.cli.draw import draw
from mlpack.core.view import Cell, Table

REPORT = Path(__file__).parent.parent / "docs" / "performance.md"
BENCHMARKS = {
    "startup": startup.measure,
    "conversion": conversion.measure,
    "inspection": inspection.measure,
    "memory": memory.measure,
    "scanning": scanning.measure,
    "sandbox": sandbox.measure,
}


def main(names: list[str]) -> int:
    """Run the benchmarks called ``names``, all of them when there are none."""
    findings: list[Finding] = []
    for name in names or BENCHMARKS:
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory(prefix="mlpack-bench-") as folder:
            findings += BENCHMARKS[name](Path(folder))
    draw([table(findings)], sys.stdout)
    if not names:
        REPORT.write_text(markdown(findings))
    return 0 if all(finding.kept for finding in findings) else 1


def table(findings: list[Finding]) -> Table:
    """The findings for the terminal."""
    rows = [
        (
            finding.promise,
            f"{finding.value:.2f} {finding.unit}",
            f"≤ {finding.bound:g} {finding.unit}",
            finding.detail,
            Cell("kept", "good") if finding.kept else Cell("BROKEN", "bad"),
        )
        for finding in findings
    ]
    return Table("", ("Promise", "Measured", "Bound", "Detail", ""), rows)


def markdown(findings: list[Finding]) -> str:
    """The findings as a page of the docs."""
    lines = [
        f"| {finding.promise} | {finding.value:.2f} {finding.unit} | ≤ {finding.bound:g} {finding.unit} | {finding.detail} "
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
        ]
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
