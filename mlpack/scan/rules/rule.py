"""One rule, and what is made of it."""

from __future__ import annotations

from dataclasses import dataclass

from mlpack.core.errors import UnsafeFileError
from mlpack.core.finding import Finding, Severity

_LONGEST, _LONGEST_HINT = 1000, 4000


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
        """A finding by this rule. What of the file stands in it cannot write to a terminal, nor fill it."""
        return Finding(
            self.id,
            self.severity,
            plain_text(message),
            plain_text(member),
            offset,
            plain_text(hint or self.advice, _LONGEST_HINT),
        )

    def error(
        self, name: str, message: str, *, member: str = "", offset: int | None = None, hint: str = ""
    ) -> UnsafeFileError:
        """The error that refuses the file called ``name``, with its finding."""
        found = self.finding(message, member=member, offset=offset, hint=hint)
        place = f" ({found.place})" if found.place else ""
        return UnsafeFileError(f"{name} is refused", why=found.message + place, hint=found.hint, findings=(found,))


def plain_text(text: str, longest: int = _LONGEST) -> str:
    """``text`` with what is no printable character escaped, and cut after ``longest`` characters."""
    cut = text if len(text) <= longest else f"{text[:longest]}…"
    return cut if cut.isprintable() else "".join(one if one.isprintable() else ascii(one)[1:-1] for one in cut)
