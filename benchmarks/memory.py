"""The memory that converting a pickle of 1 GB of arrays to joblib takes, against the arrays."""

from __future__ import annotations

import sys
from pathlib import Path

from measure import Finding, run, tree_peak

HERE = Path(__file__).parent
SIZE = 1_000_000_000


def measure(folder: Path) -> list[Finding]:
    """All processes of the command together without proof; with it the largest, and the sum as a detail.

    With proof the original is let go before its copy is loaded: the sum is one model, two sets of libraries, and the inputs
    tried.
    """
    run([sys.executable, str(HERE / "large_files.py"), str(folder / "large.pkl"), str(SIZE)], folder)
    command = [sys.executable, "-m", "mlpack", "convert", "large.pkl", "-o", "large.joblib"]
    written, proven = tree_peak([*command, "--no-verify"], folder), tree_peak(command, folder)
    return [
        _finding("all processes together, --no-verify", written.together, f"{written.together / 1e9:.2f} GB"),
        _finding(
            "largest process, verified", proven.largest, f"{proven.together / 1e9:.2f} GB in all processes together"
        ),
    ]


def _finding(title: str, peak: int, detail: str) -> Finding:
    return Finding(f"pickle to joblib, peak memory / 1 GB of arrays, {title}", peak / SIZE, 1.3, "×", detail)
