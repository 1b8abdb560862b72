"""Runs commands in turns and keeps medians, so that a machine that is busy for a while is busy for both."""

from __future__ import annotations

import os
import statistics
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_SAMPLE_SECONDS = 0.02


@dataclass(frozen=True)
class Run:
    """One command: its wall time, and the peak of memory of the process itself, in bytes."""

    seconds: float
    peak: int


@dataclass(frozen=True)
class Finding:
    """A promise and what was measured. ``value`` has to be at most ``bound``, or at least where ``larger`` is better."""

    promise: str
    value: float
    bound: float
    unit: str
    detail: str = ""
    larger: bool = False

    @property
    def kept(self) -> bool:
        """Whether the promise holds; what could not be measured (NaN) does not."""
        return self.value >= self.bound if self.larger else self.value <= self.bound

    @property
    def limit(self) -> str:
        """The bound as tables show it."""
        return f"{'≥' if self.larger else '≤'} {self.bound:g} {self.unit}"


@dataclass(frozen=True)
class Sheet:
    """Figures that nothing is promised of; the first row holds the heads, and the first ``names`` columns no numbers."""

    title: str
    rows: Sequence[Sequence[str]]
    names: int
    notes: Sequence[str] = ()


Measured = Finding | Sheet


def run(command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None) -> Run:
    """Run ``command`` in ``folder``. Raises RuntimeError with its stderr when it fails."""
    start = time.perf_counter()
    log = folder / "stderr.log"
    with log.open("wb") as errors:
        process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.DEVNULL, stderr=errors, env={**os.environ, **(environment or {})}
        )
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}:\n{log.read_text()[-2000:]}")
    return Run(time.perf_counter() - start, usage.ru_maxrss * 1024)


def race(first: Sequence[str], second: Sequence[str], folder: Path, rounds: int) -> tuple[Run, Run]:
    """The median runs of two commands, run in turns after one of each that does not count."""
    runs: tuple[list[Run], list[Run]] = ([], [])
    for turn in range(rounds + 1):
        for command, kept in zip((first, second), runs, strict=True):
            measured = run(command, folder)
            if turn:
                kept.append(measured)
    return _median(runs[0]), _median(runs[1])


def _median(runs: Sequence[Run]) -> Run:
    return Run(statistics.median(run.seconds for run in runs), int(statistics.median(run.peak for run in runs)))


@dataclass(frozen=True)
class Peak:
    """Peaks of memory in bytes: of a command and its workers together, and of the largest process among them."""

    together: int
    largest: int


def tree_peak(command: Sequence[str], folder: Path) -> Peak:
    """The peaks of memory of ``command`` and all its workers while it runs.

    Sampled every 20 ms from the proportional set size, which counts a page that processes share once.
    """
    log = folder / "stderr.log"
    with log.open("wb") as errors:
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=errors)
        samples, done = [Peak(0, 0)], threading.Event()

        def sample() -> None:
            while not done.wait(_SAMPLE_SECONDS):
                sizes = [proportional_size(pid) for pid in process_tree(process.pid)]
                samples.append(Peak(sum(sizes), max(sizes)))

        sampler = threading.Thread(target=sample)
        sampler.start()
        code = process.wait()
        done.set()
        sampler.join()
    if code:
        raise RuntimeError(f"{' '.join(command)} ended with {code}:\n{log.read_text()[-2000:]}")
    return Peak(max(peak.together for peak in samples), max(peak.largest for peak in samples))


def high_water(command: Sequence[str], folder: Path) -> int:
    """The peak of resident memory of a process without workers, in bytes.

    From the kernel's own mark, which is read until the process ends: `Run.peak` has what this process took before as well,
    because a child begins as its copy.
    """
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    peak = 0
    while process.poll() is None:
        peak = max(peak, _high_water(process.pid))
        time.sleep(_SAMPLE_SECONDS / 10)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}")
    return peak


def _high_water(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:")), 0)


def process_tree(root: int) -> list[int]:
    """The process and its descendants, as far as they still run."""
    found, pending = [], [root]
    while pending:
        pid = pending.pop()
        found.append(pid)
        try:
            for task in Path(f"/proc/{pid}/task").iterdir():
                pending += [int(child) for child in (task / "children").read_text().split()]
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended while we looked
    return found


def proportional_size(pid: int) -> int:
    """Bytes of resident memory of a process, a page that several share divided among them; 0 once it has ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
