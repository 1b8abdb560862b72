"""What a conversion came to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from mlpack.core.errors import ParityError
from mlpack.core.view import Block, Facts, Line, Shown, Table
from mlpack.isolate.protection import AT_HAND, Protection
from mlpack.verify.report import ParityReport


@dataclass(frozen=True)
class Refusal:
    """A variant that was not kept, and why."""

    variant: str
    reason: str
    max_abs: float | None = None


@dataclass(frozen=True, repr=False)
class ConversionResult(Shown):
    """A written file with the proof that it answers like the original, or why none was written.

    ``output`` is None when every variant was refused. ``report`` is None when verification was switched off.
    """

    command: ClassVar[str] = "convert"

    source: str
    source_format: str
    framework: str
    target_format: str
    route: str
    output: str | None
    sha256: str = ""
    files: tuple[str, ...] = ()
    size: int = 0
    variant: str = ""
    summary: str = ""
    report: ParityReport | None = None
    refused: tuple[Refusal, ...] = ()
    sandbox: Protection = AT_HAND
    """What was in force in every worker that took part: the weakest."""
    seconds: float = 0.0
    replaced: str = ""
    """What was at ``output`` before, in words."""

    @property
    def verdict(self) -> str:
        """PASS, FAIL, VACUOUS or UNVERIFIED."""
        return self.report.verdict if self.report else "UNVERIFIED"

    @property
    def exit_code(self) -> int:
        """0 when the file was written."""
        return 0 if self.output else ParityError.exit_code

    def to_json(self) -> dict[str, Any]:
        """The result as JSON-ready values."""
        return {
            "verdict": self.verdict,
            "source": self.source,
            "source_format": self.source_format,
            "framework": self.framework,
            "target_format": self.target_format,
            "route": self.route,
            "output": self.output,
            "sha256": self.sha256,
            "files": list(self.files),
            "size": self.size,
            "variant": self.variant,
            "summary": self.summary,
            "refused": [asdict(refusal) for refusal in self.refused],
            "report": self.report.to_json() if self.report else None,
            "sandbox": self.sandbox.to_json(),
            "seconds": round(self.seconds, 3),
            "replaced": self.replaced or None,
        }

    def view(self) -> Sequence[Block]:
        """What was written and how, and what was refused on the way; the whole comparison where nothing was written."""
        blocks: list[Block] = []
        if self.output:
            tone: Any = "good" if self.report else "warn"
            proof = self.report.reason if self.report else "nobody checked that it answers like the original"
            blocks.append(Line(f"{self.verdict}  {self.output}: {proof}", tone))
            blocks.append(
                Facts(
                    [
                        ("route", self.route),
                        ("variant", f"{self.variant} ({self.summary})" if self.variant else self.summary),
                        ("size", f"{self.size:,} bytes"),
                        ("sha256", self.sha256),
                        *([("replaced", self.replaced)] if self.replaced else []),
                    ]
                )
            )
        if self.refused:
            rows = [(refusal.variant, refusal.reason) for refusal in self.refused]
            blocks.append(Table("Refused on the way", ("variant", "because"), rows))
        if self.report and not self.output:
            blocks += self.report.view()[1:]  # the first line is the reason, which stands in the table above
            return blocks
        omission = self.report.omission() if self.report else []
        return [*blocks, *omission, *self.sandbox.warning()]
