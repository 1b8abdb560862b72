"""The parity report: a verdict, the reason for it, and all that was compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Literal

from mlpack.core.errors import ParityError
from mlpack.core.view import Block, Cell, Facts, Line, Shown, Table, Tone, json_ready
from mlpack.isolate.protection import AT_HAND, Protection
from mlpack.verify.absent import LeftOut
from mlpack.verify.evidence.kept import Evidence

Verdict = Literal["PASS", "FAIL", "VACUOUS"]


@dataclass(frozen=True)
class OutputReport:
    """One output on one probe. Errors are in the output's own units; ``cast_*`` is what the reference itself moves by when
    it is fed the values that are left after the cast to the candidate's input dtype.
    """

    name: str
    verdict: Literal["PASS", "FAIL"]
    compared: int = 0
    max_abs: float = 0.0
    mean_abs: float = 0.0
    p99_abs: float = 0.0
    max_rel: float = 0.0
    p99_rel: float = 0.0
    max_ulp: float = 0.0
    atol: float = 0.0
    rtol: float = 0.0
    rows_beyond: int = 0
    worst_row: int | None = None
    label_agreement: float | None = None
    near_ties: int = 0
    conversion_abs: float | None = None
    cast_abs: float | None = None
    cast_rows: int = 0
    message: str = ""


@dataclass(frozen=True)
class ProbeReport:
    """One set of inputs. DIFFERS is neither PASS nor FAIL: ``difference`` says where the two keep different contracts, and
    neither is wrong.
    """

    name: str
    kind: str
    rows: int
    verdict: Literal["PASS", "FAIL", "DIFFERS", "SKIPPED"]
    outputs: tuple[OutputReport, ...] = ()
    note: str = ""
    difference: str = ""
    message: str = ""


@dataclass(frozen=True)
class Party:
    """Who was compared."""

    path: str
    format: str
    framework: str
    sha256: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, repr=False)
class ParityReport(Shown):
    """The verdict on a candidate, and everything it rests on."""

    command: ClassVar[str] = "verify"

    verdict: Verdict
    reason: str
    reference: Party
    candidate: Party
    probes: tuple[ProbeReport, ...] = ()
    not_tried: tuple[tuple[str, str], ...] = ()
    tolerance: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    parting: Mapping[str, Any] | None = None
    seconds: float = 0.0
    worst_input: Mapping[str, Any] | None = None
    sandbox: Protection = AT_HAND
    """What was in force in both workers: the weaker of the two."""
    left_out: LeftOut | None = None
    """Rows of the user's data that nobody was asked."""
    evidence: Evidence | None = None
    """What a page is drawn from, where one was wanted; no part of the JSON document."""

    @property
    def passed(self) -> bool:
        """Whether the candidate answers as the reference does."""
        return self.verdict == "PASS"

    @property
    def exit_code(self) -> int:
        """0 for PASS, else that of ParityError."""
        return 0 if self.passed else ParityError.exit_code

    @property
    def max_abs(self) -> float:
        """The worst absolute error of `worst_error`."""
        return worst_error(self.probes)

    @property
    def label_agreement(self) -> float | None:
        """The lowest share of equal labels on any probe that counts; None where there are no labels."""
        shares = [
            output.label_agreement
            for probe in self.probes
            if probe.verdict != "DIFFERS"
            for output in probe.outputs
            if output.label_agreement is not None
        ]
        return min(shares) if shares else None

    @property
    def rows(self) -> int:
        """How many rows were compared."""
        return sum(probe.rows for probe in self.probes if probe.outputs)

    @property
    def differences(self) -> list[dict[str, str]]:
        """Where the two keep different contracts."""
        return [{"probe": probe.name, "message": probe.difference} for probe in self.probes if probe.difference]

    def to_json(self) -> dict[str, Any]:
        """The whole report as JSON-ready values; what is not finite stands as a string."""
        document: dict[str, Any] = json_ready(
            {
                "verdict": self.verdict,
                "reason": self.reason,
                "reference": asdict(self.reference),
                "candidate": asdict(self.candidate),
                "max_abs": self.max_abs,
                "label_agreement": self.label_agreement,
                "rows": self.rows,
                "probes": [asdict(probe) for probe in self.probes],
                "left_out": self.left_out and self.left_out.to_json(),
                "not_tried": [{"name": name, "reason": reason} for name, reason in self.not_tried],
                "tolerance": {name: dict(value) for name, value in self.tolerance.items()},
                "differences": self.differences,
                "parting": dict(self.parting) if self.parting else None,
                "worst_input": dict(self.worst_input) if self.worst_input else None,
                "sandbox": self.sandbox.to_json(),
                "seconds": round(self.seconds, 3),
            }
        )
        return document

    def view(self) -> Sequence[Block]:
        """The verdict first, then a line a probe, then what decided the tolerance."""
        blocks: list[Block] = [Line(f"{self.verdict}  {self.reason}", _TONES[self.verdict])]
        if self.probes:
            blocks.append(Table("What was tried", PROBE_COLUMNS, [_row(probe) for probe in self.probes]))
        if self.tolerance:
            blocks.append(Facts([(name, _tolerance(value)) for name, value in self.tolerance.items()], "Tolerance"))
        blocks += [*self.omission(), *(Line(line, "warn") for line in self._grouped_differences())]
        blocks += [Line(f"not tried: {name} ({reason})", "dim") for name, reason in self.not_tried]
        if self.parting:
            blocks.append(Line(str(self.parting.get("message", "")), "warn"))
        return [*blocks, *self.sandbox.warning()]

    def omission(self) -> list[Line]:
        """What was left out of the user's data, as a line of any view that shows this report."""
        return [Line(str(self.left_out), "warn")] if self.left_out else []

    def _grouped_differences(self) -> list[str]:
        """The differences, those with the same words in one line."""
        grouped: dict[str, list[str]] = {}
        for item in self.differences:
            grouped.setdefault(item["message"], []).append(item["probe"])
        return [f"note on {', '.join(probes)}: {message}" for message, probes in grouped.items()]


def worst_error(probes: Sequence[ProbeReport]) -> float:
    """The worst absolute error, but for extreme values, whose scale is another, and for kinds of input that differ as noted."""
    return max(
        (
            output.max_abs
            for probe in probes
            if probe.kind != "extreme" and probe.verdict != "DIFFERS"
            for output in probe.outputs
        ),
        default=0.0,
    )


PROBE_COLUMNS = ("inputs", "rows", "verdict", "max error", "p99", "ULPs", "labels")
_TONES: dict[str, Tone] = {"PASS": "good", "FAIL": "bad", "VACUOUS": "warn", "DIFFERS": "warn", "SKIPPED": "dim"}


def _row(probe: ProbeReport) -> tuple[str | Cell, ...]:
    verdict = Cell(probe.verdict, _TONES[probe.verdict])
    if not probe.outputs:
        return (probe.name, str(probe.rows), verdict, "", "", "", "")
    numeric = [output for output in probe.outputs if output.label_agreement is None]
    labels = [output.label_agreement for output in probe.outputs if output.label_agreement is not None]
    return (
        probe.name,
        str(probe.rows),
        verdict,
        f"{max(output.max_abs for output in numeric):.2g}" if numeric else "",
        f"{max(output.p99_abs for output in numeric):.2g}" if numeric else "",
        f"{max(output.max_ulp for output in numeric):.3g}" if numeric else "",
        f"{min(labels):.2%}" if labels else "",
    )


def _tolerance(value: Mapping[str, Any]) -> str:
    return f"{value['atol']:.2g} absolute, {value['rtol']:.2g} relative; decided by {value['decided_by']}"
