"""Scanning against picklescan and sha256sum, and the safe loader against pickle and joblib."""

from __future__ import annotations

import gc
import io
import json
import pickle
import statistics
import subprocess
import sys
import time
import venv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from measure import Finding, high_water, race, run
from models import write_models

from mlpack.scan.pickles.gate import Gate
from mlpack.scan.pickles.loading import load_joblib, load_pickle, mapped
from mlpack.scan.source import open_source, source_of

HERE = Path(__file__).parent
GIGABYTE, MEGABYTE = 1_000_000_000, 1_000_000
ARRAYS = 200 * MEGABYTE
ROUNDS = 7
LAPS = 3


def measure(folder: Path) -> list[Finding]:
    """Four promises: pickles against picklescan, 1 GB against its checksum, its memory, and loading."""
    models = folder / "models"
    models.mkdir()
    write_models(models)
    return [*_against_picklescan(folder, models), *_one_gigabyte(folder), *_forests(models), *_arrays(folder)]


def _against_picklescan(folder: Path, models: Path) -> Iterator[Finding]:
    """Seconds in process, file by file: the median of laps in which the two took turns."""
    peer = _environment(folder, "picklescan")
    laps = [
        (_scanned(Path(sys.executable), "mlpack", models), _scanned(peer, "picklescan", models)) for _ in range(LAPS)
    ]
    for name in laps[0][0]:
        ours, theirs = (statistics.median(lap[side][name] for lap in laps) for side in (0, 1))
        size = (models / name).stat().st_size / MEGABYTE
        detail = f"{ours * 1000:.1f} ms against {theirs * 1000:.1f} ms for {size:.1f} MB"
        yield Finding(f"scan of a pickle / picklescan's, {Path(name).stem}", ours / theirs, 1.0, "×", detail)


def _environment(folder: Path, library: str) -> Path:
    """The interpreter of a new environment with ``library`` in it."""
    place = folder / library
    venv.create(place, with_pip=True)
    python = place / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", library], check=True)
    return python


def _scanned(python: Path, scanner: str, models: Path) -> dict[str, float]:
    told = subprocess.run(
        [python, HERE / "bare" / "scan_pickles.py", scanner, models], capture_output=True, text=True, check=True
    )
    seconds: dict[str, float] = json.loads(told.stdout)
    return seconds


def _one_gigabyte(folder: Path) -> list[Finding]:
    run([sys.executable, str(HERE / "large_files.py"), str(folder / "large.joblib"), str(GIGABYTE)], folder)
    scan = [sys.executable, "-m", "mlpack", "scan", "large.joblib"]
    ours, theirs = race(scan, ["sha256sum", "large.joblib"], folder, ROUNDS)
    peak = high_water(scan, folder)
    (folder / "large.joblib").unlink()
    detail = f"{ours.seconds:.2f} s against {theirs.seconds:.2f} s"
    return [
        Finding("mlpack scan / sha256sum, 1 GB of arrays in joblib", ours.seconds / theirs.seconds, 1.3, "×", detail),
        Finding("mlpack scan, 1 GB of arrays in joblib, peak resident", peak / MEGABYTE, 100, "MB"),
    ]


def _forests(models: Path) -> Iterator[Finding]:
    """Beside C pickle, the pure-Python unpickler of the standard library: what a loop of Python costs without any check."""
    for path in sorted(models.glob("forest*.pkl")):
        data = path.read_bytes()
        yield _loading(
            f"safe load / pickle.loads, {path.stem}", 3.0, lambda d=data: _safe(d), lambda d=data: pickle.loads(d)
        )
        yield _loading(
            f"safe load / pickle's own Python loop, {path.stem}",
            2.0,
            lambda d=data: _safe(d),
            lambda d=data: pickle._loads(d),  # type: ignore[attr-defined]  # noqa: SLF001
        )


def _safe(data: bytes) -> Any:
    return load_pickle(source_of(io.BytesIO(data), "model.pkl"), Gate())


def _arrays(folder: Path) -> Iterator[Finding]:
    """What dominates here is bytes: both sides read files that are in the page cache."""
    import joblib

    for ending in ("pkl", "joblib"):
        run([sys.executable, str(HERE / "large_files.py"), str(folder / f"arrays.{ending}"), str(ARRAYS)], folder)
    pickled, joblibbed = folder / "arrays.pkl", folder / "arrays.joblib"
    title = "200 MB of arrays"
    yield _loading(f"safe load / pickle.load, {title}", 1.2, lambda: _safe_file(pickled), lambda: _pickle_file(pickled))
    yield _loading(
        f"safe load / joblib.load, {title}", 1.2, lambda: _safe_joblib(joblibbed), lambda: joblib.load(joblibbed)
    )


def _safe_file(path: Path) -> Any:
    with open_source(path) as source:
        return load_pickle(source, Gate())


def _pickle_file(path: Path) -> Any:
    with path.open("rb") as file:
        return pickle.load(file)


def _safe_joblib(path: Path) -> Any:
    """Arrays stay in the file until somebody reads them: they are read here, as joblib has read them."""
    with path.open("rb", buffering=0) as raw:
        loaded = load_joblib(source_of(raw, str(path)), Gate(), mapped(raw))
    loaded.coef_.sum()
    return loaded


def _loading(title: str, bound: float, ours: Callable[[], Any], theirs: Callable[[], Any]) -> Finding:
    """Medians of rounds in turns, after one that does not count."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for turn in range(ROUNDS + 1):
        for call, kept in zip((ours, theirs), seconds, strict=True):
            gc.collect()
            begun = time.perf_counter()
            made = call()
            spent = time.perf_counter() - begun
            del made
            if turn:
                kept.append(spent)
    mine, other = (statistics.median(kept) for kept in seconds)
    return Finding(title, mine / other, bound, "×", f"{mine * 1000:.1f} ms against {other * 1000:.1f} ms")
