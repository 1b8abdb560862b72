"""``mlpack formats``."""

from __future__ import annotations

from mlpack.cli.options import Json, Quiet, Verbose
from mlpack.cli.render import Renderer
from mlpack.core.view import Result


def formats(*, json: Json = False, quiet: Quiet = False, verbose: Verbose = False) -> None:
    """Show which format converts to which, and which of these routes work on this machine.

    Example: mlpack formats
    """

    def call() -> Result:
        from mlpack.convert.matrix import conversion_matrix

        return conversion_matrix()

    Renderer("formats", json=json, quiet=quiet, verbose=verbose).run("looking for routes", call)
