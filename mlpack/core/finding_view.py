"""Findings as lines for people: the rule, what and where, and what to do."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from shlex import quote

from mlpack.core.finding import Finding, Severity
from mlpack.core.view import Cell, Tone

MOST_SHOWN = 12
_MOST_USES = 3
_TONES: dict[Severity, Tone] = {"error": "bad", "warning": "warn", "note": "dim"}


def finding_facts(
    findings: Sequence[Finding], *, lifted: Collection[Finding] = (), more: str
) -> list[tuple[str, str | Cell]]:
    """A pair a finding, and its advice where that is another than before. ``lifted`` are those that the user allowed.

    ``more`` says where those are that are over `MOST_SHOWN`. What needs trust has no advice here: it is the same for the
    whole file.
    """
    facts: list[tuple[str, str | Cell]] = []
    advice = ""
    for finding in findings[:MOST_SHOWN]:
        allowed = finding in lifted
        facts.append((f"  {finding.rule}", _cell(finding, allowed=allowed)))
        if finding.severity != "warning" and not allowed and finding.hint not in {"", advice}:
            advice = finding.hint
            facts.append(("", Cell(advice, "dim")))
    left = len(findings) - MOST_SHOWN
    return [*facts, ("", Cell(f"and {left:,} more: {more}", "dim"))] if left > 0 else facts


def ways_to_trust(path: Path, findings: Sequence[Finding], sha256: str = "") -> list[str]:
    """What to type so that the file at ``path`` is loaded, for this run where ``sha256`` is given, and for good.

    ``findings`` are what stands against it. Where they are few, what they ask for can be allowed without trust in the file.
    """
    ways = []
    uses = [finding.use for finding in findings]
    if any(use.startswith("__main__:") for use in uses):  # no trust makes it importable
        names = ", ".join(use.split(":")[1] for use in uses if use.startswith("__main__:"))
        ways.append(
            f"{names} lives in a notebook or a script: move it into a module, and save the model again from there"
        )
        return ways
    if sha256:
        ways.append(f"if you know where it comes from: --trust {sha256}")
    ways.append(
        f"{'to keep that' if sha256 else 'if you know where it comes from'}: mlpack trust add {quote(str(path))}"
    )
    if uses and all(uses) and len(uses) <= _MOST_USES:
        ways.append(f"or allow that alone: {' '.join(f'--allow {quote(use)}' for use in uses)}")
    return ways


def one_line(text: str) -> str:
    """``text`` with its line breaks shown: a name in a file may hold some, and write lines of its own."""
    return text.replace("\r", "\\r").replace("\n", "\\n")


def _cell(finding: Finding, *, allowed: bool) -> Cell:
    place = f" ({finding.place})" if finding.place else ""
    text = one_line(f"{finding.message}{place}")
    return Cell(f"{text}: allowed by you", "dim") if allowed else Cell(text, _TONES[finding.severity])
