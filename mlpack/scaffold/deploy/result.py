"""What `mlpack init` wrote."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, assert_never

from mlpack.core.view import Block, Facts, Line, Shown
from mlpack.scaffold.deploy.files import write_files

Kind = Literal["kubernetes", "compose", "ci"]


@dataclass(frozen=True, repr=False)
class InitResult(Shown):
    """Files that were written below ``path`` for the image ``image``, which runs as ``name``."""

    command: ClassVar[str] = "init"

    kind: Kind
    path: Path
    name: str
    image: str
    files: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        """0: what cannot be written raises."""
        return 0

    @property
    def next(self) -> str:
        """What to type next."""
        match self.kind:
            case "kubernetes":
                return f"kubectl apply -f {shlex.quote(str(self.path))}"
            case "compose":
                return f"docker compose -f {shlex.quote(str(self.path / self.files[0]))} up --detach --wait"
            case "ci":
                return f"git add {shlex.join(str(self.path / file) for file in self.files)}"
        assert_never(self.kind)

    def to_json(self) -> dict[str, Any]:
        """The result as JSON-ready values."""
        return {
            "kind": self.kind,
            "path": str(self.path),
            "name": self.name,
            "image": self.image,
            "files": list(self.files),
            "next": self.next,
        }

    def view(self) -> Sequence[Block]:
        """What was written for which image, and what to type next."""
        count = f"{len(self.files)} file{'s' if len(self.files) > 1 else ''}"
        return [
            Line(f"{self.path}: {count} for {self.image}, which runs as {self.name}", "good"),
            Facts([("wrote", ", ".join(self.files)), ("next", self.next)]),
        ]


def write_rendered(
    kind: Kind, name: str, image: str, files: Mapping[str, bytes], path: Path, *, force: bool
) -> InitResult:
    """Write ``files`` below ``path``. Raises UsageError, OutputError; nothing is written then."""
    write_files(files, path, force=force)
    return InitResult(kind, path, name, image, tuple(files))
