"""What one model file is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from mlpack.core.finding import Verdict, verdict_of
from mlpack.core.model_file import Header, check_readable, sha256_of
from mlpack.core.view import Block, Cell, Facts, Line, Shown
from mlpack.inspect.safety import safety
from mlpack.inspect.words import byte_size, count_of, few, signature_facts
from mlpack.scan.mlmodel import MLflowFolder, mlflow_folder

HASHED_BYTES = 1000 * 1000 * 1000
"""Files up to this size are hashed beside the reading of their header, in 0.2 s at most. A hash of 2 GB takes
1.5 s, five times all the rest, and is made when asked for."""


@dataclass(frozen=True, repr=False)
class FileInspection(Shown):
    """The header of the file at ``path``, its size in bytes with that of its external files, and its SHA-256.

    ``mlflow`` is what the MLmodel says, where ``path`` is the model in an MLflow folder.
    """

    command: ClassVar[str] = "inspect"

    path: Path
    size: int
    sha256: str | None
    title: str
    framework: str
    header: Header
    mlflow: MLflowFolder | None = None

    @property
    def exit_code(self) -> int:
        """0: a file that cannot be read raises."""
        return 0

    def to_json(self) -> dict[str, Any]:
        """Path, size in bytes, SHA-256 (null where it was not made), verdict, the header, and what MLflow noted."""
        own = {"path": str(self.path), "size": self.size, "sha256": self.sha256, "verdict": self.verdict}
        return {**own, **self.header.to_json(), **({"mlflow": self.mlflow.to_json()} if self.mlflow else {})}

    @property
    def verdict(self) -> Verdict:
        """What a scan says of it, before any trust."""
        return verdict_of(self.header.findings)

    def view(self) -> Sequence[Block]:
        """What it is in a line, the facts, its signature, and whether it is safe to load."""
        facts = [*self._content(), *self._file()]
        blocks: list[Block] = [self._title(), Facts([(name, value) for name, value in facts if value])]
        if self.header.signature:
            blocks.append(Facts(signature_facts(self.header.signature), "Signature"))
        if self.header.provenance:
            blocks.append(Facts(_provenance(self.header.provenance), "Made by mlpack"))
        if self.mlflow:
            blocks.append(Facts(_noted(self.mlflow), "Saved by MLflow"))
        blocks += [Line(f"note: {note}", "dim") for note in self.header.notes]
        return [*blocks, *safety(self.path, self.header.findings)]

    def _title(self) -> Line:
        what = self.header.model or "a model"
        maker = f" of {self.framework}" if self.framework not in {"", self.title} else ""
        return Line(f"{self.path.name}: {what}{maker}, in {self.title}")

    def _content(self) -> list[tuple[str, str | Cell]]:
        header = self.header
        versions = {name: version for name, version in header.versions.items() if name.lower() != "python"}
        python = next((version for name, version in header.versions.items() if name.lower() == "python"), "")
        return [
            ("Model", header.model),
            ("Framework", self.framework),
            ("Made with", ", ".join(f"{name} {version}" for name, version in versions.items())),
            ("Python", python),
            ("Opset", ", ".join(f"{domain or 'ai.onnx'} {version}" for domain, version in header.opsets.items())),
            ("Operators", count_of(header.operators)),
            ("Parameters", "" if header.parameters is None else f"{header.parameters:,}"),
            ("Imports", few(header.classes, 4)),
        ]

    def _file(self) -> list[tuple[str, str | Cell]]:
        return [
            ("Format", self.title),
            ("Compression", self.header.compression),
            ("Size", byte_size(self.size)),
            ("External files", few(self.header.external_files, 4)),
            ("SHA-256", self.sha256 or Cell("not made for a file this large; --sha256 makes it", "dim")),
        ]


def inspect_file(path: Path, *, sha256: bool) -> FileInspection:
    """Read the header of ``path``, and its SHA-256 at the same time where it is small or ``sha256`` asks for it.

    Of an MLflow folder the model in it is read. Raises UsageError, CorruptFileError, UnrecognisedFileError; UnsafeFileError,
    NoRouteError for an MLflow folder.
    """
    mlflow = mlflow_folder(path)
    path = mlflow.model if mlflow else path
    check_readable(path)
    size = path.stat().st_size
    with ThreadPoolExecutor(1) as beside:
        digest = beside.submit(sha256_of, path) if sha256 or size <= HASHED_BYTES else None
        from mlpack.formats import identify
        from mlpack.frameworks import all_frameworks

        model_format, header = identify(path)
        framework = all_frameworks().get(header.framework or "")
        external = sum(
            (path.parent / name).stat().st_size for name in header.external_files if (path.parent / name).is_file()
        )
        return FileInspection(
            path=path,
            size=size + external,
            sha256=digest.result() if digest else None,
            title=model_format.title,
            framework=framework.title if framework else header.framework or "",
            header=header,
            mlflow=mlflow,
        )


def _provenance(provenance: Mapping[str, str]) -> list[tuple[str, str | Cell]]:
    """The provenance without what is shown elsewhere, the verdict first and in its colour."""
    facts = {name.removeprefix("mlpack."): value for name, value in provenance.items()}
    facts.pop("signature", None)
    verdict = facts.pop("verdict", "")
    rest: list[tuple[str, str | Cell]] = [(name.replace("_", " "), value) for name, value in facts.items()]
    return [("verdict", Cell(verdict, "good" if verdict == "PASS" else "warn")), *rest] if verdict else rest


def _noted(folder: MLflowFolder) -> list[tuple[str, str | Cell]]:
    """What the MLmodel says of the model: nothing of it is taken for granted."""
    facts = [
        ("Flavor", folder.flavor),
        ("Versions", ", ".join(f"{name} {version}" for name, version in folder.versions.items())),
        ("Takes", few(folder.inputs)),
        ("Gives", few(folder.outputs)),
        ("Example", f"{folder.example.name}: the data where no other is given" if folder.example else ""),
        ("Requires", few(folder.requirements)),
    ]
    return [(name, value) for name, value in facts if value]
