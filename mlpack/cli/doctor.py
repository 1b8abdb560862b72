"""``mlpack doctor``."""

from __future__ import annotations

from mlpack.cli.options import Json, Quiet, Verbose
from mlpack.cli.render import Renderer
from mlpack.core.view import Result


def doctor(*, json: Json = False, quiet: Quiet = False, verbose: Verbose = False) -> None:
    """Show what is installed, what is missing, and how to get it.

    Example: mlpack doctor
    """

    def call() -> Result:
        from mlpack.doctor import doctor as examine

        return examine()

    Renderer("doctor", json=json, quiet=quiet, verbose=verbose).run("looking around", call)
