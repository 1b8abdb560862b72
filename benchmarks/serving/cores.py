"""One core for the server and one for what loads it, the same two for everybody."""

from __future__ import annotations

import os
from collections.abc import Sequence

CORES = sorted(os.sched_getaffinity(0))
SERVER, LOADER = CORES[0], CORES[-1]


def pinned(core: int, command: Sequence[str]) -> list[str]:
    """``command`` on ``core`` and no other; the process keeps its id."""
    return ["taskset", "--cpu-list", str(core), *command]
