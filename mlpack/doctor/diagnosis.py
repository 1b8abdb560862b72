"""What `mlpack doctor` found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import mlpack
from mlpack.core.errors import MissingLibraryError
from mlpack.core.registry import BrokenPlugin
from mlpack.core.view import Block, Cell, Facts, Line, Shown, Table, Tone
from mlpack.doctor.libraries import DISTRIBUTION, Library
from mlpack.doctor.machine import Engine, Machine
from mlpack.isolate.protection import Gap, Protection

_TONES: dict[str, Tone] = {"ok": "good", "missing": "dim", "unfit": "bad"}


@dataclass(frozen=True, repr=False)
class Diagnosis(Shown):
    """The machine, the libraries, the plug-ins that broke, the container engine, and what a worker's sandbox would have."""

    command: ClassVar[str] = "doctor"

    machine: Machine
    libraries: tuple[Library, ...]
    plugins: tuple[BrokenPlugin, ...]
    engine: Engine
    sandbox: Protection

    @property
    def exit_code(self) -> int:
        """0 unless a requirement of mlpack itself is missing or unfit: then 6."""
        return MissingLibraryError.exit_code if self._broken() else 0

    def to_json(self) -> dict[str, Any]:
        """Everything found, as JSON-ready values."""
        return {
            "mlpack": mlpack.__version__,
            "machine": self.machine.to_json(),
            "libraries": [library.to_json() for library in self.libraries],
            "broken_plugins": [{"group": p.group, "name": p.name, "reason": p.reason} for p in self.plugins],
            "engine": self.engine.to_json(),
            "sandbox": self.sandbox.to_json(),
        }

    def view(self) -> Sequence[Block]:
        """The verdict, what is there, and the command for each thing that is not."""
        blocks: list[Block] = [self._verdict(), self._facts()]
        if self.libraries:
            blocks.append(
                Table("", ("Library", "Version", "Needed", "Extra", "State"), [_row(e) for e in self.libraries])
            )
        blocks += [Line(f"broken plug-in {p.name} of {p.group}: {p.reason}", "warn") for p in self.plugins]
        blocks += [Line(f"no {gap.what} around models: {_sentence(gap)}", "warn") for gap in self.sandbox.missing]
        commands = dict.fromkeys(library.install for library in self.libraries if library.install)
        return [*blocks, *([Line("To get what is missing:")] if commands else []), *(Line(f"  {c}") for c in commands)]

    def _verdict(self) -> Line:
        if not self.libraries:
            return Line(
                f"{DISTRIBUTION} is not installed, so nothing says what it needs; next: pip install -e .", "warn"
            )
        if broken := self._broken():
            return Line(f"mlpack cannot work: {', '.join(broken)}", "bad")
        unfit = [f"{library.name} {library.version}" for library in self.libraries if library.state == "unfit"]
        if unfit:
            return Line(f"mlpack works, but these versions do not fit: {', '.join(unfit)}", "warn")
        absent = sorted({library.extras[0] for library in self.libraries if library.state == "missing"})
        if absent:
            return Line(f"mlpack works; extras not installed: {', '.join(absent)}", "good")
        return Line("mlpack works, with every extra", "good")

    def _broken(self) -> list[str]:
        return [f"{e.name} is {e.state}" for e in self.libraries if not e.extras and e.state != "ok"]

    def _facts(self) -> Facts:
        machine, engine = self.machine, self.engine
        container = Cell(engine.version, "good") if engine.version else Cell(f"none: {engine.reason}", "dim")
        return Facts(
            [
                ("mlpack", mlpack.__version__),
                ("Python", f"{machine.python}, {machine.executable}"),
                ("System", machine.system),
                ("Processors", f"{machine.cpus:g}"),
                ("Memory", f"{machine.memory / 1e9:.1f} GB"),
                ("Container engine", container),
                ("Sandbox", Cell(", ".join(self.sandbox.layers) or "none", "good" if self.sandbox.full else "warn")),
            ]
        )


def _sentence(gap: Gap) -> str:
    return f"{gap.why}; next: {gap.remedy}" if gap.remedy else gap.why


def _row(library: Library) -> Sequence[str | Cell]:
    return (
        library.name,
        library.version or "-",
        library.bounds or "any",
        ", ".join(library.extras),
        Cell(library.state, _TONES[library.state]),
    )
