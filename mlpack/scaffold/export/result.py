"""What an export came to."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from mlpack.core.view import Block, Facts, Line, Shown
from mlpack.runtime.manifest import Manifest
from mlpack.scaffold.export.refusals import TITLES

_PROOFS = {
    "kserve": "mlpack verify MODEL http://HOST/v2/models/{name}",
    "triton": "mlpack verify MODEL http://127.0.0.1:8000/v2/models/{name}",
    "mlserver": "mlpack verify MODEL http://127.0.0.1:8080/v2/models/{name}",
}


@dataclass(frozen=True, repr=False)
class ExportResult(Shown):
    """A tree that ``server`` loads: its ``files`` by their path in it.

    ``overwritten`` says where the former content of files is kept that were not as they had been rendered.
    """

    command: ClassVar[str] = "scaffold"

    path: Path
    manifest: Manifest
    server: str
    files: tuple[str, ...]
    overwritten: Mapping[str, str] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """0: what a server cannot take raises."""
        return 0

    def to_json(self) -> dict[str, Any]:
        """The result as JSON-ready values."""
        return {
            "path": str(self.path),
            "name": self.manifest.name,
            "version": self.manifest.version,
            "export": self.server,
            "files": list(self.files),
            "overwritten": [{"file": file, "kept": kept} for file, kept in self.overwritten.items()],
        }

    def view(self) -> Sequence[Block]:
        """Where the tree is, how it is started, and how the running server is held against the original."""
        place = shlex.quote(str(self.path.absolute()))
        start = {
            "kserve": f"kubectl apply -f {shlex.quote(str(self.path / 'inference-service.yaml'))}",
            "triton": f"tritonserver --model-repository={place}",
            "mlserver": f"mlserver start {place}",
        }[self.server]
        title = f"{self.path}: {self.manifest.name} {self.manifest.version} for {TITLES[self.server]}"
        return [
            Line(title, "good"),
            Facts(
                [
                    ("files", ", ".join(self.files)),
                    ("start it", start),
                    ("prove it", _PROOFS[self.server].format(name=self.manifest.name)),
                ]
            ),
            *(Line(f"{file} was edited: your version is in {kept}", "warn") for file, kept in self.overwritten.items()),
        ]
