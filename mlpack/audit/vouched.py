"""What `mlpack trust` shows."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from mlpack.core.trust_file import TrustedFile, TrustedUse, TrustFile, trust_path
from mlpack.core.view import Block, Line, Shown


@dataclass(frozen=True, repr=False)
class TrustListed(Shown):
    """What the trust file at ``path`` holds."""

    command: ClassVar[str] = "trust list"

    path: Path
    content: TrustFile

    @property
    def exit_code(self) -> int:
        """0: a file that cannot be read raises."""
        return 0

    def to_json(self) -> dict[str, Any]:
        """The path, and the entries as they stand in the file."""
        document = self.content.to_json()
        return {"path": str(self.path), "files": document["files"], "uses": document["uses"]}

    def view(self) -> Sequence[Block]:
        """How many there are, then a line each: a hash stays in one piece."""
        files, uses = self.content.files, self.content.uses
        if not files and not uses:
            return [Line(f"{self.path}: nothing is trusted")]
        head = Line(f"{self.path}: {_count(len(files), 'file')} and {_count(len(uses), 'use')} trusted")
        return [head, *_lines(files, uses)]


@dataclass(frozen=True, repr=False)
class TrustAdded(Shown):
    """What was added to the trust file at ``path``, and the files that need no trust."""

    command: ClassVar[str] = "trust add"

    path: Path
    files: tuple[TrustedFile, ...]
    uses: tuple[TrustedUse, ...]
    opens_without: tuple[Path, ...]

    @property
    def exit_code(self) -> int:
        """0: what cannot be trusted raises."""
        return 0

    def to_json(self) -> dict[str, Any]:
        """The new entries, and the paths that need none."""
        return {**_json(self.path, self.files, self.uses), "opens_without": [str(path) for path in self.opens_without]}

    def view(self) -> Sequence[Block]:
        """What is new."""
        needless = [Line(f"  {path} opens without: there is nothing to trust", "dim") for path in self.opens_without]
        if not self.files and not self.uses:
            return [
                Line(f"nothing was added to {self.path}"),
                *(needless or [Line("  it was there already", "dim")]),
            ]
        named = [*(entry.sha256 for entry in self.files), *(f"--use {entry.use}" for entry in self.uses)]
        return [
            Line(f"added to {self.path}", "good"),
            *_lines(self.files, self.uses),
            *needless,
            Line(f"to take it back: mlpack trust remove {' '.join(named)}{self._where()}"),
        ]

    def _where(self) -> str:
        return "" if self.path == trust_path() else f" --file {shlex.quote(str(self.path))}"


@dataclass(frozen=True, repr=False)
class TrustRemoved(Shown):
    """What was taken out of the trust file at ``path``."""

    command: ClassVar[str] = "trust remove"

    path: Path
    files: tuple[TrustedFile, ...]
    uses: tuple[TrustedUse, ...]

    @property
    def exit_code(self) -> int:
        """0: what is not there raises."""
        return 0

    def to_json(self) -> dict[str, Any]:
        """The entries that were there."""
        return _json(self.path, self.files, self.uses)

    def view(self) -> Sequence[Block]:
        """What is no longer trusted."""
        return [Line(f"removed from {self.path}"), *_lines(self.files, self.uses)]


def _json(path: Path, files: Sequence[TrustedFile], uses: Sequence[TrustedUse]) -> dict[str, Any]:
    content = TrustFile(tuple(files), tuple(uses)).to_json()
    return {"path": str(path), "files": content["files"], "uses": content["uses"]}


def _lines(files: Sequence[TrustedFile], uses: Sequence[TrustedUse]) -> list[Block]:
    return [*(Line(_file(entry)) for entry in files), *(Line(_use(entry)) for entry in uses)]


def _file(entry: TrustedFile) -> str:
    size = "" if entry.size is None else f"{entry.size:,} bytes"
    return "  " + "  ".join(part for part in (entry.sha256, entry.date, entry.name, size, entry.note) if part)


def _use(entry: TrustedUse) -> str:
    return "  " + "  ".join(part for part in (str(entry.use), entry.date, entry.note) if part)


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"
