"""``mlpack advise``."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from mlpack.cli.options import (
    Allow,
    Json,
    PackingData,
    PackingFormat,
    PackingName,
    Quiet,
    RequireSandbox,
    Trust,
    TrustFile,
    Verbose,
    vouched,
)
from mlpack.cli.render import Renderer
from mlpack.cli.signals import ended_in_order
from mlpack.cli.spinner import Spinner
from mlpack.core.errors import UsageError
from mlpack.core.view import Result

_CALLERS, _LOAD, _MONEY = "Callers", "Load", "Machines"

Model = Annotated[
    Path | None,
    typer.Argument(metavar="MODEL", help="A model file or a bundle, which is measured here.", show_default=False),
]
Audience = Annotated[
    Literal["public", "internal"] | None,
    typer.Option("--audience", help="Who calls (internal).", rich_help_panel=_CALLERS, show_default=False),
]
Languages = Annotated[
    str | None,
    typer.Option(
        "--languages",
        metavar="A,B",
        help="What callers are written in (python); browser, curl and other count too.",
        rich_help_panel=_CALLERS,
        show_default=False,
    ),
]
LatencyMs = Annotated[
    float | None,
    typer.Option("--latency-ms", metavar="N", help="Longest wait (100); 0: nobody waits.", rich_help_panel=_CALLERS),
]
Clients = Annotated[
    int | None, typer.Option("--clients", metavar="N", help="Callers at a time (10).", rich_help_panel=_CALLERS)
]
RowsPerDay = Annotated[
    int | None, typer.Option("--rows-per-day", metavar="N", help="Rows a day (100,000).", rich_help_panel=_LOAD)
]
RowsPerRequest = Annotated[
    int | None, typer.Option("--rows-per-request", metavar="N", help="Rows of a request (1).", rich_help_panel=_LOAD)
]
BulkRows = Annotated[
    int | None,
    typer.Option("--bulk-rows", metavar="N", help="Rows beside, there at once each day (0).", rich_help_panel=_LOAD),
]
Streaming = Annotated[
    bool | None,
    typer.Option("--streaming/--no-streaming", help="Rows come as a steady stream.", rich_help_panel=_LOAD),
]
Images = Annotated[
    bool | None,
    typer.Option("--images/--no-images", help="A row has thousands of numbers.", rich_help_panel=_LOAD),
]
PeakFactor = Annotated[
    float | None,
    typer.Option("--peak-factor", metavar="X", help="Peak over average rate (3).", rich_help_panel=_LOAD),
]
Price = Annotated[
    float | None,
    typer.Option("--price-per-hour", metavar="X", help="Price of a machine (0.1).", rich_help_panel=_MONEY),
]
Processors = Annotated[
    int | None,
    typer.Option("--processors", metavar="N", help="Processors of that machine (2).", rich_help_panel=_MONEY),
]
Seconds = Annotated[
    float, typer.Option("--seconds", metavar="X", help="Time for each measurement of MODEL.", rich_help_panel=_MONEY)
]
Yes = Annotated[bool, typer.Option("--yes", "-y", "--no-input", help="Ask nothing; assume what is not said.")]

_QUESTIONS: tuple[tuple[str, str, Any], ...] = (
    ("audience", "Who calls it: internal or public", "internal"),
    ("latency_ms", "How long may a caller wait, in ms (0: nobody waits)", 100.0),
    ("rows_per_day", "How many rows a day", 100_000),
    ("rows_per_request", "How many rows in a request", 1),
    ("bulk_rows", "How many rows beside these are there at once, each day", 0),
    ("clients", "How many callers at a time", 10),
    ("languages", "What are the callers written in (such as python,java,browser)", "python"),
    ("streaming", "Do rows come as a steady stream", False),
)


def advise(  # noqa: PLR0913 - a parameter an option
    model: Model = None,
    *,
    audience: Audience = None,
    languages: Languages = None,
    latency_ms: LatencyMs = None,
    clients: Clients = None,
    rows_per_day: RowsPerDay = None,
    rows_per_request: RowsPerRequest = None,
    bulk_rows: BulkRows = None,
    streaming: Streaming = None,
    images: Images = None,
    peak_factor: PeakFactor = None,
    price_per_hour: Price = None,
    processors: Processors = None,
    seconds: Seconds = 2.0,
    yes: Yes = False,
    data: PackingData = None,
    name: PackingName = None,
    format_: PackingFormat = None,
    trust: Trust = None,
    allow: Allow = None,
    trust_file: TrustFile = None,
    require_sandbox: RequireSandbox = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Say how to serve a model: REST or gRPC, real time or batch, which format, how many replicas, and what to type.

    What is not said is asked on a terminal, and assumed elsewhere. A MODEL is served and timed on this machine.

    Example: mlpack advise churn.mlpack --latency-ms 20 --rows-per-day 5000000
    """
    said: dict[str, Any] = {
        "audience": audience, "latency_ms": latency_ms, "rows_per_day": rows_per_day, "rows_per_request": rows_per_request,
        "bulk_rows": bulk_rows, "clients": clients, "languages": languages, "streaming": streaming, "images": images,
        "peak_factor": peak_factor, "price_per_hour": price_per_hour, "processors": processors,
    }  # fmt: skip
    if not (yes or json or quiet) and sys.stdin.isatty() and sys.stderr.isatty():
        said = _asked(said)
    renderer = Renderer("advise", json=json, quiet=quiet, verbose=verbose)
    spinner = Spinner("thinking" if model is None else f"measuring {model}")

    def call() -> Result:
        from mlpack.advise import advise as run

        vouching, tell = vouched(trust, allow, trust_file), _teller(renderer, spinner)
        packing: dict[str, Any] = {"data": data, "name": name, "format": format_, "require_sandbox": require_sandbox}
        return run(model, **said, seconds=seconds, **packing, **vouching, tell=tell)

    with ended_in_order():  # the service that is measured does not outlive us
        renderer.run(spinner, call)


def _asked(said: dict[str, Any]) -> dict[str, Any]:
    """``said``, and for what nobody said an answer from the terminal. Questions go to stderr: stdout is for the advice."""
    answers = dict(said)
    open_ones = [question for question in _QUESTIONS if said[question[0]] is None]
    with contextlib.redirect_stdout(
        sys.stderr
    ):  # a prompt writes its last space to stdout, also where it is for stderr
        for name, question, default in open_ones:
            if isinstance(default, bool):
                answers[name] = typer.confirm(question, default=default, err=True)
            else:
                answers[name] = typer.prompt(question, default=default, value_proc=_checked(name, default), err=True)
    return answers


def _checked(name: str, default: Any) -> Callable[[Any], Any]:
    """Takes what is typed for ``name``; what cannot be is asked again, and not told after the last question."""

    def check(typed: Any) -> Any:
        from mlpack.advise.answers import answers_of

        try:
            value = type(default)(typed)
            answers_of({name: value}, {})
        except ValueError as error:
            raise typer.BadParameter(f"{typed!r} is no number") from error
        except UsageError as error:
            raise typer.BadParameter("; ".join(part for part in (error.message, error.why) if part)) from error
        return value

    return check


def _teller(renderer: Renderer, spinner: Spinner) -> Callable[[str], None]:
    """Steps turn on a terminal; elsewhere each is a line, for a measurement takes some seconds."""
    return spinner.say if sys.stderr.isatty() else renderer.tell
