"""What a worker may touch beyond Python, its libraries and its scratch folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Sandbox:
    """``reads`` and ``writes`` are files, or folders with all that is in them. What is written may be read too.

    A path that is a symbolic link stands for what it leads to. A path that does not exist when the worker starts is
    not opened to it later.
    """

    reads: tuple[Path, ...] = ()
    writes: tuple[Path, ...] = ()

    def to_json(self) -> dict[str, list[str]]:
        """The sandbox as JSON-ready values, its paths absolute."""
        return {
            "reads": [str(path.absolute()) for path in self.reads],
            "writes": [str(path.absolute()) for path in self.writes],
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Sequence[str]]) -> Sandbox:
        """What `to_json` gave."""
        return cls(tuple(map(Path, document["reads"])), tuple(map(Path, document["writes"])))

    def joined(self, *others: Sandbox) -> Sandbox:
        """What any of them may touch."""
        every: Any = (self, *others)
        return Sandbox(
            tuple(dict.fromkeys(path for one in every for path in one.reads)),
            tuple(dict.fromkeys(path for one in every for path in one.writes)),
        )
