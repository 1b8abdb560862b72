"""``mlpack pack``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from mlpack.cli.options import Allow, Data, Json, Model, Quiet, RequireSandbox, Trust, TrustFile, Verbose, vouched
from mlpack.cli.password import ask_password
from mlpack.cli.render import Renderer
from mlpack.core.keys import PASSWORD_VARIABLE
from mlpack.core.view import Result


def pack(
    model: Model,
    *,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="NAME.mlpack", help="The bundle to write.")],
    data: Data = None,
    name: Annotated[str | None, typer.Option("--name", help="Name in the manifest, if not that of the bundle.")] = None,
    version: Annotated[str | None, typer.Option("--version", help="Version in the manifest.")] = None,
    format_: Annotated[
        Literal["onnx", "torchscript", "native"] | None,
        typer.Option("--format", help="Format of the model inside; native keeps the file as it is."),
    ] = None,
    sign: Annotated[
        Path | None,
        typer.Option(
            "--sign",
            metavar="KEY.pem",
            help=f"Sign the bundle with this private key. Its password is asked for, or read from {PASSWORD_VARIABLE}.",
        ),
    ] = None,
    trust: Trust = None,
    allow: Allow = None,
    trust_file: TrustFile = None,
    require_sandbox: RequireSandbox = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Pack a model into a bundle: converted, verified, with golden samples and a manifest.

    A bundle that is there is replaced, and the output says which; anything else there is refused.

    Example: mlpack pack digits.h5 -o digits.mlpack
    """
    password = ask_password(sign)

    def call() -> Result:
        from mlpack.bundle import pack as run

        return run(
            model,
            output,
            data=data,
            name=name,
            version=version,
            format=format_,
            **vouched(trust, allow, trust_file),
            sign=sign,
            password=password,
            require_sandbox=require_sandbox,
        )

    Renderer("pack", json=json, quiet=quiet, verbose=verbose).run(f"packing {model}", call)
