"""Asks both models the same questions and keeps what they answer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from mlpack.core.framework import InputHints
from mlpack.runtime.session import Array, Feed, rows_in, take_rows
from mlpack.runtime.signature import Signature
from mlpack.verify.align import Alignment
from mlpack.verify.peer import Answer, Peer
from mlpack.verify.probe import Probe
from mlpack.verify.probes import probes

ORDINARY = ("data", "drawn", "batch")
"""Kinds of probes that hold what a model meets every day: its scale and its noise are taken from these."""
_CALIBRATION_ROWS = 64


@dataclass(frozen=True)
class Asked:
    """One probe and the answers to it. ``cast`` is the reference's answer to the values that the candidate could see."""

    probe: Probe
    reference: Answer
    candidate: Answer
    cast: Answer | None = None

    rows: int = 0
    """The rows of the probe's batch."""


@dataclass
class Reference:
    """The model that is right by definition. Its answers are kept, so that every candidate is held against the same ones."""

    peer: Peer
    hints: InputHints
    data: Feed | None = None
    released: bool = False
    _answers: dict[tuple[str, str], Answer] = field(default_factory=dict)
    _probes: list[Probe] = field(default_factory=list)
    _noise: dict[str, dict[str, float]] | None = None

    @property
    def signature(self) -> Signature:
        """The signature of the reference."""
        return self.peer.signature

    def probes(self) -> Iterator[Probe]:
        """What to try, cheap and telling first; the same for every candidate."""
        if not self._probes:
            self._probes.extend(probes(self.signature, self.hints, self.data))
        yield from self._probes

    def answer_all(self, budget: float) -> None:
        """Take the reference's answers now, before anything else is done to the model, within ``budget`` seconds."""
        for probe in self.probes():
            if self.peer.seconds > budget:
                return
            self.keep(probe, "", self.peer.run(probe.feed))
        self.noise()

    def release(self) -> None:
        """Let go of the model: from now on there are the answers already given, and no others."""
        self.peer.worker.call("release")
        self.released = True

    def known(self, probe: Probe, key: str = "") -> Answer | None:
        """The answer given before, if any."""
        return self._answers.get((probe.name, key))

    def keep(self, probe: Probe, key: str, answer: Answer) -> Answer:
        """Remember an answer."""
        return self._answers.setdefault((probe.name, key), answer)

    def noise(self) -> dict[str, dict[str, float]]:
        """The reference's own noise on its first ordinary probe, by source and output."""
        if self._noise is None:
            ordinary = next((probe for probe in self.probes() if self._answered(probe)), None)
            self._noise = {} if ordinary is None else self.peer.noise(self.first_rows(ordinary, _CALIBRATION_ROWS))
        return self._noise

    def first_rows(self, probe: Probe, rows: int) -> dict[str, Array]:
        """The first ``rows`` of a probe's batch."""
        return take_rows(probe.feed, self.signature.inputs, slice(rows))

    def _answered(self, probe: Probe) -> bool:
        answer = self.known(probe)
        return probe.kind in ORDINARY and bool(probe.feed) and answer is not None and answer.outputs is not None


def ask(
    reference: Reference, candidate: Peer, alignment: Alignment, budget: float
) -> tuple[list[Asked], list[tuple[str, str]]]:
    """Try one probe after the other on both sides until they, or either side's ``budget`` in seconds, are used up.

    Gives the answers and what was not tried, with the reason. Raises WorkerError when a side dies or hangs.
    """
    asked: list[Asked] = []
    not_tried: list[tuple[str, str]] = []
    key = _dtypes(alignment)
    started = time.monotonic()
    for probe in reference.probes():
        spent = candidate.seconds if reference.known(probe) else max(reference.peer.seconds, candidate.seconds)
        if spent > budget or time.monotonic() - started > 4 * budget:
            not_tried.append((probe.name, f"the time budget of {budget:g} s was used up"))
            continue
        if reference.released and reference.known(probe) is None:
            not_tried.append((probe.name, "the original was let go to make room, and had not answered it yet"))
            continue
        asked.append(_ask_one(reference, candidate, alignment, probe, key))
    return asked, not_tried


def _ask_one(reference: Reference, candidate: Peer, alignment: Alignment, probe: Probe, key: str) -> Asked:
    taken = alignment.to_candidate(probe.feed)
    seen = alignment.as_candidate_sees(probe.feed, taken)
    candidate.begin(taken)  # the candidate computes while the reference does
    answer = reference.known(probe) or reference.keep(probe, "", reference.peer.run(probe.feed))
    cast = None
    if seen is not None:
        cast = reference.known(probe, key) or reference.keep(probe, key, reference.peer.run(seen))
    return Asked(probe, answer, candidate.finish(), cast, rows_in(probe.feed, reference.signature.inputs))


def ordinary_outputs(asked: list[Asked]) -> dict[str, Array]:
    """The reference's answers on ordinary probes by output, rows joined where their shapes allow it."""
    gathered: dict[str, list[Array]] = {}
    for item in asked:
        if item.probe.kind not in ORDINARY or item.reference.outputs is None:
            continue
        for name, array in item.reference.outputs.items():
            rows = gathered.setdefault(name, [])
            if array.ndim and (not rows or rows[0].shape[1:] == array.shape[1:]):
                rows.append(array)
    return {name: np.concatenate(rows) for name, rows in gathered.items() if rows}


def _dtypes(alignment: Alignment) -> str:
    return ",".join(spec.dtype for spec in alignment.candidate.inputs)
