"""``mlpack trust``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mlpack.cli.options import Json, Quiet, Verbose
from mlpack.cli.render import Renderer
from mlpack.core.view import Result

trust = typer.Typer(
    name="trust",
    help="Keep the files that you vouch for, by their SHA-256, in a trust file: your own, or one of a project.",
)

_Where = Annotated[
    Path | None,
    typer.Option(
        "--file",
        metavar="TRUSTFILE",
        help="The trust file, instead of that of MLPACK_TRUST_FILE or your own.",
        show_default=False,
    ),
]
_Uses = Annotated[
    list[str] | None,
    typer.Option(
        "--use",
        metavar="MODULE:NAME:ROLE",
        help="A use of a name, for any file. Roles: called, built, referred.",
        show_default=False,
    ),
]


@trust.callback(invoke_without_command=True)
def _group(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), nl=False)


@trust.command()
def add(
    items: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FILE|SHA256]...", help="Model files, or their SHA-256.", show_default=False),
    ] = None,
    *,
    use: _Uses = None,
    note: Annotated[str, typer.Option("--note", metavar="TEXT", help="Where it comes from, for those who ask.")] = "",
    file: _Where = None,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Vouch for files: they may run the code that they carry when they are loaded.

    Each is scanned first. What opens without trust is not added; what is unsafe is refused.

    Example: mlpack trust add churn.pkl --note "trained by the risk team"
    """

    def call() -> Result:
        from mlpack.audit.vouching import add_trust

        return add_trust(items or [], uses=use or [], note=note, file=file)

    doing = f"scanning {', '.join(items)}" if items else "writing"
    Renderer("trust add", json=json, quiet=quiet, verbose=verbose).run(doing, call)


@trust.command("list")
def list_(*, file: _Where = None, json: Json = False, quiet: Quiet = False, verbose: Verbose = False) -> None:
    """Show what is trusted.

    Example: mlpack trust list
    """

    def call() -> Result:
        from mlpack.audit.vouching import list_trust

        return list_trust(file)

    Renderer("trust list", json=json, quiet=quiet, verbose=verbose).run("reading", call)


@trust.command()
def remove(
    items: Annotated[
        list[str] | None,
        typer.Argument(metavar="[FILE|SHA256]...", help="Files, SHA-256, or names in the list.", show_default=False),
    ] = None,
    *,
    use: _Uses = None,
    file: _Where = None,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Take trust back.

    Example: mlpack trust remove churn.pkl
    """

    def call() -> Result:
        from mlpack.audit.vouching import remove_trust

        return remove_trust(items or [], uses=use or [], file=file)

    Renderer("trust remove", json=json, quiet=quiet, verbose=verbose).run("writing", call)
