"""Questions about single columns to an original and to the model that was packed of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from mlpack.runtime.session import Array
from mlpack.verify.align import Alignment
from mlpack.verify.judge import judge
from mlpack.verify.peer import Peer
from mlpack.verify.probe import Probe, ProbeKind
from mlpack.verify.probes.column import Column
from mlpack.verify.probes.plan import Plan
from mlpack.verify.tolerance import Tolerance
from mlpack.verify.trial import Asked, Reference, ask_one


@dataclass(frozen=True)
class Part:
    """What a contract speaks of: a column of the packed model, or an input of it whose columns have no names.

    ``columns`` are those of the original that it is made of.
    """

    name: str
    columns: tuple[Column, ...]


@dataclass
class Inquiry:
    """Questions to both models, each an ordinary feed with some columns changed. ``budget`` is in seconds a side."""

    reference: Reference
    candidate: Peer
    alignment: Alignment
    tolerances: Mapping[str, Tolerance]
    base: Mapping[str, Array]
    plan: Plan
    budget: float
    asked: int = 0
    _spent: tuple[float, float] = field(default=(0.0, 0.0))

    def __post_init__(self) -> None:
        self._spent = (self.reference.peer.seconds, self.candidate.seconds)

    @property
    def exhausted(self) -> bool:
        """Whether either side's time is used up: what is not known then is left out of the contract."""
        return any(
            peer.seconds - spent > self.budget
            for peer, spent in zip((self.reference.peer, self.candidate), self._spent, strict=True)
        )

    def changed(self, settings: Sequence[tuple[Sequence[Column], object]]) -> dict[str, Array]:
        """The base rows once for each of ``settings``, with these columns set to this value."""
        rows = self.plan.axes.rows_in(self.base)
        feed = self.plan.take(self.base, np.arange(rows * len(settings)) % rows)
        for place, (columns, value) in enumerate(settings):
            for column in columns:
                for row in range(place * rows, (place + 1) * rows):
                    column.fill(feed[column.input], row, value)
        return feed

    def agree(self, kind: ProbeKind, feed: Mapping[str, Array]) -> bool:
        """Whether both answer ``feed``, with finite values only, and the same."""
        asked = self._ask(kind, feed)
        if asked.reference.outputs is None or not all(map(_is_finite, asked.reference.outputs.values())):
            return False
        return judge(asked, self.alignment, self.tolerances).verdict == "PASS"

    def answers(self, feed: Mapping[str, Array]) -> Mapping[str, Array] | None:
        """What the original alone answers; None where it refuses."""
        return self.reference.peer.run(feed).outputs

    def _ask(self, kind: ProbeKind, feed: Mapping[str, Array]) -> Asked:
        self.asked += 1
        probe = Probe(f"contract {self.asked}", kind, feed)
        return ask_one(self.reference, self.candidate, self.alignment, probe)


def is_word(column: Column) -> bool:
    """Whether the column is of text, and not a whole text that the model splits into words: that has one axis."""
    return not column.spec.is_numeric and len(column.spec.shape) > 1


def _is_finite(array: Array) -> bool:
    return array.dtype.kind not in "fc" or bool(np.isfinite(array).all())
