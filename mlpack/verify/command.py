"""What `mlpack verify` does, from two paths to a report."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mlpack.core.errors import UsageError, WorkerError
from mlpack.core.trust import Trust
from mlpack.isolate.local import LocalWorker
from mlpack.runtime.session import Array, take_rows
from mlpack.verify.align import align
from mlpack.verify.bisect import Fingerprint, first_difference
from mlpack.verify.parity import measure, sandbox_of
from mlpack.verify.peer import Peer
from mlpack.verify.remote.address import address_of
from mlpack.verify.remote.image import is_image, started
from mlpack.verify.report import ParityReport
from mlpack.verify.report_file import is_page, writer_for
from mlpack.verify.subject import ESTIMATORS, Subject, begin_open, candidate_of, start, subject_of
from mlpack.verify.trial import Reference
from mlpack.verify.truths import truths_like

SIDE = "mlpack.verify.side:Side"


def run_verify(
    reference: Any,
    candidate: Any,
    *,
    data: Any,
    wish: tuple[float | None, float | None],
    trust: Trust,
    budget: float,
    bisect: bool,
    report: str | Path | None,
    require_sandbox: bool,
) -> ParityReport:
    """See `mlpack.verify`."""
    report = Path(report) if report is not None else None
    write = writer_for(report) if report is not None else None
    original = subject_of(reference)
    if is_image(candidate):
        with started(candidate) as address:
            return run_verify(
                reference, replace(address_of(address), text=candidate), data=data, wish=wish, trust=trust,
                budget=budget, bisect=bisect, report=report, require_sandbox=require_sandbox,
            )  # fmt: skip
    other = candidate_of(candidate)
    if bisect and other.address is not None:
        raise UsageError(
            "a running service shows its answers, and not the layers behind them",
            hint="bisect against the bundle that it serves",
        )
    with ExitStack() as stack:
        workers = [
            start(subject, SIDE, name, require_sandbox=require_sandbox)
            for subject, name in ((original, "reference"), (other, "candidate"))
        ]
        for worker in workers:
            stack.enter_context(worker)
        if isinstance(workers[1], LocalWorker) and other.address is not None:
            stack.callback(workers[1].target.close)
        hang = max(120.0, 4 * budget)
        first, second = Peer(workers[0], hang), Peer(workers[1], hang)
        result = None
        try:
            _open_both((original, first), (other, second), trust, data)
            _open_as_typed(original, first, second, trust)
        except _CandidateError as failure:
            parties = (original.party(first), other.party(second))
            result = ParityReport("FAIL", str(failure), *parties, sandbox=sandbox_of(first, second))
        if result is None:
            compared = Reference(first, first.hints(), original.feed(data, first.signature), fill=other.fill)
            parties = (original.party(first), other.party(second))
            drawn = report is not None and is_page(report)
            result = measure(compared, second, parties, rtol=wish[0], atol=wish[1], budget=budget, evidence=drawn)
            if bisect and result.verdict == "FAIL":
                result = replace(result, parting=_parting(compared, second, result))
    if write is not None:
        write(result)
    return result


class _CandidateError(Exception):
    """The candidate could not even be opened by its library: the verdict is FAIL, and this is the reason."""


def _open_both(reference: tuple[Subject, Peer], candidate: tuple[Subject, Peer], trust: Trust, data: Any) -> None:
    """Open both models, at the same time where both are files. The user's data helps one that does not know its inputs.

    A service is asked first: whether it is there is known at once.
    """
    (original, first), (other, second) = reference, candidate
    sample = original.feed(data, None) if _needs_sample(original, other) else original.sample(data)
    begin_open(original, first, trust, sample)
    if other.address is not None:
        second.begin_connect(other.address, original.names)
        _finish_candidate(second)
        first.finish_open()
        return
    begin_open(other, second, trust, sample)
    first.finish_open()
    _finish_candidate(second)


def _open_as_typed(original: Subject, first: Peer, second: Peer, trust: Trust) -> None:
    """Open the original anew where the candidate was packed with data that told of truth values: to take them as such, too."""
    sample = truths_like(second.signature, first.signature) if original.framework in ESTIMATORS else None
    if sample is not None:
        begin_open(original, first, trust, sample)
        first.finish_open()


def _finish_candidate(peer: Peer) -> None:
    try:
        peer.finish_open()
    except WorkerError as error:
        raise _CandidateError(f"{error.message}: {error.why}" if error.why else error.message) from error


def _needs_sample(*subjects: Subject) -> bool:
    return any(subject.framework in {"torch", "torchscript"} for subject in subjects)


def _parting(reference: Reference, candidate: Peer, report: ParityReport) -> Mapping[str, Any]:
    """The first layer where the two models part, on the row that shows their difference best."""
    feed = _worst_row(reference, report)
    alignment = replace(align(reference.signature, candidate.signature), fill=reference.fill)
    try:
        return _first_difference(reference, candidate, feed, alignment.to_candidate(feed))
    except WorkerError as error:
        return {"verdict": "unknown", "message": f"where they part could not be found: {error.message}"}


def _first_difference(
    reference: Reference, candidate: Peer, feed: Mapping[str, Array], taken: Mapping[str, Array]
) -> Mapping[str, Any]:
    ours = [Fingerprint.from_json(stage) for stage in reference.peer.stages(feed)]
    theirs = [Fingerprint.from_json(stage) for stage in candidate.stages(taken)]
    return first_difference(ours, theirs).to_json()


def _worst_row(reference: Reference, report: ParityReport) -> dict[str, Array]:
    """The row named by the report, twice: a batch of one is a special case of its own for some exporters."""
    where = report.worst_input
    for probe in reference.probes():
        if where is None or probe.name != where["probe"]:
            continue
        specs = reference.signature.inputs
        row = take_rows(probe.feed, specs, slice(where["row"], where["row"] + 1))
        return {
            spec.name: row[spec.name]
            if spec.batch_axis is None
            else np.concatenate([row[spec.name]] * 2, axis=spec.batch_axis)
            for spec in specs
        }
    return reference.first_rows(next(reference.probes()), 2)
