"""What a converted file says of where it comes from. The same input gives the same words: no dates, no paths."""

from __future__ import annotations

import mlpack
from mlpack.convert.routes import Route
from mlpack.verify.report import ParityReport
from mlpack.verify.subject import Subject

VERDICT = "mlpack.verdict"


def provenance(subject: Subject, route: Route) -> dict[str, str]:
    """The facts known before the conversion: the source and the route. The worker adds the variant and the signature."""
    return {
        "mlpack.version": mlpack.__version__,
        "mlpack.source": subject.path.name if subject.path else type(subject.model).__qualname__,
        "mlpack.source_sha256": subject.sha256,
        "mlpack.source_format": subject.format.name if subject.format else "object",
        "mlpack.route": str(route),
    }


def proof(report: ParityReport | None) -> dict[str, str]:
    """The facts known after it: the verdict and the worst error."""
    if report is None:
        return {VERDICT: "UNVERIFIED"}
    return {VERDICT: report.verdict, "mlpack.max_abs_error": f"{report.max_abs:.3g}"}
