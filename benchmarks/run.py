"""Measures what mlpack promises, prints each figure beside its bound, and writes docs/performance.md.

``python benchmarks/run.py [startup|conversion|inspection|memory|scanning|sandbox|serving|containers|batch] ...``; exits 1
when a promise is broken.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import containers
import conversion
import inspection
import memory
import sandbox
import scanning
import startup
from batch import benchmark as batch
from measure import Finding, Measured, Sheet
from page import write_page
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
    "containers": containers.measure,
    "batch": batch.measure,
}


def main(names: list[str]) -> int:
    """Run the benchmarks called ``names``, all of them when there are none, and write their parts of the page."""
    measured: dict[str, Sequence[Measured]] = {}
    for name in names or BENCHMARKS:
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory(prefix="mlpack-bench-") as folder:
            measured[name] = list(BENCHMARKS[name](Path(folder)))
    everything = [one for found in measured.values() for one in found]
    findings = [one for one in everything if isinstance(one, Finding)]
    sheets = [one for one in everything if isinstance(one, Sheet)]
    draw([table(findings), *(Table(sheet.title, sheet.rows[0], sheet.rows[1:]) for sheet in sheets)], sys.stdout)
    write_page(REPORT, measured, list(BENCHMARKS))
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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
