"""What a bundle is, by its manifest."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from mlpack.core.errors import CorruptFileError
from mlpack.core.view import Block, Cell, Facts, Line, Shown, Tone
from mlpack.inspect.words import byte_size, few, signature_facts
from mlpack.runtime.signature import Signature

MANIFEST = "mlpack.json"


@dataclass(frozen=True)
class BundleInspection(Shown):
    """The manifest of the bundle at ``path``, and the size in bytes of all its files."""

    command: ClassVar[str] = "inspect"

    path: Path
    size: int
    manifest: Mapping[str, Any]

    @property
    def exit_code(self) -> int:
        """0: a bundle that cannot be read raises."""
        return 0

    def to_json(self) -> dict[str, Any]:
        """Path, size in bytes, and the manifest as it stands."""
        return {"path": str(self.path), "size": self.size, "format": "bundle", "manifest": dict(self.manifest)}

    def view(self) -> Sequence[Block]:
        """Name, version and verdict in a line, the facts, the signature."""
        manifest, parity = self.manifest, self.manifest.get("parity", {})
        verdict = parity.get("verdict", "UNVERIFIED")
        title = f"{self.path.name}: {manifest.get('name', '')} {manifest.get('version', '')}, a bundle, {verdict}"
        tone: Tone = "good" if verdict == "PASS" else "warn"
        blocks: list[Block] = [Line(title, tone), Facts([fact for fact in self._facts() if fact[1]])]
        if "signature" in manifest:
            blocks.append(Facts(signature_facts(Signature.from_json(manifest["signature"])), "Signature"))
        return blocks

    def _facts(self) -> list[tuple[str, str | Cell]]:
        source, model = self.manifest.get("source", {}), self.manifest.get("model", {})
        return [
            ("Made from", _joined(source, "file", "format", "framework")),
            ("Its SHA-256", source.get("sha256", "")),
            ("Model", _joined(model, "file", "format")),
            ("Its SHA-256", model.get("sha256", "")),
            ("Requires", few(self.manifest.get("requirements", ()))),
            ("Size", byte_size(self.size)),
        ]


def inspect_bundle(path: Path) -> BundleInspection:
    """Read the manifest of the bundle at ``path``. Raises CorruptFileError."""
    file = path / MANIFEST
    try:
        manifest = json.loads(file.read_bytes())
    except ValueError as error:
        raise CorruptFileError(
            f"{file} is not JSON", why=str(error), hint="pack the model again: mlpack pack"
        ) from error
    if not isinstance(manifest, dict):
        raise CorruptFileError(f"{file} is not a manifest", hint="pack the model again: mlpack pack")
    return BundleInspection(path, sum(part.stat().st_size for part in path.rglob("*") if part.is_file()), manifest)


def _joined(part: Mapping[str, Any], *names: str) -> str:
    return ", ".join(str(part[name]) for name in names if part.get(name))
