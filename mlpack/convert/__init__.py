"""Finds the route through the converters, runs it, and keeps the first result that answers like the original."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlpack.convert.result import ConversionResult

SOURCE = "mlpack.convert.source:Source"
"""What lives in the worker that opens an original and converts it."""


def convert(
    model: Any,
    output: str | Path,
    *,
    to: str | None = None,
    data: Any = None,
    opset: int | None = None,
    rtol: float | None = None,
    atol: float | None = None,
    trust: Sequence[str] = (),
    allow: Sequence[str] = (),
    verify: bool = True,
    budget: float = 30.0,
    require_sandbox: bool = False,
    force: bool = False,
) -> ConversionResult:
    """Convert a model file (or a fitted model) and write ``output`` only when the result answers like the original.

    ``to`` names the format where the ending of ``output`` does not. ``opset`` is ONNX's. The rest is as in
    `mlpack.verify`. With ``verify=False`` the file is written and marked UNVERIFIED.
    A file at ``output`` is replaced where mlpack converted it; any other only with ``force``.

    Raises ParityError (with the report) when every variant changes the answers, NoRouteError, UnsupportedOperatorError,
    and what loading raises. Nothing is written then.
    """
    from mlpack.convert.command import run_convert
    from mlpack.core.trust_file import gathered

    return run_convert(
        model,
        Path(output),
        to=to,
        data=data,
        opset=opset,
        wish=(rtol, atol),
        trust=gathered(trust, allow),
        verify=verify,
        budget=budget,
        require_sandbox=require_sandbox,
        force=force,
    )
