"""What a bundle is, by its manifest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from mlpack.core.finding import verdict_of
from mlpack.core.model_file import Header, manifest_in
from mlpack.core.view import Block, Cell, Facts, Line, Shown
from mlpack.inspect.safety import safety
from mlpack.inspect.words import byte_size, few, signature_facts
from mlpack.runtime.manifest import SIGNATURE, Manifest


@dataclass(frozen=True, repr=False)
class BundleInspection(Shown):
    """The manifest of a bundle whose files are all as they were written, their size in bytes, and the header of its model."""

    command: ClassVar[str] = "inspect"

    path: Path
    size: int
    manifest: Manifest
    header: Header

    @property
    def signed(self) -> bool:
        """Whether there is a signature; `mlpack.verify` with a key tells whether it holds."""
        return (self.path / SIGNATURE).exists()

    @property
    def exit_code(self) -> int:
        """0: a bundle that cannot be read raises."""
        return 0

    def to_json(self) -> dict[str, Any]:
        """Path, size in bytes, what a scan of the model says, and the manifest as it stands."""
        return {
            "path": str(self.path),
            "size": self.size,
            "format": "bundle",
            "model": f"{self.manifest.name} {self.manifest.version}",
            "signed": self.signed,
            "verdict": verdict_of(self.header.findings),
            "findings": [finding.to_json() for finding in self.header.findings],
            "manifest": dict(self.manifest.document),
        }

    def view(self) -> Sequence[Block]:
        """Name, version and verdict in a line, the facts, the signature, and whether its model is safe to load."""
        document = self.manifest.document
        verdict = document["parity"]["verdict"]
        name = f"{self.manifest.name} {self.manifest.version}"
        return [
            Line(f"{verdict}  {self.path.name}: {name}, a bundle", "good" if verdict == "PASS" else "warn"),
            Facts([fact for fact in self._facts(document) if fact[1]]),
            Facts(signature_facts(self.manifest.signature), "Signature"),
            *safety(self.manifest.model_path, self.header.findings),
        ]

    def _facts(self, document: Mapping[str, Any]) -> list[tuple[str, str | Cell]]:
        source, model, parity = document["source"], document["model"], document["parity"]
        labels = parity["label_agreement"]
        files = len(document["files"]) + 1
        signature = ", and a signature" if self.signed else ""
        return [
            ("Made from", _joined(source["file"], source["format"], source["framework"])),
            ("Its SHA-256", source["sha256"] or ""),
            ("Model", _joined(model["file"], model["format"])),
            ("Its SHA-256", model["sha256"]),
            ("Route", " → ".join(document["route"]["frameworks"])),
            ("Compared", f"{parity['rows']:,} rows, worst error {parity['max_abs_error']:.2g}"),
            ("Same labels", "" if labels is None else f"{labels:.2%}"),
            ("Requires", few(document["requirements"])),
            ("Size", f"{byte_size(self.size)} in {files} files, each as it was written{signature}"),
            (
                "Signed",
                f"{SIGNATURE}, not checked here: mlpack verify {self.path} --key PUBLIC.pem" if self.signed else "",
            ),
        ]


def inspect_bundle(path: Path) -> BundleInspection:
    """Read the manifest of the bundle at ``path``, hash its files, and read the header of its model.

    Raises CorruptFileError, UnsafeFileError.
    """
    from mlpack.formats import format_named

    manifest = manifest_in(path)
    header = format_named(manifest.model_format).read_header(manifest.model_path)
    return BundleInspection(path, sum(part.stat().st_size for part in path.iterdir()), manifest, header)


def _joined(*parts: str | None) -> str:
    return ", ".join(part for part in parts if part)
