"""The arguments and options that commands share, each written once."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

_SHA256 = re.compile(r"[0-9a-f]{64}")


def _sha256_digits(values: list[str] | None) -> list[str]:
    digests = [value.strip().lower() for value in values or []]
    for digest in digests:
        if not _SHA256.fullmatch(digest):
            raise typer.BadParameter(f"{digest!r} is not a SHA-256: 64 hexadecimal digits, as `mlpack inspect` shows")
    return digests


Model = Annotated[Path, typer.Argument(metavar="MODEL", help="A model file, or a bundle.", show_default=False)]

Data = Annotated[
    Path | None,
    typer.Option("--data", metavar="FILE", help="Your own rows: CSV, Parquet, NPZ, NPY or JSON lines."),
]
Rtol = Annotated[
    float | None, typer.Option("--rtol", min=0, metavar="X", help="Relative tolerance, instead of the derived one.")
]
Atol = Annotated[
    float | None, typer.Option("--atol", min=0, metavar="X", help="Absolute tolerance, instead of the derived one.")
]
Budget = Annotated[float, typer.Option("--budget", min=0, metavar="SECONDS", help="Time for verification, each side.")]
Trust = Annotated[
    list[str] | None,
    typer.Option(
        "--trust",
        metavar="SHA256",
        help="Allow this very file to run the code it carries when it is loaded. May be given more than once.",
        callback=_sha256_digits,
        show_default=False,
    ),
]

_OUTPUT = "Output"
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.", rich_help_panel=_OUTPUT)]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print the verdict only.", rich_help_panel=_OUTPUT)]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Show tracebacks and warnings.", rich_help_panel=_OUTPUT)
]
