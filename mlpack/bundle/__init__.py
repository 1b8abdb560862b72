"""Packs a model into a bundle, and opens one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlpack.bundle.opening import Predictor
    from mlpack.bundle.result import PackResult


def pack(
    model: Any,
    path: str | Path,
    *,
    data: Any = None,
    sample: Any = None,
    name: str | None = None,
    version: str | None = None,
    format: str | None = None,
    rtol: float | None = None,
    atol: float | None = None,
    trust: Sequence[str] = (),
    allow: Sequence[str] = (),
    budget: float = 30.0,
    sign: str | Path | None = None,
    password: str | None = None,
    require_sandbox: bool = False,
) -> PackResult:
    """Convert ``model`` (a file, or a fitted model), prove it, and write the bundle ``path``.

    ``format`` is ``"onnx"``, ``"torchscript"`` or ``"native"`` (the file as it is); without it the first of these that the
    model can become. ``data`` and ``sample`` are two words for rows that the model meets in earnest, a file or
    arrays: give one.
    ``sign`` is a private elliptic-curve key in PEM: the bundle then holds ``model.sig``, for `mlpack.verify` with ``key``.
    ``password`` opens that key; without it the environment variable MLPACK_KEY_PASSWORD does. Two packs of one file are the
    same bytes but for ``model.sig``, because ECDSA draws a random number for every signature.
    A bundle at ``path`` is replaced, and the result says which; any other folder or file there is refused.
    The rest is as in `mlpack.verify`.

    Raises what `mlpack.convert` raises. Nothing is written then.
    """
    from mlpack.bundle.command import run_pack
    from mlpack.core.errors import UsageError
    from mlpack.core.trust_file import gathered

    if data is not None and sample is not None:
        raise UsageError("data and sample are two words for the same thing", hint="pass one of them")
    return run_pack(
        model,
        Path(path),
        data=data if sample is None else sample,
        name=name,
        version=version,
        format=format,
        wish=(rtol, atol),
        trust=gathered(trust, allow),
        budget=budget,
        sign=Path(sign) if sign is not None else None,
        password=password,
        require_sandbox=require_sandbox,
    )


def load(path: str | Path, *, trust: Sequence[str] = (), allow: Sequence[str] = ()) -> Predictor:
    """Open a bundle for prediction in this process: ``load("churn.mlpack").run(rows)``.

    ``trust`` names the SHA-256 of a model file that asks for code no list knows, in a native bundle. Raises UsageError,
    CorruptFileError, TrustError, MissingLibraryError.
    """
    from mlpack.bundle.opening import open_bundle
    from mlpack.core.trust_file import gathered

    return open_bundle(Path(path), gathered(trust, allow))
