"""What a scan found, file by file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from mlpack.audit.file import FileScan
from mlpack.core.errors import CorruptFileError, TrustError, UnsafeFileError
from mlpack.core.finding import Verdict
from mlpack.core.finding_view import finding_facts, one_line, ways_to_trust
from mlpack.core.view import Block, Cell, Facts, Line, Shown, Tone

_WIDEST_PATH = 48
_TONES: dict[Verdict, Tone] = {"safe": "good", "unsafe": "bad", "needs-trust": "warn", "corrupt": "bad"}
_CODES: tuple[tuple[Verdict, int], ...] = (
    ("unsafe", UnsafeFileError.exit_code),
    ("corrupt", CorruptFileError.exit_code),
    ("needs-trust", TrustError.exit_code),
)


@dataclass(frozen=True, repr=False)
class ScanReport(Shown):
    """The files that were scanned, in order. ``paths`` are what was asked for, ``plain`` counts the files passed over."""

    command: ClassVar[str] = "scan"

    paths: tuple[Path, ...]
    files: tuple[FileScan, ...]
    plain: int = 0

    @property
    def exit_code(self) -> int:
        """4 where a file is unsafe, else 7 where one is corrupt, else 11 where one needs trust, else 0."""
        verdicts = {file.verdict for file in self.files}
        return next((code for verdict, code in _CODES if verdict in verdicts), 0)

    def to_json(self) -> dict[str, Any]:
        """``{"files": [...]}``, as docs/json.md has it."""
        return {"files": [file.to_json() for file in self.files]}

    def to_sarif(self) -> dict[str, Any]:
        """The same as a SARIF 2.1.0 log; its paths are relative to the working folder."""
        from mlpack.audit.sarif import sarif_log

        return sarif_log(self.files, self.exit_code)

    def view(self) -> Sequence[Block]:
        """A line a file with its findings below, and the counts."""
        widths = self._widths()
        blocks: list[Block] = []
        for file in self.files:
            blocks.append(_line(file, *widths))
            if file.findings:
                blocks.append(Facts(_facts(file)))
        return [*blocks, *([Line("")] if self.files and not self.files[-1].findings else []), self._counts()]

    def brief(self) -> Sequence[Block]:
        """A line a file: its verdict and its path."""
        lines = [Line(f"{file.verdict:<11}  {one_line(str(file.path))}", _TONES[file.verdict]) for file in self.files]
        return lines or [self._counts()]

    def _widths(self) -> tuple[int, int]:
        paths = [len(one_line(str(file.path))) for file in self.files]
        formats = [len(file.format or "") for file in self.files]
        return min(max(paths, default=0), _WIDEST_PATH), max(formats, default=0)

    def _counts(self) -> Line:
        others = (
            f"{self.plain:,} other{'s' * (self.plain != 1)}: no model{'s' * (self.plain != 1)}" if self.plain else ""
        )
        if not self.files:
            where = ", ".join(one_line(str(path)) for path in self.paths)
            return Line(f"no model files in {where}" + (f"; {others}" if others else ""), "dim")
        count = Counter(file.verdict for file in self.files)
        named = [
            f"{count[verdict]:,} {verdict}"
            for verdict in ("unsafe", "corrupt", "needs-trust", "safe")
            if count[verdict]
        ]
        total = f"{len(self.files):,} file{'s' * (len(self.files) != 1)}"
        tone = _TONES[next(verdict for verdict in ("unsafe", "corrupt", "needs-trust", "safe") if count[verdict])]
        return Line(f"{total}: {', '.join(named)}" + (f"; {others}" if others else ""), tone)


def _line(file: FileScan, path_width: int, format_width: int) -> Line:
    path = one_line(str(file.path))
    columns = f"{file.verdict:<11}  {path:<{path_width}}  {file.format or '':<{format_width}}  {one_line(file.what)}"
    return Line(columns.rstrip(), _TONES[file.verdict])


def _facts(file: FileScan) -> list[tuple[str, str | Cell]]:
    facts = finding_facts(file.findings, lifted=file.lifted, more="--json has them all")
    if file.verdict != "needs-trust":
        return facts
    held = [finding for finding in file.findings if finding.severity == "warning" and finding not in file.lifted]
    return [*facts, *(("", way) for way in ways_to_trust(file.path, held))]
