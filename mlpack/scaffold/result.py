"""What scaffolding came to."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar

from mlpack.core.view import Block, Facts, Line, Shown
from mlpack.runtime.manifest import Manifest
from mlpack.scaffold.requirements import Lock


@dataclass(frozen=True, repr=False)
class ScaffoldResult(Shown):
    """A project that was rendered: its ``files`` by their path in it, and an ``example`` request that it answers.

    ``overwritten`` says where the former content of files is kept that were not as they had been rendered.
    """

    command: ClassVar[str] = "scaffold"

    path: Path
    manifest: Manifest
    files: tuple[str, ...]
    lock: Lock
    example: dict[str, Any]
    overwritten: Mapping[str, str] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """0: what cannot be rendered raises."""
        return 0

    def to_json(self) -> dict[str, Any]:
        """The result as JSON-ready values."""
        return {
            "path": str(self.path),
            "name": self.manifest.name,
            "version": self.manifest.version,
            "files": list(self.files),
            "requirements": {
                "packages": self.lock.packages,
                "hashes": not self.lock.reason,
                "reason": self.lock.reason or None,
                "install": self.lock.install,
            },
            "example": self.example,
            "overwritten": [{"file": file, "kept": kept} for file, kept in self.overwritten.items()],
        }

    def view(self) -> Sequence[Block]:
        """Where the project is, what is in it, and what to type next."""
        own = [file for file in self.files if "/" not in file]
        hashes = "" if self.lock.reason else "with hashes"
        place = shlex.quote(str(self.path))
        return [
            Line(f"{self.path}: the service of {self.manifest.name} {self.manifest.version}", "good"),
            Facts(
                [
                    ("files", f"{len(self.files)}: {', '.join(own)}, model/, runtime/, tests/"),
                    ("requires", f"{self.lock.packages} packages, pinned {hashes}".rstrip()),
                    ("run it", f"cd {place} && {self.lock.install} && python -m runtime"),
                    ("ask it", "its README.md has a curl line and a gRPC client that work as they stand"),
                ]
            ),
            *(Line(f"{file} was edited: your version is in {kept}", "warn") for file, kept in self.overwritten.items()),
            *([Line(f"no hashes: {self.lock.reason}", "warn")] if self.lock.reason else []),
        ]
