"""The progress of a batch run on a terminal: a bar with rows a second and the time left, and nothing in a pipe."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from mlpack.cli.spinner import Spinner

if TYPE_CHECKING:
    from mlpack.batch.progress import Progress

_LOOK_SECONDS = 0.2


class Bar(Spinner):
    """A spinner until the first rows are written, and a bar from then on."""

    def __init__(self, doing: str) -> None:
        super().__init__(doing)
        self._progress: Progress | None = None

    def tell(self, progress: Progress) -> None:
        """Say how far the run has come."""
        self._progress = progress

    def _show(self, console: Any, status: Any) -> None:
        super()._show(console, status)
        progress = self._progress
        if progress is not None:
            status.update(f"{self._doing}  {drawn(progress)}")


def drawn(progress: Progress, width: int = 24) -> str:
    """The bar, the rows, their rate and the time left, as one line."""
    done, rate = f"{progress.rows:,} rows", f"{progress.rate:,.0f} rows/s"
    if progress.total is None:
        return f"{done}  {rate}"
    share = progress.rows / progress.total if progress.total else 1.0
    full = math.floor(share * width)
    bar = "━" * full + "╺" * (full < width) + " " * (width - full - 1)
    left = (progress.total - progress.rows) / progress.rate if progress.rate else 0.0
    return f"{bar} {share:4.0%}  {done} of {progress.total:,}  {rate}  {_clock(left)} left"


def _clock(seconds: float) -> str:
    whole = math.ceil(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d}"
