"""How far a run has come, told while it goes on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """``rows`` are written, and ``total`` are to be; None where the files do not say how many they hold.

    ``seconds`` are those of this run, in which ``new`` of the rows were predicted.
    """

    rows: int
    total: int | None
    new: int
    seconds: float

    @property
    def rate(self) -> float:
        """Rows a second of this run."""
        return self.new / self.seconds if self.seconds > 0 else 0.0
