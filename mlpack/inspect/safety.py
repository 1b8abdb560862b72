"""What a scan says of a file, at the end of what an inspection shows."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from mlpack.core.finding import Finding, verdict_of
from mlpack.core.finding_view import finding_facts, ways_to_trust
from mlpack.core.view import Block, Facts, Line


def safety(path: Path, findings: Sequence[Finding]) -> list[Block]:
    """The verdict, its reasons, and the command that vouches for ``path`` where that is all it takes."""
    verdict = verdict_of(findings)
    if verdict == "safe":
        return [Line("safe: loading it runs no code that came with it", "good")]
    name = shlex.quote(str(path))
    held = [finding for finding in findings if finding.severity != "note"]
    reasons = Facts(finding_facts(held, more=f"mlpack scan {name}"))
    if verdict == "unsafe":
        return [Line("unsafe: mlpack never loads it", "bad"), reasons]
    return [
        Line("needs-trust: loading it would run what no list of mlpack knows", "warn"),
        reasons,
        *(Line(way) for way in ways_to_trust(path, held)),
    ]
