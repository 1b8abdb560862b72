"""All that `mlpack serve` promises on speed, in one run."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path

from measure import Finding, Measured

from serving.batching import measure_batching
from serving.loads import missing_tools
from serving.many_rows import measure_many
from serving.one_row import measure_rows
from serving.ours import pack_cancer, pack_wide
from serving.process import NotServingError
from serving.rounds import Effort
from serving.starting import measure_starting


def measure(folder: Path) -> list[Measured]:
    """The promises, and the sheet of all servers. What keeps ours from being measured is a broken promise with the reason."""
    missing = missing_tools()
    if missing:
        return [_unmeasured(f"what loads the servers is not installed: {missing}")]
    os.environ["MLPACK_CACHE"] = str(folder / "cache")
    found: list[Measured] = []
    try:
        for one in _measured(folder, Effort()):
            found.append(one)  # noqa: PERF402 - what was measured before a failure is kept
    except NotServingError as error:
        found.append(_unmeasured(str(error)))
    return found


def _unmeasured(reason: str) -> Finding:
    return Finding("all promises of mlpack serve are measured", math.nan, 1, "×", reason, larger=True)


def _measured(folder: Path, effort: Effort) -> Iterator[Measured]:
    bundles = {model: pack_cancer(model, folder) for model in ("linear", "forest")}
    yield from measure_rows(bundles, folder / "rows", effort)
    yield from measure_batching(pack_wide(folder), folder / "batching", effort)
    yield measure_many(bundles["forest"], folder / "thousand")
    yield from measure_starting(bundles["linear"], folder / "starting", effort)
