"""The processors that a worker may use, told to those who would take them all. Imports nothing heavy."""

from __future__ import annotations

import math
import os
from pathlib import Path

from ..settings import Settings

_CPU_MAX = Path("/sys/fs/cgroup/cpu.max")
_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS")


def threads_of(settings: Settings) -> int:
    """The threads of one worker."""
    return settings.threads or threads_for(settings.workers)


def threads_for(workers: int) -> int:
    """The threads of one of ``workers`` processes: the processors that this container or machine gives it, divided.

    Source: cpu.max of cgroup v2, https://docs.kernel.org/admin-guide/cgroup-v2.html.
    """
    processors = min(float(len(os.sched_getaffinity(0))), _quota())
    return max(1, int(processors / workers))


def _quota() -> float:
    """The processors that the control group may use; without end where there is no cgroup v2, or one without a limit."""
    try:
        quota, period = _CPU_MAX.read_text().split()
        return math.inf if quota == "max" else int(quota) / int(period)
    except (OSError, ValueError):
        return math.inf


def limit_threads(settings: Settings) -> None:
    """Tell libraries that read it once, when they are loaded: OpenBLAS with NumPy, OpenMP with scikit-learn.

    What the environment says already holds.
    """
    for variable in _VARIABLES:
        os.environ.setdefault(variable, str(threads_of(settings)))
