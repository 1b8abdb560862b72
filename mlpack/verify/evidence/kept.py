"""What is kept of a comparison for those who look at it: bounded, whatever was compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

WITHIN: Final = 0
HELD: Final = 1
EXCUSED: Final = 2
"""Beyond the tolerance, and not held against the candidate: the cast alone does it, or nothing defines the answer."""

Status = Literal[0, 1, 2]
Point = tuple[float, float, int]
"""The reference's value, the candidate's, and a `Status`."""


@dataclass(frozen=True)
class ValuePicture:
    """The errors of one output of numbers, over all ordinary inputs or over the ``extreme`` ones.

    ``counts`` has the errors from ``10 ** (first / 2)`` on, a half-decade each, by `Status`; ``exact`` answers have none, and
    those that only the reference answers with a number are ``one_sided``, by `Status` too. ``allowed`` is the narrowest and the
    widest tolerance.
    """

    name: str
    extreme: bool
    compared: int
    exact: int
    one_sided: tuple[int, int, int]
    first: int
    counts: tuple[tuple[int, int, int], ...]
    allowed: tuple[float, float]
    points: tuple[Point, ...]
    undefined: int = 0
    """Answers that the reference leaves undefined, and the candidate answers otherwise."""

    @property
    def beyond(self) -> int:
        """How many answers are held against the candidate."""
        return sum(count[HELD] for count in self.counts) + self.one_sided[HELD]


@dataclass(frozen=True)
class LabelPicture:
    """The answers of one output, equal or not. ``pairs`` are the most frequent disagreements: both answers, and how many."""

    name: str
    extreme: bool
    rows: int
    equal: int
    held: int
    excused: int
    pairs: tuple[tuple[str, str, int], ...] = ()


@dataclass(frozen=True)
class Answered:
    """What both sides answered to one row in one place of an output; None where a side did not answer at all."""

    place: str
    reference: str
    candidate: str | None
    error: float | None = None


@dataclass(frozen=True)
class ShownRow:
    """One row of the inputs and what both sides made of it. ``inputs`` are columns and values, the first of ``width``."""

    probe: str
    row: int
    verdict: str
    inputs: tuple[tuple[str, str], ...]
    width: int
    answers: tuple[Answered, ...]
    hidden: int = 0
    """How many more places the outputs have."""
    refused: str = ""
    """What the candidate said, where it refused."""


@dataclass(frozen=True)
class Evidence:
    """Pictures of every output, in the reference's order, and the rows that show the difference best, the worst first."""

    values: tuple[ValuePicture, ...] = ()
    labels: tuple[LabelPicture, ...] = ()
    rows: tuple[ShownRow, ...] = ()
