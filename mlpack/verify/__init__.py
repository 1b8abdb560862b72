"""Proves that one model answers as another does: the probes, the comparison, the tolerance, the report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

if TYPE_CHECKING:
    from mlpack.verify.report import ParityReport
    from mlpack.verify.signed import SignatureReport


@overload
def verify(
    reference: Any,
    candidate: str | Path,
    *,
    data: Any = None,
    rtol: float | None = None,
    atol: float | None = None,
    trust: Sequence[str] = (),
    allow: Sequence[str] = (),
    budget: float = 30.0,
    bisect: bool = False,
    report: str | Path | None = None,
    require_sandbox: bool = False,
) -> ParityReport: ...


@overload
def verify(reference: str | Path, *, key: str | Path) -> SignatureReport: ...


def verify(
    reference: Any,
    candidate: str | Path | None = None,
    *,
    data: Any = None,
    rtol: float | None = None,
    atol: float | None = None,
    trust: Sequence[str] = (),
    allow: Sequence[str] = (),
    budget: float = 30.0,
    bisect: bool = False,
    report: str | Path | None = None,
    key: str | Path | None = None,
    require_sandbox: bool = False,
) -> ParityReport | SignatureReport:
    """Hold ``candidate`` against ``reference`` and say PASS, FAIL or VACUOUS, with the reason.

    ``reference`` is a model file, a bundle, or a fitted model itself; ``candidate`` a model file, a bundle, or the address of
    a running service that speaks the Open Inference Protocol: ``http://``, ``https://``, ``grpc://`` or ``grpcs://``, host and
    port, and ``/v2/models/NAME`` where it serves several. The environment variable MLPACK_API_KEY is its key. An image,
    ``docker://name:tag``, is started for the comparison and removed after it.

    ``data`` is a file (CSV, Parquet, NPZ, NPY, JSON lines) or arrays: what the model meets in earnest. ``rtol`` and ``atol``
    replace the derived tolerance. ``trust`` holds the SHA-256 of files that may run the code they carry, ``allow`` uses of
    names (``module:name:role``) that any file may make. ``budget`` is in seconds a side. ``bisect`` looks for the first
    layer where the two part. ``report`` writes an HTML page, JSON or JUnit XML, by its ending.
    ``require_sandbox`` loads nothing where this machine cannot put the whole sandbox around it.

    With ``key``, a public key in PEM, no models are compared: ``reference`` is a signed bundle, and the answer is a
    SignatureReport once the signature is by that key and every file in the bundle is as it was signed.

    Raises UsageError, DataError, CorruptFileError, TrustError, MissingLibraryError; with ``key`` UnsafeFileError, which
    names every file that differs.
    """
    from mlpack.core.trust_file import gathered
    from mlpack.verify.command import run_verify

    if key is not None:
        return _check_signature(reference, Path(key), (candidate, data, rtol, atol, report, bisect or None))
    return run_verify(
        reference,
        _given(candidate),
        data=data,
        wish=(rtol, atol),
        trust=gathered(trust, allow),
        budget=budget,
        bisect=bisect,
        report=report,
        require_sandbox=require_sandbox,
    )


def _check_signature(bundle: Any, key: Path, of_a_comparison: Sequence[Any]) -> SignatureReport:
    from mlpack.core.errors import UsageError
    from mlpack.verify.signed import check_signature

    if not isinstance(bundle, str | Path) or any(value is not None for value in of_a_comparison):
        raise UsageError(
            "a key checks the signature of one bundle, and compares no models",
            why="a candidate, rows, tolerances, a report and bisecting are for a comparison",
            hint="mlpack verify BUNDLE --key PUBLIC.pem; then compare without --key",
        )
    return check_signature(Path(bundle), key)


def _given(candidate: str | Path | None) -> str | Path:
    from mlpack.core.errors import UsageError

    if candidate is None:
        raise UsageError(
            "there is no candidate to compare with the reference",
            hint="mlpack verify REFERENCE CANDIDATE; to check a signature: mlpack verify BUNDLE --key PUBLIC.pem",
        )
    return candidate
