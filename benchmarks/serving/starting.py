"""How soon a service answers, and what it holds in memory."""

from __future__ import annotations

import compileall
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from measure import Finding

import mlpack
from serving.bodies import oip_binary, predict
from serving.contenders import run_once
from serving.loads import load
from serving.ours import MLPACK, Mlpack, cancer_asked
from serving.process import ONE_THREAD, free_port, started, stop, wait_until_ready
from serving.rounds import Effort

TURNS = 5
_PAUSE = 0.002


def measure_starting(bundle: Path, folder: Path, effort: Effort) -> Iterator[Finding]:
    """Medians of five starts of the small model's project, of the command, and its memory after a load."""
    folder.mkdir(parents=True)
    compileall.compile_dir(Path(mlpack.__file__).parent, quiet=2)  # as pip leaves what it installs
    project = folder / "project"
    run_once([*MLPACK, "scaffold", str(bundle), "-o", str(project)], folder)
    alone = [_seconds([sys.executable, "-m", "runtime"], project, {}) for _ in range(TURNS)]
    yield Finding(
        "python -m runtime to the first 200 of /readyz, logistic regression", statistics.median(alone), 1.0, "s"
    )
    serve = [*MLPACK, "serve", str(bundle)]
    yield _finding("mlpack serve, the same bundle again", serve, folder, [str(folder / "cache")] * (TURNS + 1))
    caches = [str(folder / f"cache{turn}") for turn in range(TURNS + 1)]
    yield _finding("mlpack serve, a bundle that it never served", serve, folder, caches)
    caches = [str(folder / f"file{turn}") for turn in range(TURNS + 1)]
    serve = [*MLPACK, "serve", str(bundle.with_suffix(".joblib"))]
    yield _finding("mlpack serve, a model file that it never packed", serve, folder, caches)
    yield _memory(bundle, folder, effort)


def _finding(title: str, command: Sequence[str], folder: Path, caches: Sequence[str]) -> Finding:
    """The first start does not count."""
    seconds = [_seconds(command, folder, {"MLPACK_CACHE": cache}) for cache in caches]
    return Finding(f"{title}, to the first 200", statistics.median(seconds[1:]), 2.0, "s")


def _seconds(command: Sequence[str], folder: Path, variables: Mapping[str, str]) -> float:
    """From the start of the process to the first 200."""
    port, log = free_port(), folder / "service.log"
    environment = {**os.environ, **ONE_THREAD, **variables}
    with log.open("wb") as output:
        begun = time.perf_counter()
        process = subprocess.Popen(
            [*command, "--port", str(port), "--grpc-port", str(free_port())],
            cwd=folder,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
        try:
            wait_until_ready(process, port, "/readyz", _PAUSE, log)
            return time.perf_counter() - begun
        finally:
            stop(process)


def _memory(bundle: Path, folder: Path, effort: Effort) -> Finding:
    place = folder / "memory"
    place.mkdir()
    targets = [request(cancer_asked(bundle)) for request in (predict, oip_binary)]
    with started(Mlpack(bundle, targets).launch(place)) as serving:
        before = serving.resident()
        for target in targets:
            load(serving, target, effort.seconds, place)
        after = serving.resident()
    detail = f"{before / 1e6:.0f} MB before it was loaded"
    return Finding("resident memory of a worker after a load, logistic regression", after / 1e6, 120, "MB", detail)
