"""All that `mlpack serve` promises on speed, in one run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from measure import Measured

from serving.batching import measure_batching
from serving.loads import missing_tools
from serving.many_rows import measure_many
from serving.one_row import measure_rows
from serving.ours import pack_cancer, pack_wide
from serving.rounds import Effort
from serving.starting import measure_starting


def measure(folder: Path) -> list[Measured]:
    """The promises, and the sheet of all servers. Raises RuntimeError naming what has to be installed first."""
    missing = missing_tools()
    if missing:
        raise RuntimeError(f"the loads need programs that are not installed: {missing}")
    os.environ["MLPACK_CACHE"] = str(folder / "cache")
    return list(_measured(folder, Effort()))


def _measured(folder: Path, effort: Effort) -> Iterator[Measured]:
    bundles = {model: pack_cancer(model, folder) for model in ("linear", "forest")}
    yield from measure_rows(bundles, folder / "rows", effort)
    yield from measure_batching(pack_wide(folder), folder / "batching", effort)
    yield measure_many(bundles["forest"], folder / "thousand")
    yield from measure_starting(bundles["linear"], folder / "starting", effort)
