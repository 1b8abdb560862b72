"""The arguments and options that commands share, each written once."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal, TypedDict

import typer

from mlpack.core.errors import UsageError
from mlpack.core.trust import NO_TRUST, Use
from mlpack.core.trust_file import named_trust_file

_SHA256 = re.compile(r"[0-9a-f]{64}")


def _sha256_digits(values: list[str] | None) -> list[str]:
    digests = [value.strip().lower() for value in values or []]
    for digest in digests:
        if not _SHA256.fullmatch(digest):
            raise typer.BadParameter(f"{digest!r} is not a SHA-256: 64 hexadecimal digits, as `mlpack inspect` shows")
    return digests


def _uses(values: list[str] | None) -> list[str]:
    try:
        return [str(Use.parse(value)) for value in values or []]
    except UsageError as error:
        raise typer.BadParameter(f"{error.message}: {error.why}") from error


class Vouched(TypedDict):
    """What a call vouches for, as the functions take it."""

    trust: list[str]
    allow: list[str]


def vouched(trust: list[str] | None, allow: list[str] | None, trust_file: Path | None) -> Vouched:
    """The ``trust`` and ``allow`` of a call: what the flags name, and what the trust file holds that they name.

    Raises UsageError.
    """
    named = named_trust_file(trust_file).trust if trust_file else NO_TRUST
    return {
        "trust": [*(trust or ()), *sorted(named.hashes)],
        "allow": [*(allow or ()), *sorted(map(str, named.allowed))],
    }


Model = Annotated[
    Path, typer.Argument(metavar="MODEL", help="A model file, a bundle, or an MLflow folder.", show_default=False)
]

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

Allow = Annotated[
    list[str] | None,
    typer.Option(
        "--allow",
        metavar="MODULE:NAME:ROLE",
        help="Allow this use of a name in any file, for this run. Roles: called, built, referred.",
        callback=_uses,
        show_default=False,
    ),
]
TrustFile = Annotated[
    Path | None,
    typer.Option(
        "--trust-file",
        metavar="FILE",
        help="A trust file (`mlpack trust`) beside your own: a project's is only used where it is named.",
        show_default=False,
    ),
]
RequireSandbox = Annotated[
    bool,
    typer.Option(
        "--require-sandbox", help="Load nothing unless Landlock and seccomp hold; `mlpack doctor` says whether they do."
    ),
]

_PACKING = "Packing of a model file"
PackingData = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="FILE",
        help="Your own rows: CSV, Parquet, NPZ, NPY or JSON lines.",
        rich_help_panel=_PACKING,
    ),
]
PackingName = Annotated[
    str | None, typer.Option("--name", help="Name of the model, if not that of its file.", rich_help_panel=_PACKING)
]
PackingFormat = Annotated[
    Literal["onnx", "torchscript", "native"] | None,
    typer.Option("--format", help="Format to serve it in; native keeps the file as it is.", rich_help_panel=_PACKING),
]

_OUTPUT = "Output"
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.", rich_help_panel=_OUTPUT)]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print the verdict only.", rich_help_panel=_OUTPUT)]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Show tracebacks and warnings.", rich_help_panel=_OUTPUT)
]
