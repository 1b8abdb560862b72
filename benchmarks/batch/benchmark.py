"""The promises on batch runs, as ratios between runs that took turns."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from measure import Finding, Measured, Sheet, high_water

from batch.material import write_models, write_rows

HERE = Path(__file__).parent.parent
_ROUNDS = int(os.environ.get("MLPACK_BATCH_ROUNDS", "3"))
_ROWS = int(os.environ.get("MLPACK_BATCH_ROWS", "2000000"))
"""Of the races; the memory is that of half and of five times as many."""
_FILES = 8
"""With as many rows each, of the race of the nodes: it takes seconds until their actors are there."""
_FRAMES = {"logistic": 2.5, "forest": 1.9}


def measure(folder: Path) -> Sequence[Measured]:
    """All of them."""
    write_models(folder)
    write_rows(folder / "rows.parquet", _ROWS)
    taken = {
        "logistic": _race(folder, "logistic", ["ours", "frames", "copying", "copying_all"]),
        "forest": _race(folder, "forest", ["ours", "frames", "arrays"]),
    }
    return [*_speed(taken), *_memory(folder), *_nodes(folder), _sheet(taken)]


def _speed(taken: dict[str, dict[str, float]]) -> list[Finding]:
    logistic, forest = taken["logistic"], taken["forest"]
    rows = f"{_ROWS / 1e6:g} M rows × 30"
    found = [
        _ratio("batch, forest: rows/s by those of bare ONNX Runtime in memory", forest, "arrays", 0.8, rows),
        _ratio(
            "batch, logistic: rows/s by those of pyarrow reading and writing as much", logistic, "copying", 0.7, rows
        ),
    ]
    for name, bound in _FRAMES.items():
        title = f"batch, {name}: rows/s by those of pandas with scikit-learn"
        found.append(_ratio(title, taken[name], "frames", bound, rows))
    return found


def _ratio(title: str, taken: dict[str, float], other: str, bound: float, rows: str) -> Finding:
    detail = f"{taken['ours']:.2f} s against {taken[other]:.2f} s, {rows}"
    return Finding(title, taken[other] / taken["ours"], bound, "×", detail, larger=True)


def _memory(folder: Path) -> list[Finding]:
    peaks = {}
    for name, rows in {"few": _ROWS // 2, "many": 5 * _ROWS}.items():
        write_rows(folder / f"{name}.parquet", rows)
        peaks[name] = high_water(_command("ours", "logistic", f"{name}.parquet"), folder)
        (folder / f"{name}.parquet").unlink()
    frames = high_water(_command("frames", "logistic", "rows.parquet"), folder)
    ours = high_water(_command("ours", "logistic", "rows.parquet"), folder)
    grown = peaks["many"] / peaks["few"]
    return [
        Finding(
            "batch, peak memory of ten times as many rows",
            grown,
            1.1,
            "×",
            f"{peaks['few'] / 1e6:.0f} MB for {_ROWS / 2e6:g} M rows, {peaks['many'] / 1e6:.0f} MB for {_ROWS / 2e5:g} M",
        ),
        Finding(
            "batch, peak memory by that of pandas",
            ours / frames,
            0.5,
            "×",
            f"{ours / 1e6:.0f} MB against {frames / 1e6:.0f} MB, {_ROWS / 1e6:g} M rows",
        ),
    ]


def _nodes(folder: Path) -> list[Finding]:
    many = folder / "many"
    many.mkdir()
    for place in range(_FILES):
        (many / f"{place}.parquet").symlink_to(folder / "rows.parquet")
    one, two = json.loads(_output([sys.executable, "-m", "batch.nodes", "many"], folder))
    detail = f"{one:.1f} s against {two:.1f} s, forest, {_FILES * _ROWS / 1e6:g} M rows"
    return [Finding("batch on Ray, two nodes of one processor by one", one / two, 1.6, "×", detail, larger=True)]


def _sheet(taken: dict[str, dict[str, float]]) -> Sheet:
    titles = {
        "ours": "`mlpack batch`",
        "frames": "pandas and scikit-learn",
        "arrays": "ONNX Runtime, arrays in memory, no files",
        "copying": "pyarrow, read 30 columns and write 3, no model",
        "copying_all": "pyarrow, read and write 30 columns, no model",
    }
    rows = [
        (model, titles[name], f"{seconds:.2f}", f"{_ROWS / seconds:,.0f}")
        for model, contenders in taken.items()
        for name, seconds in contenders.items()
    ]
    notes = (f"{_ROWS:,} rows of 30 floats in a Parquet file, answers in another. Medians of {_ROUNDS}.", "")
    return Sheet("Batch", [("Model", "By", "Seconds", "Rows/s"), *rows], 2, notes)


def _race(folder: Path, model: str, contenders: list[str]) -> dict[str, float]:
    """The median seconds of each, in turns, after one turn that does not count."""
    laps: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(_ROUNDS + 1):
        for name in contenders:
            seconds = json.loads(_output(_command(name, model, "rows.parquet"), folder))["seconds"]
            if turn:
                laps[name].append(seconds)
    return {name: statistics.median(one) for name, one in laps.items()}


def _command(contender: str, model: str, rows: str) -> list[str]:
    code = f"import sys; sys.path.insert(0, {str(HERE)!r}); from batch.__main__ import main; main(*sys.argv[1:])"
    return [sys.executable, "-c", code, contender, model, rows]


def _output(command: list[str], folder: Path) -> str:
    environment = {**os.environ, "PYTHONPATH": str(HERE)}
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {ended.returncode}:\n{ended.stderr[-2000:]}")
    return ended.stdout.splitlines()[-1]
