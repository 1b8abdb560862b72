"""What packing came to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from mlpack.convert.result import ConversionResult
from mlpack.core.view import Block, Facts, Line, Shown


@dataclass(frozen=True, repr=False)
class PackResult(Shown):
    """A written bundle, with its manifest and the conversion behind it."""

    command: ClassVar[str] = "pack"

    path: str
    manifest: Mapping[str, Any]
    conversion: ConversionResult

    @property
    def exit_code(self) -> int:
        """0: a bundle that cannot be proven is never written."""
        return 0

    def to_json(self) -> dict[str, Any]:
        """The result as JSON-ready values."""
        return {"path": self.path, "manifest": dict(self.manifest), "conversion": self.conversion.to_json()}

    def view(self) -> Sequence[Block]:
        """Where the bundle is, what it holds, and the proof."""
        model = self.manifest["model"]
        parity = self.manifest["parity"]
        return [
            Line(
                f"{parity['verdict']}  {self.path}: {self.conversion.report.reason if self.conversion.report else ''}",
                "good",
            ),
            Facts(
                [
                    ("name", f"{self.manifest['name']} {self.manifest['version']}"),
                    ("model", f"{model['file']} ({model['format']}), {self.conversion.size:,} bytes"),
                    ("route", " → ".join(self.manifest["route"]["frameworks"])),
                    ("requires", ", ".join(self.manifest["requirements"])),
                    ("files", ", ".join(entry["path"] for entry in self.manifest["files"])),
                ]
            ),
        ]
