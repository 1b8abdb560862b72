"""``mlpack scaffold``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from mlpack.cli.options import (
    Allow,
    Json,
    Model,
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
from mlpack.core.view import Result

_SERVERS = "Other servers"


def scaffold(
    model: Model,
    *,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="The folder to write the project to.")],
    force: Annotated[
        bool, typer.Option("--force", help="Render anew what was rendered there; your edits stay as FILE.bak.")
    ] = False,
    no_lock: Annotated[
        bool, typer.Option("--no-lock", help="Pin versions without asking the index for hashes.")
    ] = False,
    export: Annotated[
        Literal["kserve", "triton", "mlserver"] | None,
        typer.Option("--export", help="Render the tree that this server loads instead.", rich_help_panel=_SERVERS),
    ] = None,
    storage_uri: Annotated[
        str | None,
        typer.Option("--storage-uri", metavar="URI", help="Where KServe will find it.", rich_help_panel=_SERVERS),
    ] = None,
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
    """Render the service of a model as a project of your own: what `mlpack serve` runs, and it runs without mlpack.

    A model file is packed first, into the cache. With --export it is the folder that another server loads: Triton's model
    repository, MLServer's, or KServe's InferenceService and its storage.

    Example: mlpack scaffold churn.mlpack -o churn-service
    """

    def call() -> Result:
        from mlpack.scaffold import scaffold as run

        return run(
            model,
            output,
            force=force,
            lock=not no_lock,
            export=export,
            storage_uri=storage_uri,
            data=data,
            name=name,
            format=format_,
            **vouched(trust, allow, trust_file),
            require_sandbox=require_sandbox,
        )

    Renderer("scaffold", json=json, quiet=quiet, verbose=verbose).run(f"rendering the service of {model}", call)
