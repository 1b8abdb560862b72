"""Predicts millions of rows from files to files: on this machine, or on a Ray cluster."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from mlpack.batch.progress import Progress
    from mlpack.batch.result import BatchResult


def batch(  # noqa: PLR0913 - a parameter an option of the command
    model: str | Path,
    input: str | Path,
    output: str | Path,
    *,
    engine: Literal["local", "ray"] = "local",
    address: str | None = None,
    resume: bool = False,
    force: bool = False,
    keep: Sequence[str] = (),
    limit: int | None = None,
    on_error: Literal["fail", "null", "quarantine"] | None = None,
    format: Literal["parquet", "csv", "arrow", "jsonl"] | None = None,
    chunk_rows: int | None = None,
    part_rows: int | None = None,
    batch_rows: int | None = None,
    trust: Sequence[str] = (),
    allow: Sequence[str] = (),
    require_sandbox: bool = False,
    tell: Callable[[Progress], None] | None = None,
    begun: Callable[[str], None] | None = None,
) -> BatchResult:
    """Predict every row of ``input`` with ``model``, a bundle or a model file, and write ``output``.

    ``input`` is a Parquet, CSV, Arrow or JSON lines file, a folder of such files or a glob, here or in a store
    (``s3://bucket/rows/*.parquet``). ``output`` is a file, or a folder that gets a file for every part, of at most
    ``part_rows`` rows; ``format`` is by its ending, else Parquet. Columns are matched by name with the model's before any work;
    ``keep`` names columns of the input that go along (``"*"`` for all). Rows are read ``chunk_rows`` at a time (by default some
    8 MB), the model gets ``batch_rows`` of these (the number that is fastest here), and a part is about ten seconds of work.

    A row that the model does not take ends the run (``on_error`` is ``"fail"``, as where it is None), gets nulls (``"null"``),
    or is set aside (``"quarantine"``). With ``resume`` a run that was ended goes on after its last part, and with its options;
    ``force`` writes over what is there. ``address`` is that of a Ray cluster, or ``"auto"``, the one that runs here; without,
    it is in RAY_ADDRESS, or one is started. ``tell`` hears of the progress, ``begun`` before a model file is packed.

    Raises DataError where the input does not fit the model, UsageError, OutputError, MissingLibraryError, and what
    `mlpack.pack` raises of a model file.
    """
    from mlpack.batch.command import run_batch
    from mlpack.batch.job import Job
    from mlpack.core.trust_file import gathered

    job = Job(
        model=Path(model),
        input=str(input),
        output=str(output),
        engine=engine,
        address=address,
        resume=resume,
        force=force,
        keep=tuple(keep),
        limit=limit,
        on_error=on_error,
        format=format,
        chunk_rows=chunk_rows,
        part_rows=part_rows,
        batch_rows=batch_rows,
    )
    return run_batch(job, gathered(trust, allow), require_sandbox=require_sandbox, tell=tell, begun=begun)
