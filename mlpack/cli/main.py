"""The program: its commands, and what happens when it is called in a way that cannot work."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from inspect import cleandoc
from typing import TYPE_CHECKING, Annotated

import typer

from mlpack.cli import (
    advise,
    batch,
    containerize,
    convert,
    doctor,
    formats,
    inspect,
    pack,
    scaffold,
    scan,
    serve,
    verify,
)
from mlpack.cli.init import init
from mlpack.cli.render import Renderer, drop_stdout
from mlpack.cli.trust import trust
from mlpack.core.errors import INTERRUPTED, UsageError

if TYPE_CHECKING:
    from mlpack.scaffold.split import Successor

_ClickException: type[Exception] = typer.BadParameter.__mro__[2]
"""Click's root error. Typer up to 0.2x imports click and later ones carry it inside: only this way finds it in both."""
_COMPLETION = ("--install-completion", "--show-completion")
_NO_SHELL = UsageError(
    "there is no completion for the shell that this was called from",
    why="bash, zsh, fish and PowerShell have one",
    hint="name the shell: _MLPACK_COMPLETE=source_bash mlpack",
)


def _flowing(docstring: str) -> str:
    """The help with each paragraph on one line: Typer would break it where the source does, and not where the terminal ends."""
    return "\n\n".join(" ".join(part.split()) for part in cleandoc(docstring).split("\n\n"))


app = typer.Typer(
    name="mlpack",
    help="From a trained model file to a service that is proven to give the same answers.",
    epilog="Start with: mlpack inspect MODEL",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _command in (
    *(inspect.inspect, scan.scan, convert.convert, verify.verify, pack.pack),
    *(serve.serve, batch.batch, scaffold.scaffold, containerize.containerize, formats.formats, doctor.doctor),
    advise.advise,
):
    app.command(help=_flowing(_command.__doc__ or ""))(_command)
app.add_typer(init)
app.add_typer(trust)


def _print_version(value: bool) -> None:  # noqa: FBT001 - the shape of a Typer callback
    if value:
        import mlpack

        typer.echo(f"mlpack {mlpack.__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _program(
    context: typer.Context,
    *,
    version: Annotated[  # noqa: ARG001 - its callback did the work
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), nl=False)


def run(arguments: Sequence[str] | None = None) -> None:
    """Run the program and exit with its code. ``arguments`` are those of the process unless given."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that has no "→" shows "?" and not a traceback
    try:
        code = app(
            given, prog_name="mlpack", standalone_mode=False, obj=_successor(given) if arguments is None else None
        )
    except _ClickException as error:
        code = _show_usage_error(error, given)
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except SystemExit as end:
        if not isinstance(end.__context__, BrokenPipeError):
            raise
        code = drop_stdout()  # help or a version, and the reader (`| head`) has seen enough
    if code == 1 and given and given[0] in _COMPLETION:
        code = Renderer("mlpack").fail(_NO_SHELL)
    sys.exit(code if isinstance(code, int) else 0)


def _successor(arguments: Sequence[str]) -> Successor | None:
    """For a program that was started to serve: the service, which gets ready from here on."""
    if arguments[:1] != ["serve"] or not {"-h", "--help"}.isdisjoint(arguments):
        return None
    from mlpack.scaffold.foresight import start_original
    from mlpack.scaffold.split import split

    successor = split()
    if not start_original(arguments[1:]):  # which takes longer: the service begins once that is on its way
        successor.begin()
    return successor


def _show_usage_error(error: Exception, arguments: Sequence[str]) -> int:
    """Show what Click found wrong in the words and the envelope of every other error."""
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "mlpack"
    message = error.format_message() if hasattr(error, "format_message") else str(error)
    message = message.replace("Value error, ", "")  # Pydantic's, by which Typer reads values
    renderer = Renderer(path.removeprefix("mlpack").strip() or "mlpack", json="--json" in arguments)
    return renderer.fail(UsageError(message[:1].lower() + message[1:].rstrip("."), hint=f"{path} --help"))
