"""One rule, and what is made of it."""

from __future__ import annotations

from dataclasses import dataclass

from mlpack.core.errors import UnsafeFileError
from mlpack.core.finding import Finding, Severity


@dataclass(frozen=True)
class Rule:
    """``title`` says what is wrong in general, ``advice`` what to do about it.

    ``damage``: the file could not be judged to its end, and nothing is said of what it wants.
    """

    id: str
    severity: Severity
    title: str
    advice: str = "do not load this file"
    damage: bool = False

    def finding(self, message: str, *, member: str = "", offset: int | None = None, hint: str = "") -> Finding:
        """A finding by this rule."""
        return Finding(self.id, self.severity, message, member, offset, hint or self.advice)

    def error(
        self, name: str, message: str, *, member: str = "", offset: int | None = None, hint: str = ""
    ) -> UnsafeFileError:
        """The error that refuses the file called ``name``, with its finding."""
        found = self.finding(message, member=member, offset=offset, hint=hint)
        place = f" ({found.place})" if found.place else ""
        return UnsafeFileError(f"{name} is refused", why=message + place, hint=found.hint, findings=(found,))
