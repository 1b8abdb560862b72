"""What a batch run came to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from mlpack.core.view import Block, Cell, Facts, Line, Shown


@dataclass(frozen=True)
class Count:
    """Rows that were read, that the model did not take, and that were there before this run."""

    rows: int
    refused: int
    before: int


@dataclass(frozen=True, repr=False)
class BatchResult(Shown):
    """The rows of an input, answered. ``output`` is the file, or the folder of ``parts``; ``aside`` holds refused rows."""

    command: ClassVar[str] = "batch"

    model: str
    output: str
    format: str
    engine: str
    parts: tuple[str, ...]
    columns: tuple[str, ...]
    count: Count
    on_error: str
    aside: str
    batch_rows: int
    seconds: float
    warnings: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """0: a run that does not answer all rows raises, or says by ``on_error`` that it may leave some out."""
        return 0

    @property
    def rate(self) -> float:
        """Rows a second, of those that this run answered."""
        return (self.count.rows - self.count.before) / self.seconds if self.seconds else 0.0

    def to_json(self) -> dict[str, Any]:
        """The result as JSON-ready values."""
        return {
            "model": self.model,
            "output": self.output,
            "format": self.format,
            "engine": self.engine,
            "parts": list(self.parts),
            "columns": list(self.columns),
            "rows": self.count.rows,
            "answered": self.count.rows - self.count.refused,
            "refused": self.count.refused,
            "resumed_from": self.count.before,
            "on_error": self.on_error,
            "quarantine": self.aside or None,
            "batch_rows": self.batch_rows,
            "seconds": round(self.seconds, 3),
            "rows_per_second": round(self.rate, 1),
            "warnings": list(self.warnings),
        }

    def view(self) -> Sequence[Block]:
        """The rows and where they are, then how it went."""
        count = self.count
        where = self.output if not self.parts else f"{self.output}, {_counted(len(self.parts), 'part')}"
        facts: list[tuple[str, str | Cell]] = [
            ("model", self.model),
            ("columns", ", ".join(self.columns)),
        ]
        if count.before and count.before == count.rows:
            facts.append(("resumed", "all rows were answered already"))
        else:
            speed = f"{self.rate:,.0f} rows/s, {self.seconds:.1f} s"
            facts.append(("speed", f"{speed}, {self.batch_rows:,} rows at once ({self.engine})"))
        if 0 < count.before < count.rows:
            facts.append(("resumed", f"after {_counted(count.before, 'row')}"))
        if count.refused:
            fate = f"in {self.aside}" if self.aside else "null in the output"
            facts.append(("refused", Cell(f"{_counted(count.refused, 'row')}, {fate}", "warn")))
        facts += [("warning", Cell(one, "warn")) for one in self.warnings]
        answered = _counted(count.rows, "row")
        if count.refused:
            answered = f"{count.rows - count.refused:,} of {answered}"
        return [Line(f"{answered} answered: {where}", "warn" if count.refused else "good"), Facts(facts)]


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
