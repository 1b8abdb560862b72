"""Asks both models the same questions and keeps what they answer."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from mlpack.core.framework import InputHints
from mlpack.runtime.session import Array, Feed, rows_in, take_rows
from mlpack.runtime.signature import Signature
from mlpack.verify.absent import LeftOut, as_understood, with_text_only
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
    batch_axes: tuple[tuple[str, int], ...] = ()
    """The reference's inputs that have the batch, and the axis it lies on."""
    growth: NDArray[np.float64] | None = None
    """For each row, how many times larger its inputs are than those of ordinary rows; 1 at least."""
    refused: str = ""
    """Which rows a service refused that bind nobody; they are no longer in the probe, unless that is all of them."""

    def input_rows(self, kinds: str) -> list[Array]:
        """The inputs of these dtype kinds that have the batch, each as [rows, values]."""
        found = []
        for name, axis in self.batch_axes:
            array = np.asarray(self.probe.feed[name])
            if array.dtype.kind in kinds and array.shape[axis] == self.rows:
                width = array.size // self.rows if self.rows else 0
                found.append(np.moveaxis(array, axis, 0).reshape(self.rows, width))
        return found


@dataclass
class Reference:
    """The model that is right by definition. Its answers are kept, so that every candidate is held against the same ones.

    ``data`` are the user's own rows, without those that are ``left_out``. Raises DataError where none is left. ``fill`` is what
    the candidate reads as text where one is missing, by column: rows that lack no other text are kept.
    """

    peer: Peer
    hints: InputHints
    data: Feed | None = None
    released: bool = False
    left_out: LeftOut | None = None
    fill: Mapping[str, str] = field(default_factory=dict)
    absent: Feed | None = None
    """The rows that were left out."""
    _answers: dict[tuple[str, str], Answer] = field(default_factory=dict)
    _probes: list[Probe] = field(default_factory=list)
    _noise: dict[str, dict[str, float]] | None = None

    def __post_init__(self) -> None:
        if self.data is None:
            return
        given, taken = as_understood(self.data, self.signature, self.fill, lambda feed: self.peer.run(feed).outputs)
        self.fill = {name: text for name, text in self.fill.items() if name in taken}
        self.data, self.left_out = with_text_only(given, self.signature, taken)
        if self.left_out is not None:
            lost = np.setdiff1d(np.arange(self.left_out.of), self.left_out.kept)
            self.absent = {name: array[lost] for name, array in given.items()}

    @property
    def signature(self) -> Signature:
        """The signature of the reference."""
        return self.peer.signature

    def probes(self) -> Iterator[Probe]:
        """What to try, cheap and telling first; the same for every candidate."""
        if not self._probes:
            self._probes.extend(map(self._placed, probes(self.signature, self.hints, self.data)))
        yield from self._probes

    def _placed(self, probe: Probe) -> Probe:
        """``probe`` with the places of its rows in the data as it was given, before some of them were left out."""
        if probe.places is None or self.left_out is None:
            return probe
        return replace(probe, places=self.left_out.kept[probe.places])

    def answer_all(self, budget: float) -> None:
        """Take the reference's answers now, before anything else is done to the model, within ``budget`` seconds."""
        for probe in self.probes():
            if self.peer.seconds > budget:
                break
            self.keep(probe, "", self.peer.run(probe.feed))
        self.noise()

    def release(self) -> None:
        """End the process that holds the model: from now on there are the answers already given, and no others.

        What it saved stays until its worker is closed.
        """
        self.peer.worker.kill()
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
    started = time.monotonic()
    for probe in reference.probes():
        spent = candidate.seconds if reference.known(probe) else max(reference.peer.seconds, candidate.seconds)
        if spent > budget or time.monotonic() - started > 4 * budget:
            not_tried.append((probe.name, f"the time budget of {budget:g} s was used up"))
            continue
        if reference.released and reference.known(probe) is None:
            not_tried.append((probe.name, "the original was let go to make room, and had not answered it yet"))
            continue
        asked.append(ask_one(reference, candidate, alignment, probe))
    return asked, not_tried


