"""What `mlpack verify` does, from two paths to a report."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mlpack.core.errors import UsageError
from mlpack.core.publish import publish_bytes
from mlpack.runtime.session import Array
from mlpack.verify.bisect import Fingerprint, first_difference
from mlpack.verify.inputs import feed_of
from mlpack.verify.parity import measure
from mlpack.verify.peer import Peer
from mlpack.verify.report import ParityReport
from mlpack.verify.subject import Subject, open_subject, start, subject_of
from mlpack.verify.trial import Reference

SIDE = "mlpack.verify.side:Side"


def run_verify(
    reference: Any,
    candidate: Any,
    *,
    data: Any,
    wish: tuple[float | None, float | None],
    trust: Sequence[str],
    budget: float,
    bisect: bool,
    report: Path | None,
) -> ParityReport:
    """See `mlpack.verify`."""
    writer = _writer(report)
    original, other = subject_of(reference), subject_of(candidate)
    with ExitStack() as stack:
        workers = [
            stack.enter_context(start(subject, SIDE, name))
            for subject, name in ((original, "reference"), (other, "candidate"))
        ]
        hang = max(120.0, 4 * budget)
        first, second = _open_both(original, other, workers, trust, data, hang)
        compared = Reference(first, first.hints(), feed_of(data, first.signature))
        parties = (original.party(first), other.party(second))
        result = measure(compared, second, parties, rtol=wish[0], atol=wish[1], budget=budget)
        if bisect and result.verdict == "FAIL":
            result = replace(result, parting=_parting(compared, second, result))
    if report is not None:
        writer(result, report)
    return result


def _open_both(
    original: Subject, other: Subject, workers: Sequence[Any], trust: Sequence[str], data: Any, hang: float
) -> tuple[Peer, Peer]:
    """Open both models, at the same time where both are files. The user's data helps a model that does not know its inputs."""
    sample = feed_of(data, None) if data is not None and _needs_sample(original, other) else None
    first, second = Peer(workers[0], hang), Peer(workers[1], hang)
    if original.path and original.format and other.path and other.format:
        first.begin_open(original.path, original.format.name, trust, sample)
        second.begin_open(other.path, other.format.name, trust, sample)
        first.finish_open()
        second.finish_open()
        return first, second
    return (
        open_subject(original, workers[0], trust, sample, hang),
        open_subject(other, workers[1], trust, sample, hang),
    )


def _needs_sample(*subjects: Subject) -> bool:
    return any(subject.framework in {"torch", "torchscript"} for subject in subjects)


def _writer(report: Path | None) -> Any:
    """What writes a report of that ending. Raises UsageError for another ending, before any work is done."""
    writers = {".json": write_json, ".xml": write_junit}
    if report is None:
        return write_json
    if report.suffix.lower() not in writers:
        raise UsageError(f"{report.name} has no ending of a report", hint="--report FILE.json or --report FILE.xml")
    return writers[report.suffix.lower()]


def write_json(report: ParityReport, path: Path) -> None:
    """Write the report as JSON. Raises OutputError."""
    publish_bytes(json.dumps(report.to_json(), indent=2, allow_nan=True).encode() + b"\n", path)


def write_junit(report: ParityReport, path: Path) -> None:
    """Write the report as JUnit XML. Raises OutputError."""
    from mlpack.verify.junit import to_junit

    publish_bytes(to_junit(report.to_json()).encode(), path)


def _parting(reference: Reference, candidate: Peer, report: ParityReport) -> Mapping[str, Any]:
    """The first layer where the two models part, on the row that shows their difference best."""
    feed = _worst_row(reference, report)
    from mlpack.verify.align import align

    alignment = align(reference.signature, candidate.signature)
    ours = [Fingerprint.from_json(stage) for stage in reference.peer.stages(feed)]
    theirs = [Fingerprint.from_json(stage) for stage in candidate.stages(alignment.to_candidate(feed))]
    return first_difference(ours, theirs).to_json()


def _worst_row(reference: Reference, report: ParityReport) -> dict[str, Array]:
    """The row named by the report, twice: a batch of one is a special case of its own for some exporters."""
    where = report.worst_input
    for probe in reference.probes():
        if where is None or probe.name != where["probe"]:
            continue
        return {name: np.concatenate([array[where["row"]][None]] * 2) for name, array in probe.feed.items()}
    first = next(iter(reference.probes()))
    return {name: array[:2] for name, array in first.feed.items()}
