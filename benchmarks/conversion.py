"""``mlpack convert``, verification included, against a bare script that imports, loads, converts and saves."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

from measure import Finding, race, run

HERE = Path(__file__).parent
CASES = (
    ("scikit-learn pipeline and forest", "sklearn", "cancer.joblib", "cancer.csv", "forest.onnx"),
    ("Keras CNN", "keras", "digits.h5", "digits_last.npy", "keras.onnx"),
    ("torch CNN", "torch", "module.pt", "digits_first.npy", "torch.onnx"),
)
ROUNDS = 5


def measure(folder: Path) -> list[Finding]:
    """Median wall times of 5 rounds for each library."""
    return [_case(folder, *case) for case in CASES]


def _case(folder: Path, title: str, library: str, model: str, data: str, output: str) -> Finding:
    run([sys.executable, str(HERE.parent / "examples/demo/models.py"), str(folder), library], folder)
    digest = hashlib.sha256((folder / model).read_bytes()).hexdigest()
    trust = ["--trust", digest] if library == "torch" else []
    mlpack = [sys.executable, "-m", "mlpack", "convert", model, "-o", output, "--data", data, *trust]
    bare = [sys.executable, str(HERE / "bare" / f"{library}_to_onnx.py"), model, f"bare_{output}"]
    ours, theirs = race(mlpack, bare, folder, ROUNDS)
    detail = f"{ours.seconds:.1f} s against {theirs.seconds:.1f} s"
    return Finding(
        f"convert and verify / bare script, {title} to ONNX", ours.seconds / theirs.seconds, 1.6, "×", detail
    )
