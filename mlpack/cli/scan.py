"""``mlpack scan``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mlpack.cli.options import Allow, Json, Quiet, Trust, TrustFile, Verbose
from mlpack.cli.render import Renderer
from mlpack.core.errors import UsageError
from mlpack.core.view import Result


def scan(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH", help="Files, folders and bundles.", show_default=False)
    ],
    *,
    sarif: Annotated[
        str | None,
        typer.Option("--sarif", metavar="FILE", help="Write the findings as SARIF 2.1.0 too; - for stdout, alone."),
    ] = None,
    trust: Trust = None,
    allow: Allow = None,
    trust_file: TrustFile = None,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Judge model files before anything loads them: safe, unsafe, needs-trust or corrupt.

    Nothing in a file runs. Folders are searched; text, images and tables in them are passed over. Exits 4 if a file is
    unsafe, else 7 if one is corrupt, else 11 if one only needs trust.

    Example: mlpack scan models/ --sarif scan.sarif
    """

    def call() -> Result:
        from mlpack.audit import scan as judge

        if json and sarif == "-":
            raise UsageError("--json and --sarif - both want stdout", hint="give --sarif a file")
        file = None if sarif == "-" else sarif
        return judge(paths, trust=trust or (), allow=allow or (), trust_file=trust_file, sarif=file)

    document = _sarif if sarif == "-" and not json else None
    names = ", ".join(map(str, paths[:3])) + (" …" if len(paths) > 3 else "")
    Renderer("scan", json=json, quiet=quiet, verbose=verbose, document=document).run(f"scanning {names}", call)


def _sarif(report: Any) -> str:
    from mlpack.audit.command import sarif_bytes

    return sarif_bytes(report).decode()
