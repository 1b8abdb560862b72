"""``mlpack verify``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from mlpack.cli.options import (
    Allow,
    Atol,
    Budget,
    Data,
    Json,
    Quiet,
    RequireSandbox,
    Rtol,
    Trust,
    TrustFile,
    Verbose,
    vouched,
)
from mlpack.cli.render import Renderer
from mlpack.cli.signals import ended_in_order
from mlpack.core.view import Result

Candidate = Annotated[
    str | None,
    typer.Argument(
        metavar="CANDIDATE",
        help="The model that has to answer the same: a file, a bundle, a running service, by its address "
        "(http://, https://, grpc:// or grpcs://), or an image (docker://NAME:TAG), which is started and removed.",
        show_default=False,
    ),
]
Key = Annotated[
    Path | None,
    typer.Option(
        "--key", metavar="PUBLIC.pem", help="Check the signature of the bundle REFERENCE, instead of comparing models."
    ),
]


def verify(
    reference: Annotated[str, typer.Argument(metavar="REFERENCE", help="The model whose answers are right.")],
    candidate: Candidate = None,
    *,
    data: Data = None,
    report: Annotated[
        Path | None,
        typer.Option(
            "--report", metavar="FILE", help="Write the report: .html, a page to look at; .json; or .xml for JUnit."
        ),
    ] = None,
    bisect: Annotated[bool, typer.Option("--bisect", help="Name the first layer or step where they part.")] = False,
    rtol: Rtol = None,
    atol: Atol = None,
    budget: Budget = 30.0,
    key: Key = None,
    trust: Trust = None,
    allow: Allow = None,
    trust_file: TrustFile = None,
    require_sandbox: RequireSandbox = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
) -> None:
    """Compare two models on inputs from cheap to cruel: PASS, FAIL or VACUOUS.

    Exits 3 unless the verdict is PASS. With --key: SIGNED, or exit 4. A service speaks the Open Inference Protocol;
    MLPACK_API_KEY is its key, where it wants one.

    Example: mlpack verify digits.h5 digits.onnx --report parity.html

    Example: mlpack verify digits.h5 http://127.0.0.1:8080

    Example: mlpack verify digits.h5 docker://digits:1
    """

    def call() -> Result:
        from mlpack.verify import verify as compare_or_check

        run: Callable[..., Result] = compare_or_check
        return run(
            reference,
            candidate,
            data=data,
            rtol=rtol,
            atol=atol,
            **vouched(trust, allow, trust_file),
            budget=budget,
            bisect=bisect,
            report=report,
            key=key,
            require_sandbox=require_sandbox,
        )

    doing = f"checking {reference}" if key else f"comparing {reference} with {candidate}"
    with ended_in_order():
        Renderer("verify", json=json, quiet=quiet, verbose=verbose).run(doing, call)
