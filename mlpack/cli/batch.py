"""``mlpack batch``."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from mlpack.cli.options import Allow, Json, Model, Quiet, RequireSandbox, Trust, TrustFile, Verbose, vouched
from mlpack.cli.progress import Bar
from mlpack.cli.render import Renderer
from mlpack.cli.signals import ended_in_order
from mlpack.core.errors import INTERRUPTED, MlpackError

if TYPE_CHECKING:
    from mlpack.batch.result import BatchResult

_ROWS, _RUN = "Rows", "Run"

Input = Annotated[
    str,
    typer.Option(
        "--input",
        "-i",
        metavar="IN",
        help="Rows: a file, a folder, a glob in quotes, here or s3://.",
        show_default=False,
    ),
]
Output = Annotated[
    str,
    typer.Option(
        "--output",
        "-o",
        metavar="OUT",
        help="A file, by its ending, or a folder of parts (answers/).",
        show_default=False,
    ),
]
Format = Annotated[
    Literal["parquet", "csv", "arrow", "jsonl"] | None,
    typer.Option("--format", help="Format of OUT, if not that of its ending (parquet).", rich_help_panel=_ROWS),
]
Keep = Annotated[
    str | None,
    typer.Option(
        "--keep",
        metavar="COLUMNS",
        help="Columns of IN to write too: a,b or *. Those of CSV stay text.",
        rich_help_panel=_ROWS,
    ),
]
Limit = Annotated[
    int | None, typer.Option("--limit", metavar="N", help="Only the first N rows.", rich_help_panel=_ROWS)
]
OnError = Annotated[
    Literal["fail", "null", "quarantine"] | None,
    typer.Option(
        "--on-error",
        help="What becomes of a row that the model does not take, and of a line that is none (fail).",
        rich_help_panel=_ROWS,
    ),
]
Engine = Annotated[
    Literal["local", "ray"], typer.Option("--engine", help="This machine, or a Ray cluster.", rich_help_panel=_RUN)
]
Address = Annotated[
    str | None,
    typer.Option(
        "--address",
        metavar="A",
        help="Ray cluster: HOST:PORT, or auto for the one that runs here (RAY_ADDRESS, else one of its own).",
        rich_help_panel=_RUN,
    ),
]
Resume = Annotated[
    bool,
    typer.Option("--resume", help="Go on where a run of the same rows ended, with its options.", rich_help_panel=_RUN),
]
Force = Annotated[bool, typer.Option("--force", help="Write over what a run wrote.", rich_help_panel=_RUN)]
ChunkRows = Annotated[
    int | None,
    typer.Option("--chunk-rows", metavar="N", help="Rows read at a time (some 8 MB).", rich_help_panel=_RUN),
]
PartRows = Annotated[
    int | None,
    typer.Option("--part-rows", metavar="N", help="Most rows of a part (10 s of work).", rich_help_panel=_RUN),
]
BatchRows = Annotated[
    int | None,
    typer.Option("--batch-rows", metavar="N", help="Rows the model gets at once (the fastest).", rich_help_panel=_RUN),
]


def batch(  # noqa: PLR0913 - a parameter an option
    model: Model,
    *,
    input: Input,
    output: Output,
    format_: Format = None,
    keep: Keep = None,
    limit: Limit = None,
    on_error: OnError = None,
    engine: Engine = "local",
    address: Address = None,
    resume: Resume = False,
    force: Force = False,
    chunk_rows: ChunkRows = None,
    part_rows: PartRows = None,
    batch_rows: BatchRows = None,
    trust: Trust = None,
    allow: Allow = None,
    trust_file: TrustFile = None,
    require_sandbox: RequireSandbox = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Predict every row of files, in Parquet, CSV, Arrow or JSON lines, and write the answers to others.

    A run that was ended, however that was, goes on with --resume and ends with the same bytes. In CSV an empty cell is a
    missing value; NA and null are that in columns of numbers, and in columns of text they are text, with a warning.

    Example: mlpack batch churn.mlpack -i 'rows/*.parquet' -o answers/ --keep customer_id
    """
    bar = Bar("answering")
    renderer = Renderer("batch", json=json, quiet=quiet, verbose=verbose)

    def call() -> BatchResult:
        from mlpack.batch import batch as run

        with _stoppable(model):
            return run(
                model, input, output, engine=engine, address=address, resume=resume, force=force,
                keep=_names(keep), limit=limit, on_error=on_error, format=format_,
                chunk_rows=chunk_rows, part_rows=part_rows, batch_rows=batch_rows,
                **vouched(trust, allow, trust_file), require_sandbox=require_sandbox,
                tell=bar.tell, begun=renderer.tell,
            )  # fmt: skip

    with ended_in_order():
        renderer.run(bar, call)


@contextmanager
def _stoppable(model: Path) -> Iterator[None]:
    """Ctrl-C and SIGTERM leave what was written, and it is said how to go on."""
    try:
        yield
    except KeyboardInterrupt:
        raise _StoppedError("interrupted; the parts that were written stay", hint=_again(model)) from None


class _StoppedError(MlpackError):
    """The user pressed Ctrl-C, or the machine goes down, and what was written is of use."""

    exit_code = INTERRUPTED


def _names(keep: str | None) -> list[str]:
    return [name.strip() for name in (keep or "").split(",") if name.strip()]


def _again(model: Path) -> str:
    """The line for a shell that goes on, from the command line as it was; a run from Python has none, nor one with keys."""
    from mlpack.batch.places import redacted

    given = [one for one in sys.argv[1:] if one != "--force"]
    if str(model) not in given or any(redacted(one) != one for one in given):
        return "go on with --resume"
    return "go on with: " + shlex.join(["mlpack", *given, *([] if "--resume" in given else ["--resume"])])
