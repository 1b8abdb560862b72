"""Real models on real data, through the command line: inspect, scan, convert, verify, pack; then one of them is put to work.

    python demo.py [FOLDER]

A container of it, a batch run of a million rows, and advice on how to serve it. Exits 1 unless every verdict is PASS. Where
there is no container engine it says so, and goes on without.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from advice import advise
from container import ending
from million import score

from mlpack.cli.draw import draw
from mlpack.core.view import Cell, Line, Table

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Model:
    """A saved model, rows of its data, the files that it is converted to, and its bundle."""

    file: str
    data: str
    targets: tuple[str, ...]
    bundle: str


MODELS = (
    Model("cancer.joblib", "cancer.csv", ("cancer.onnx", "cancer.pt"), "cancer.mlpack"),
    Model("wine.pkl", "wine.csv", ("wine.onnx", "wine.joblib"), "wine.mlpack"),
    Model("digits.h5", "digits_last.npy", ("digits.onnx", "digits.keras", "digits.pt"), "digits.mlpack"),
    Model("module.pt", "digits_first.npy", ("module.onnx", "module_script.pt"), "module.mlpack"),
    Model("script.pt", "digits_first.npy", ("script.onnx",), "script.mlpack"),
    Model("digits.onnx", "digits_last.npy", ("digits_onnx.pt",), "digits_onnx.mlpack"),
)


@dataclass(frozen=True)
class Run:
    """One finished command: the ``data`` of its JSON document, and the seconds it took."""

    data: dict[str, Any]
    error: str
    seconds: float

    @property
    def report(self) -> dict[str, Any]:
        """The parity report, whichever command it is of."""
        conversion = self.data.get("conversion", self.data)
        return dict(conversion.get("report") or conversion)

    @property
    def verdict(self) -> str:
        """The verdict of the report; ``ERROR`` where something else went wrong."""
        return str(self.report.get("verdict", "ERROR"))

    @property
    def worst_on_data(self) -> float | None:
        """The worst absolute error on the rows given with --data; the report has the other inputs too."""
        probes = [probe for probe in self.report.get("probes", ()) if probe["kind"] == "data"]
        return max((float(output["max_abs"]) for probe in probes for output in probe["outputs"]), default=None)


def main(folder: Path) -> int:
    """Run the demo in ``folder`` and return its exit code."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    train(folder)
    rows: list[tuple[str | Cell, ...]] = []
    for model in MODELS:
        rows += tell(folder, model)
    passed = all(cell.text == "PASS" for row in rows for cell in row if isinstance(cell, Cell))
    count = sum(1 for row in rows if not str(row[1]).endswith(".mlpack"))
    outcome = "every verdict is PASS" if passed else "NOT every verdict is PASS"
    verdict = f"{count} conversions, {len(rows) - count} bundles: {outcome}"
    table = Table("", ("from", "to", "convert", "verify", "error on data", "seconds"), rows)
    print()
    draw([table, Line(verdict, "good" if passed else "bad")], sys.stdout)
    print()
    worked = put_to_work(folder, MODELS[0])
    return 0 if passed and worked else 1


def put_to_work(folder: Path, model: Model) -> bool:
    """``model`` in a container, over a million rows, and advised on. False where one of these failed."""
    end = ending(mlpack, folder, model.file, model.bundle)
    draw([Line(""), end.line, Line("")], sys.stdout)
    scored = score(mlpack, folder, model.file, model.data, model.bundle)
    print()
    return advise(mlpack, folder, model.bundle) and scored and end.passed is not False


def train(folder: Path) -> None:
    """Train all models, each library in a process of its own."""
    print("Training on scikit-learn's breast cancer, wine and digits …", flush=True)
    for library in ("sklearn", "keras", "torch"):
        subprocess.run(
            [sys.executable, str(HERE / "models.py"), str(folder), library], check=True, stderr=subprocess.DEVNULL
        )


def tell(folder: Path, model: Model) -> list[tuple[str | Cell, ...]]:
    """Inspect and scan ``model``, convert and verify it for each of its targets, pack it; one table row each.

    Of the files here only the pickled torch module takes trust: a state of its own is no part of the other formats.
    """
    mlpack(folder, "inspect", model.file)
    found = mlpack(folder, "scan", model.file).data["files"][0]
    trust = ["--trust", str(found["sha256"])] if found["verdict"] == "needs-trust" else []
    given = ["--data", model.data, *trust]
    rows = []
    for target in model.targets:
        converted = mlpack(folder, "convert", model.file, "-o", target, *given)
        verified = mlpack(folder, "verify", model.file, target, *given)
        rows.append(row(model.file, target, converted, verified))
    return [*rows, row(model.file, model.bundle, mlpack(folder, "pack", model.file, "-o", model.bundle, *given))]


def row(source: str, target: str, made: Run, verified: Run | None = None) -> tuple[str | Cell, ...]:
    """A line of the closing table."""
    worst = (verified or made).worst_on_data
    seconds = made.seconds + (verified.seconds if verified else 0)
    return (
        source,
        target,
        cell(made),
        cell(verified) if verified else "",
        "" if worst is None else f"{worst:.1e}",
        f"{seconds:.1f}",
    )


def cell(run: Run) -> Cell:
    """A verdict in its colour."""
    return Cell(run.verdict, "good" if run.verdict == "PASS" else "bad")


def mlpack(folder: Path, *arguments: str) -> Run:
    """Run one mlpack command, echo it with its verdict, and return what it said."""
    print(f"$ mlpack {' '.join(short(argument) for argument in arguments)}", end="", flush=True)
    start = time.perf_counter()
    ended = subprocess.run(
        [sys.executable, "-m", "mlpack", *arguments, "--json"], cwd=folder, capture_output=True, text=True, check=False
    )
    seconds = time.perf_counter() - start
    document = json.loads(ended.stdout) if ended.stdout else {"data": None, "errors": [{"message": ended.stderr}]}
    data = document["data"] or {}
    error = "; ".join(problem["message"] for problem in document["errors"])
    run = Run(data, error, seconds)
    said = error or spoken(arguments[0], run)
    print(f"\n  {said}  {seconds:.1f} s", flush=True)
    return run


def spoken(command: str, run: Run) -> str:
    """What to say of a command that found no error."""
    if command == "inspect":
        return str(run.data["model"])
    if command == "containerize":
        return f"{run.data['parity']}, {run.data['golden'][0]['rows']} golden rows over REST and gRPC"
    if command == "batch":
        return f"{run.data['rows']:,} rows"
    if command == "advise":
        return f"{run.data['recommendation']['Mode']}, {run.data['recommendation']['Protocol']}"
    return run.verdict if command != "scan" else str(run.data["files"][0]["verdict"])


def short(argument: str) -> str:
    """An argument as it is typed; a hash shortened for the eye."""
    return f"{argument[:8]}…" if len(argument) == 64 else shlex.quote(argument)


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else ".demo").resolve()))
