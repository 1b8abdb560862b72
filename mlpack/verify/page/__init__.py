"""A parity report as one page that holds everything it needs: no scripts, and nothing is fetched."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from importlib.resources import files

from mlpack.verify.page.details import environment, protection, what_was_left, what_was_tried, why_allowed
from mlpack.verify.page.element import Markup, joined, tag
from mlpack.verify.page.outputs import errors_by_output
from mlpack.verify.page.text import safe
from mlpack.verify.page.verdict import figures, parting, verdict
from mlpack.verify.page.worst import worst_inputs
from mlpack.verify.report import ParityReport


def to_html(report: ParityReport, *, made: datetime | None = None) -> str:
    """The HTML document of a report, made now or at ``made``. Whatever the models call their parts, nothing of it is markup."""
    body = joined(
        [
            verdict(report),
            figures(report),
            parting(report),
            errors_by_output(report),
            worst_inputs(report),
            what_was_tried(report),
            why_allowed(report),
            what_was_left(report),
            environment(report),
            protection(report),
        ]
    )
    return _document(
        f"{report.verdict}: {report.reference.path} and {report.candidate.path}", body, made or datetime.now(UTC)
    )


def _document(title: str, body: Markup, made: datetime) -> str:
    from mlpack import __version__

    styles = files("mlpack.verify.page").joinpath("styles.css").read_text(encoding="utf-8")
    policy = base64.b64encode(hashlib.sha256(styles.encode()).digest()).decode()
    day = f"{made:%Y-%m-%d %H:%M} UTC"
    foot = tag(
        "footer",
        Markup(f"Made by mlpack {safe(__version__)} on <time>{day}</time>. Nothing on this page is fetched, or runs."),
    )
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{policy}'; "
        "img-src data:; base-uri 'none'; form-action 'none'\">\n"
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n'
        f'<link rel="icon" href="data:,">\n<title>{safe(title)}</title>\n<style>{styles}</style>\n</head>\n'
        f"<body>\n<main>{body}</main>\n{foot}\n</body>\n</html>\n"
    )
