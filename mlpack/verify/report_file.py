"""A parity report as a file: JSON, JUnit XML, or a page, by the ending of its name."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path

from mlpack.core.errors import OutputError, UsageError
from mlpack.core.publish import publish_bytes
from mlpack.runtime.manifest import is_bundle
from mlpack.verify.report import ParityReport

_PAGE = (".html", ".htm")
_END = 4096
_MOST_BYTES = 256 << 20
_KEYS = frozenset({"verdict", "reason", "reference", "candidate", "probes"})


def writer_for(path: Path) -> Callable[[ParityReport], None]:
    """What writes a report to ``path``, by its ending. Called before any work is done.

    A former report there is replaced. Raises UsageError for another ending and where anything else is there, OutputError.
    """
    if path.suffix.lower() not in _KINDS:
        raise UsageError(f"{path.name} has no ending of a report", hint="--report FILE.html, FILE.json or FILE.xml")
    if not path.parent.is_dir():
        raise OutputError(f"the folder {path.parent} does not exist", hint=f"mkdir -p {shlex.quote(str(path.parent))}")
    if path.is_dir():
        raise UsageError(f"{path} is a folder", hint=f"name a file: --report {shlex.quote(str(path / 'parity.html'))}")
    if is_bundle(path.parent):
        raise UsageError(
            f"{path} would lie in a bundle",
            why="a bundle with a file that its manifest does not list is damaged",
            hint="name a place outside it with --report",
        )
    render, recognised = _KINDS[path.suffix.lower()]
    if path.exists() and path.stat().st_size and not recognised(path):
        raise UsageError(
            f"{path} is there already, and no report of mlpack",
            why="it would be gone; only a former report is replaced",
            hint="name another file with --report, or remove this one first",
        )
    return lambda report: publish_bytes(render(report), path)


def is_page(path: Path) -> bool:
    """Whether a report with this name is a page."""
    return path.suffix.lower() in _PAGE


def to_json(report: ParityReport) -> bytes:
    """The report as a JSON document."""
    return json.dumps(report.to_json(), indent=2, allow_nan=False).encode() + b"\n"


def _junit(report: ParityReport) -> bytes:
    from mlpack.verify.junit import to_junit

    return to_junit(report.to_json()).encode()


def _page(report: ParityReport) -> bytes:
    from mlpack.verify.page import to_html

    return to_html(report).encode()


def _is_json(path: Path) -> bool:
    if path.stat().st_size > _MOST_BYTES:
        return False
    try:
        found = json.loads(path.read_bytes())
    except (ValueError, RecursionError, OSError):
        return False
    return isinstance(found, dict) and found.keys() >= _KEYS


def _is_junit(path: Path) -> bool:
    from mlpack.verify.junit import SUITE

    return f'<testsuites name="{SUITE}"' in _part(path, 0)


def _is_page(path: Path) -> bool:
    return "<footer>Made by mlpack " in _part(path, max(0, path.stat().st_size - _END))


def _part(path: Path, offset: int) -> str:
    with path.open("rb") as file:
        file.seek(offset)
        return file.read(_END).decode(errors="replace")


_KINDS: Mapping[str, tuple[Callable[[ParityReport], bytes], Callable[[Path], bool]]] = {
    ".json": (to_json, _is_json),
    ".xml": (_junit, _is_junit),
    **dict.fromkeys(_PAGE, (_page, _is_page)),
}
"""By the ending: what renders a report, and what knows one that was written before."""
