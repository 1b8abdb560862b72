"""From two opened models to a parity report."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from mlpack.core.errors import DataError, ParityError
from mlpack.isolate.protection import Protection, weakest
from mlpack.runtime.session import Array, take_rows
from mlpack.runtime.signature import Signature
from mlpack.verify.absent import is_missing
from mlpack.verify.align import Alignment, align
from mlpack.verify.evidence.gather import gather
from mlpack.verify.judge import judgement
from mlpack.verify.peer import Peer
from mlpack.verify.refused import without_refused
from mlpack.verify.report import ParityReport, Party, ProbeReport, Verdict, worst_error
from mlpack.verify.served import align_served
from mlpack.verify.tolerance import Tolerance, derive
from mlpack.verify.trial import ORDINARY, Asked, Reference, ask, joined_outputs, usual_probes, with_growth

INDEPENDENT_COLUMNS = frozenset({"sklearn", "xgboost", "lightgbm"})
"""Frameworks whose output columns are computed apart from each other, each in its own units."""
ALIVE = 10.0
"""An output is alive when it moves by more than this many tolerances between the rows tried."""


def measure(
    reference: Reference,
    candidate: Peer,
    parties: tuple[Party, Party],
    *,
    rtol: float | None = None,
    atol: float | None = None,
    budget: float = 30.0,
    evidence: bool = False,
) -> ParityReport:
    """Hold an opened candidate against the reference. ``evidence`` is kept for a page to be drawn from, where one is wanted.

    A worker that dies or hangs makes the verdict FAIL, and so do inputs that do not correspond. Raises DataError when the
    reference does not take the user's data.
    """
    started = time.monotonic()
    try:
        alignment = (
            align_served(reference.signature, candidate.signature, parties[0].path)
            if candidate.wire
            else align(reference.signature, candidate.signature)
        )
        alignment = replace(alignment, fill=reference.fill)
        asked, not_tried = ask(reference, candidate, alignment, budget)
        if candidate.wire:
            asked = [without_refused(item, reference, candidate, alignment) for item in asked]
        noise = reference.noise()
    except ParityError as error:
        reason = f"{error.message}: {error.why}" if error.why else error.message
        return ParityReport(
            "FAIL", reason, *parties, sandbox=sandbox_of(reference.peer, candidate), seconds=time.monotonic() - started
        )
    _check_data(asked)
    asked = with_growth(asked)
    ordinary = joined_outputs([item for item in asked if item.probe.kind in ORDINARY])
    usual = joined_outputs(usual_probes(asked))
    independent = reference.peer.framework in INDEPENDENT_COLUMNS
    tolerances = _tolerances(usual, asked, alignment, noise, (rtol, atol), shared=not independent)
    takes_missing = reference.hints.takes_missing
    judged = [judgement(item, alignment, tolerances, takes_missing=takes_missing) for item in asked]
    probes = [one.report for one in judged]
    verdict, reason = _verdict(probes, _alive(ordinary, tolerances, reference.signature))
    if reference.left_out is not None:
        reason = f"{reason}; {reference.left_out.rows} of {reference.left_out.of} rows of the data were not compared"
    return ParityReport(
        verdict,
        reason,
        *parties,
        probes=tuple(probes),
        not_tried=tuple(not_tried),
        tolerance={name: tolerance.to_json() for name, tolerance in tolerances.items()},
        worst_input=_worst_input(probes, asked, reference.signature),
        left_out=reference.left_out,
        sandbox=sandbox_of(reference.peer, candidate),
        seconds=time.monotonic() - started,
        evidence=gather(asked, judged, alignment, tolerances) if evidence else None,
    )


def sandbox_of(*peers: Peer) -> Protection:
    """What all of them can claim to have been in."""
    return weakest(peer.worker.protection for peer in peers)


def _check_data(asked: Sequence[Asked]) -> None:
    for item in asked:
        if item.probe.kind == "data" and item.reference.outputs is None:
            raise DataError(
                "the original model does not take this data",
                why=item.reference.raised,
                hint="compare its columns with: mlpack inspect MODEL",
            )


def _tolerances(
    usual: Mapping[str, Array],
    asked: Sequence[Asked],
    alignment: Alignment,
    noise: Mapping[str, Mapping[str, float]],
    wish: tuple[float | None, float | None],
    *,
    shared: bool,
) -> dict[str, Tolerance]:
    """The tolerance of every float output of the reference, by name."""
    found: dict[str, Tolerance] = {}
    for theirs, ours in alignment.outputs:
        values = usual.get(theirs.name)
        if values is None:
            values = _any_answer(asked, theirs.name)
        if values is None or values.dtype.kind not in "fV":
            continue
        given = next(
            (
                item.candidate.outputs[ours.name].dtype
                for item in asked
                if item.candidate.outputs is not None and ours.name in item.candidate.outputs
            ),
            values.dtype,
        )
        own_noise = {source: by_output.get(theirs.name, 0.0) for source, by_output in noise.items()}
        by_column = theirs.role == "tensor"
        found[theirs.name] = derive(values, given, own_noise, wish, by_column=by_column, shared=shared)
    return found


def _any_answer(asked: Sequence[Asked], name: str) -> Array | None:
    answers = (item.reference.outputs[name] for item in asked if item.reference.outputs is not None)
    return next(answers, None)


def _verdict(probes: Sequence[ProbeReport], alive: Mapping[str, bool]) -> tuple[Verdict, str]:
    failed = [probe for probe in probes if probe.verdict == "FAIL"]
    if failed:
        return "FAIL", f"{failed[0].name}: {failed[0].message}"
    if not probes:
        return "VACUOUS", "nothing was compared: the time budget was used up before the first answer"
    compared = [output for probe in probes if probe.kind in ORDINARY and probe.rows for output in probe.outputs]
    if not any(output.compared for output in compared):
        return "VACUOUS", _nothing_compared(probes)
    if not any(alive.values()):
        return "VACUOUS", "the outputs do not depend on the inputs tried, so equal answers prove nothing"
    compared_alike = [probe for probe in probes if probe.outputs and probe.verdict == "PASS"]
    worst = worst_error(probes)
    rows = sum(probe.rows for probe in compared_alike)
    still = [name for name, moves in alive.items() if not moves]
    proviso = f"; {', '.join(still)} answered the same to every row, which proves nothing about it" if still else ""
    differing = sum(1 for probe in probes if probe.verdict == "DIFFERS")
    noted = f"; {differing} more {'kind differs' if differing == 1 else 'kinds differ'} as noted" if differing else ""
    kinds = f"{len(compared_alike)} kind{'s' if len(compared_alike) != 1 else ''} of input"
    return "PASS", f"{rows} rows of {kinds} agree; the worst error is {worst:.2g}{noted}{proviso}"


def _alive(ordinary: Mapping[str, Array], tolerances: Mapping[str, Tolerance], signature: Signature) -> dict[str, bool]:
    """Whether each output depends on the inputs tried. A label does when the scores that it is decided by do."""
    alive = {name: _is_alive(values, tolerances.get(name)) for name, values in ordinary.items()}
    for spec in signature.outputs:
        scores = signature.scores_of(spec) if spec.role == "label" else None
        if scores is not None and spec.name in alive:
            alive[spec.name] = alive.get(scores.name, False)
    return alive


def _nothing_compared(probes: Sequence[ProbeReport]) -> str:
    refused = next((probe.message for probe in probes if probe.kind in ORDINARY and probe.message), "")
    return f"nothing was compared: {refused or 'the reference gives no finite answer to any ordinary row'}"


def _is_alive(values: Array, tolerance: Tolerance | None) -> bool:
    """Whether an output answers differently to different rows, by more than rounding."""
    if len(values) < 2:
        return False
    rows = values.reshape(len(values), -1)
    if tolerance is None or values.dtype.kind not in "fV":
        return bool((rows != rows[:1]).any())
    with np.errstate(all="ignore"):
        wide = rows.astype(np.float64)
        wide[~np.isfinite(wide)] = np.nan
        spread = np.nanmax(wide, axis=0, initial=-np.inf) - np.nanmin(wide, axis=0, initial=np.inf)
    return bool((spread > ALIVE * (tolerance.widest + tolerance.rtol * tolerance.scale.max())).any())


def _worst_input(probes: Sequence[ProbeReport], asked: Sequence[Asked], signature: Signature) -> dict[str, Any] | None:
    """The row that shows the difference best: of the first failed probe, the worst row, as plain values."""
    for probe, item in zip(probes, asked, strict=True):
        if probe.verdict != "FAIL":
            continue
        row = next((output.worst_row for output in probe.outputs if output.worst_row is not None), None)
        if not probe.outputs and item.rows == 1:
            row = 0  # the one row that a service refuses
        if row is None:
            continue
        shown = take_rows(item.probe.feed, signature.inputs, slice(row, row + 1))
        feed = {name: _plain(array.ravel()[:64]) for name, array in shown.items()}
        return {"probe": probe.name, "row": row, "place": item.probe.place_of(row), "feed": feed}
    return None


def _plain(values: Array) -> list[Any]:
    """``values`` as plain ones; text that is missing is None, whichever null it was."""
    return (
        [None if is_missing(cell) else cell for cell in values.tolist()] if values.dtype == object else values.tolist()
    )
