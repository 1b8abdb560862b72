"""Proves that one model answers as another does: the probes, the comparison, the tolerance, the report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlpack.verify.report import ParityReport


def verify(
    reference: Any,
    candidate: str | Path,
    *,
    data: Any = None,
    rtol: float | None = None,
    atol: float | None = None,
    trust: Sequence[str] = (),
    budget: float = 30.0,
    bisect: bool = False,
    report: str | Path | None = None,
) -> ParityReport:
    """Hold ``candidate`` against ``reference`` and say PASS, FAIL or VACUOUS, with the reason.

    ``reference`` is a model file, a bundle, or a fitted model itself; ``candidate`` a model file or a bundle. ``data``
    is a file (CSV, Parquet, NPZ, NPY, JSON lines) or arrays: what the model meets in earnest. ``rtol`` and ``atol``
    replace the derived tolerance. ``trust`` holds the SHA-256 of pickled files that may be loaded. ``budget`` is in
    seconds a side. ``bisect`` looks for the first layer where the two part. ``report`` writes JSON or JUnit XML, by
    its ending.

    Raises UsageError, DataError, CorruptFileError, TrustError, MissingLibraryError.
    """
    from mlpack.verify.command import run_verify

    return run_verify(
        reference,
        candidate,
        data=data,
        wish=(rtol, atol),
        trust=trust,
        budget=budget,
        bisect=bisect,
        report=report,
    )