def ask_one(reference: Reference, candidate: Peer, alignment: Alignment, probe: Probe) -> Asked:
    """Try one probe on both sides; answers of the reference are kept under the probe's name. Raises WorkerError."""
    key = _dtypes(alignment)
    taken = alignment.to_candidate(probe.feed)
    seen = alignment.as_candidate_sees(probe.feed, taken)
    candidate.begin(taken)  # the candidate computes while the reference does
    answer = reference.known(probe) or reference.keep(probe, "", reference.peer.run(probe.feed))
    cast = None
    if seen is not None:
        cast = reference.known(probe, key) or reference.keep(probe, key, reference.peer.run(seen))
    inputs = reference.signature.inputs
    axes = {theirs.name: theirs.batch_axis for theirs, _ in alignment.outputs}
    twins = {ours.name: theirs.batch_axis for theirs, ours in alignment.outputs}
    return Asked(
        probe,
        rows_first(answer, axes),
        rows_first(candidate.finish(), twins),
        None if cast is None else rows_first(cast, axes),
        rows_in(probe.feed, inputs),
        tuple((spec.name, spec.batch_axis) for spec in inputs if spec.batch_axis is not None),
    )


def ask_again(asked: Asked, rows: NDArray[np.intp], candidate: Peer, alignment: Alignment) -> Asked:
    """The same probe with these of its rows only, the reference's answers as they were. Raises WorkerError."""
    axes = dict(asked.batch_axes)
    feed = {
        name: np.take(array, rows, axis=axes[name]) if name in axes else array
        for name, array in asked.probe.feed.items()
    }
    twins = {ours.name: theirs.batch_axis for theirs, ours in alignment.outputs}
    return replace(
        asked,
        probe=replace(asked.probe, feed=feed),
        reference=_of_rows(asked.reference, rows, asked.rows),
        candidate=rows_first(candidate.run(alignment.to_candidate(feed)), twins),
        cast=None if asked.cast is None else _of_rows(asked.cast, rows, asked.rows),
        rows=len(rows),
    )


def _of_rows(answer: Answer, rows: NDArray[np.intp], all_rows: int) -> Answer:
    if answer.outputs is None:
        return answer
    return Answer(
        {
            name: array[rows] if array.ndim and len(array) == all_rows else array
            for name, array in answer.outputs.items()
        }
    )


def rows_first(answer: Answer, axes: Mapping[str, int | None]) -> Answer:
    """The same answer with the batch on the first axis of every output, and complex numbers as pairs on a last one."""
    if answer.outputs is None:
        return answer
    turned = {}
    for name, array in answer.outputs.items():
        axis = axes.get(name)
        rows = np.moveaxis(array, axis, 0) if axis and axis < array.ndim else array
        turned[name] = np.stack([rows.real, rows.imag], axis=-1) if rows.dtype.kind == "c" else rows
    return Answer(turned)


def with_growth(asked: list[Asked]) -> list[Asked]:
    """The same answers, each row's inputs measured against the 99th percentile of the usual ones."""
    usual = [magnitudes for item in usual_probes(asked) for magnitudes in _magnitudes(item)]
    scale = float(np.quantile(np.concatenate(usual), 0.99)) if usual and sum(map(len, usual)) else 0.0
    return [replace(item, growth=_growth(item, scale)) for item in asked]


def usual_probes(asked: list[Asked]) -> list[Asked]:
    """What sets the scale of everything: the user's data where there is any, else the first drawn rows."""
    answered = [
        item for item in asked if item.probe.kind in ORDINARY and item.reference.outputs is not None and item.rows
    ]
    data = [item for item in answered if item.probe.kind == "data"]
    return data or answered[:1]


def _magnitudes(item: Asked) -> list[NDArray[np.float64]]:
    with np.errstate(all="ignore"):
        values = [np.abs(rows.astype(np.float64)) for rows in item.input_rows("fiu")]
    return [magnitudes[np.isfinite(magnitudes)] for magnitudes in values]


def _growth(item: Asked, scale: float) -> NDArray[np.float64]:
    growth = np.ones(item.rows)
    if scale > 0:
        for rows in item.input_rows("fiu"):
            with np.errstate(all="ignore"):
                magnitudes = np.abs(rows.astype(np.float64))
            magnitudes[~np.isfinite(magnitudes)] = 0.0
            growth = np.maximum(growth, magnitudes.max(axis=1, initial=0.0) / scale)
    return growth


def joined_outputs(asked: list[Asked]) -> dict[str, Array]:
    """The reference's answers to these probes by output, rows joined where their shapes allow it."""
    gathered: dict[str, list[Array]] = {}
    for item in asked:
        for name, array in (item.reference.outputs or {}).items():
            rows = gathered.setdefault(name, [])
            if array.ndim and (not rows or rows[0].shape[1:] == array.shape[1:]):
                rows.append(array)
    return {name: np.concatenate(rows) for name, rows in gathered.items() if rows}


def _dtypes(alignment: Alignment) -> str:
    return ",".join(spec.dtype for spec in alignment.candidate.inputs)
