"""What is wrong with a file: one finding for each thing that it would do, or lies about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Severity = Literal["error", "warning", "note"]
"""``error``: no model has business doing it. ``warning``: it needs the user's trust. ``note``: worth knowing."""

Verdict = Literal["safe", "unsafe", "needs-trust", "corrupt"]


@dataclass(frozen=True)
class Finding:
    """One finding of a scan.

    ``rule`` is the id of a rule (`mlpack.scan.rules`), ``member`` the part of the file that it is about (empty for the file
    itself), ``offset`` the byte in that part where it stands, ``hint`` what to do. ``use`` is the use of a name that it is
    about, as ``module:name:role``: allowing that use lifts it.
    """

    rule: str
    severity: Severity
    message: str
    member: str = ""
    offset: int | None = None
    hint: str = ""
    use: str = ""

    def to_json(self) -> dict[str, Any]:
        """The finding as JSON-ready values."""
        return {
            "rule": self.rule,
            "severity": self.severity,
            "message": self.message,
            "member": self.member or None,
            "offset": self.offset,
            "hint": self.hint,
            "use": self.use or None,
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Finding:
        """What `to_json` gave."""
        return cls(**{**document, "member": document["member"] or "", "use": document["use"] or ""})

    @property
    def place(self) -> str:
        """``data.pkl, byte 12``; empty where it is the whole file."""
        at = "" if self.offset is None else f"byte {self.offset:,}"
        return ", ".join(part for part in (self.member, at) if part)


def verdict_of(findings: Iterable[Finding]) -> Verdict:
    """``unsafe`` for an error, ``needs-trust`` for a warning, else ``safe``."""
    severities = {finding.severity for finding in findings}
    if "error" in severities:
        return "unsafe"
    return "needs-trust" if "warning" in severities else "safe"
