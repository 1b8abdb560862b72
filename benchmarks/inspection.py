"""``mlpack inspect`` of a file of 2 GB against one of 2 MB, in each format that can be large."""

from __future__ import annotations

import sys
from pathlib import Path

from measure import Finding, race, run

HERE = Path(__file__).parent
KINDS = (("ONNX", "onnx"), ("ONNX with external data", "external.onnx"), ("joblib", "joblib"), ("TorchScript", "pt"))
LARGE, SMALL = 2_000_000_000, 2_000_000
ROUNDS = 5
MEGABYTE = 1_000_000


def measure(folder: Path) -> list[Finding]:
    """Median wall times of 5 rounds, and the peak of resident memory for the large file."""
    findings: list[Finding] = []
    for title, ending in KINDS:
        for name, size in (("large", LARGE), ("small", SMALL)):
            run([sys.executable, str(HERE / "large_files.py"), str(folder / f"{name}.{ending}"), str(size)], folder)
        inspect = [sys.executable, "-m", "mlpack", "inspect"]
        large, small = race([*inspect, f"large.{ending}"], [*inspect, f"small.{ending}"], folder, ROUNDS)
        detail = f"{large.seconds:.2f} s against {small.seconds:.2f} s"
        findings += [
            Finding(f"inspect 2 GB / 2 MB, {title}", large.seconds / small.seconds, 3.0, "×", detail),
            Finding(f"inspect 2 GB, peak resident, {title}", large.peak / MEGABYTE, 150, "MB"),
        ]
        for path in folder.glob(f"large.{ending}*"):
            path.unlink()
    return findings
