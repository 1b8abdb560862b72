"""What the user vouches for: files by their SHA-256, and single names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast, get_args

from mlpack.core.errors import UsageError
from mlpack.core.finding import Finding

Role = Literal["called", "built", "referred"]
"""What a pickle does with a name: calls it (REDUCE, INST, OBJ), builds an object of it (NEWOBJ), or only refers to it."""

_SHA256 = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*(\([\w.]+\))?")


@dataclass(frozen=True)
class Use:
    """A name and its role, written ``module:name:role``."""

    module: str
    name: str
    role: Role

    def __str__(self) -> str:
        return f"{self.module}:{self.name}:{self.role}"

    @classmethod
    def parse(cls, text: str) -> Use:
        """Read ``module:name:role``. Raises UsageError."""
        parts = text.strip().split(":")
        roles = get_args(Role)
        if len(parts) != 3 or parts[2] not in roles or not all(_NAME.fullmatch(part) for part in parts[:2]):
            raise UsageError(
                f"{text!r} names no use of a name",
                why=f"a use is module:name:role, and the roles are {', '.join(roles)}",
                hint="as in: --allow mypackage.features:Scaler:built; `mlpack scan FILE` shows what a file asks for",
            )
        return cls(parts[0], parts[1], cast("Role", parts[2]))


@dataclass(frozen=True)
class Trust:
    """``hashes`` are SHA-256 of files that may run the code they carry, ``allowed`` uses that any file may make."""

    hashes: frozenset[str] = frozenset()
    allowed: frozenset[Use] = frozenset()

    @classmethod
    def of(cls, hashes: Iterable[str] = (), allowed: Iterable[str] = ()) -> Trust:
        """From what a user wrote. Raises UsageError."""
        return cls(frozenset(map(checked_sha256, hashes)), frozenset(map(Use.parse, allowed)))

    def vouches_for(self, sha256: str) -> bool:
        """Whether the user named this very file."""
        return sha256 in self.hashes

    def remaining(self, findings: Iterable[Finding], sha256: str) -> tuple[Finding, ...]:
        """What still stands against the file with that hash: trust in a file lifts warnings, an allowed use its findings."""
        vouched = self.vouches_for(sha256)
        allowed = {str(use) for use in self.allowed}
        return tuple(
            finding
            for finding in findings
            if finding.severity != "note"
            and finding.use not in allowed
            and not (vouched and finding.severity == "warning")
        )

    def also(self, *hashes: str) -> Trust:
        """The same trust, and in ``hashes`` too."""
        return Trust(self.hashes | set(hashes), self.allowed)

    def joined(self, other: Trust) -> Trust:
        """What either vouches for."""
        return Trust(self.hashes | other.hashes, self.allowed | other.allowed)

    def to_json(self) -> dict[str, Any]:
        """The trust as JSON-ready values."""
        return {"hashes": sorted(self.hashes), "allowed": sorted(map(str, self.allowed))}

    @classmethod
    def from_json(cls, document: Mapping[str, Sequence[str]]) -> Trust:
        """What `to_json` gave."""
        return cls.of(document["hashes"], document["allowed"])


NO_TRUST = Trust()


def checked_sha256(text: str) -> str:
    """``text`` in lower case. Raises UsageError for what is no SHA-256."""
    digest = text.strip().lower()
    if not _SHA256.fullmatch(digest):
        raise UsageError(
            f"{text!r} is not a SHA-256", why="it has 64 hexadecimal digits", hint="`mlpack inspect MODEL` shows it"
        )
    return digest
