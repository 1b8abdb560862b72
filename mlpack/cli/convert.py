"""``mlpack convert``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mlpack.cli.options import (
    Allow,
    Atol,
    Budget,
    Data,
    Json,
    Model,
    Quiet,
    RequireSandbox,
    Rtol,
    Trust,
    TrustFile,
    Verbose,
    vouched,
)
from mlpack.cli.render import Renderer
from mlpack.core.view import Result


def convert(  # noqa: PLR0913 - a parameter an option
    model: Model,
    *,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="OUT", help="The file to write.")],
    to: Annotated[
        str | None, typer.Option("--to", metavar="FORMAT", help="Its format, when the ending of OUT does not tell.")
    ] = None,
    data: Data = None,
    opset: Annotated[int | None, typer.Option("--opset", min=1, metavar="N", help="ONNX opset to write.")] = None,
    rtol: Rtol = None,
    atol: Atol = None,
    no_verify: Annotated[
        bool, typer.Option("--no-verify", help="Write OUT without proof and mark it UNVERIFIED.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Write over OUT though mlpack did not write what is there.")
    ] = False,
    budget: Budget = 30.0,
    trust: Trust = None,
    allow: Allow = None,
    trust_file: TrustFile = None,
    require_sandbox: RequireSandbox = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Convert a model to another format and prove that it gives the same answers.

    OUT is written only when parity holds. A former conversion there is replaced; anything else is not, unless --force.

    Example: mlpack convert digits.h5 -o digits.onnx
    """

    def call() -> Result:
        from mlpack.convert import convert as run

        return run(
            model,
            output,
            to=to,
            data=data,
            opset=opset,
            rtol=rtol,
            atol=atol,
            **vouched(trust, allow, trust_file),
            verify=not no_verify,
            budget=budget,
            require_sandbox=require_sandbox,
            force=force,
        )

    Renderer("convert", json=json, quiet=quiet, verbose=verbose).run(f"converting {model}", call)
