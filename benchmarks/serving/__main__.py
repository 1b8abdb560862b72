"""Part of the benchmark, for who works on the server: ``cd benchmarks && python -m serving linear --only echo mlpack``."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from mlpack.cli.draw import draw
from mlpack.core.view import Table
from serving.one_row import HEADS, contenders_of, rows_of
from serving.ours import cancer_asked, cancer_expected, pack_cancer
from serving.rounds import Effort, run_rounds


def main() -> None:
    """One model, some contenders, short loads; prints the sheet and no promises."""
    parser = argparse.ArgumentParser(prog="python -m serving", description=__doc__)
    parser.add_argument("model", choices=("linear", "forest"))
    parser.add_argument("--only", nargs="*", default=[], help="parts of the names of servers")
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mlpack-bench-") as name:
        folder = Path(name)
        os.environ["MLPACK_CACHE"] = str(folder / "cache")
        bundle = pack_cancer(given.model, folder)
        expected = cancer_expected(given.model)
        everyone = contenders_of(given.model, bundle, cancer_asked(bundle, expected), expected)
        wanted = [one for one in everyone if not given.only or any(part in one.name for part in given.only)]
        results = run_rounds(wanted, folder / "rows", Effort(given.seconds, given.rounds))
    rows = [row for contender in wanted for row in rows_of(given.model, contender, results)]
    draw([Table("", HEADS, rows)], sys.stdout)


if __name__ == "__main__":
    main()
