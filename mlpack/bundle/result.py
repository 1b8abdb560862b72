"""What packing came to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from mlpack.convert.result import ConversionResult
from mlpack.core.keys import Key
from mlpack.core.view import Block, Facts, Line, Shown
from mlpack.runtime.manifest import SIGNATURE


@dataclass(frozen=True, repr=False)
class PackResult(Shown):
    """A written bundle, with its manifest, the conversion behind it, and the key that it was signed with."""

    command: ClassVar[str] = "pack"

    path: str
    manifest: Mapping[str, Any]
    conversion: ConversionResult
    signed_by: Key | None = None
    replaced: str = ""
    """The bundle that was there before, in words."""

    @property
    def exit_code(self) -> int:
        """0: a bundle that cannot be proven is never written."""
        return 0

    def to_json(self) -> dict[str, Any]:
        """The result as JSON-ready values."""
        return {
            "path": self.path,
            "manifest": dict(self.manifest),
            "conversion": self.conversion.to_json(),
            "sandbox": self.conversion.sandbox.to_json(),
            "signed_by": self.signed_by.to_json() if self.signed_by else None,
            "replaced": self.replaced or None,
        }

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
                    *self._signature(),
                    *([("replaced", self.replaced)] if self.replaced else []),
                ]
            ),
            *(self.conversion.report.omission() if self.conversion.report else []),
            *self.conversion.sandbox.warning(),
        ]

    def _signature(self) -> list[tuple[str, str]]:
        if self.signed_by is None:
            return []
        return [
            ("signed with", f"{self.signed_by.path}, ECDSA on {self.signed_by.curve}, in {SIGNATURE}"),
            ("key SHA-256", self.signed_by.fingerprint),
        ]
