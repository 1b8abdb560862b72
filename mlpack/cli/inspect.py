"""``mlpack inspect``."""

from __future__ import annotations

from typing import Annotated

import typer

from mlpack.cli.options import Json, Model, Quiet, Verbose
from mlpack.cli.render import Renderer
from mlpack.core.view import Result


def inspect(
    model: Model,
    *,
    sha256: Annotated[
        bool, typer.Option("--sha256", help="Hash the file however large it is. Up to 1 GB it is always hashed.")
    ] = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Say what a model file is, without running anything in it.

    Format, framework, versions, signature, operators, size, and what loading it would take.

    Example: mlpack inspect churn.joblib
    """

    def call() -> Result:
        from mlpack.inspect import inspect as read

        return read(model, sha256=sha256)

    Renderer("inspect", json=json, quiet=quiet, verbose=verbose).run(f"reading {model}", call)
