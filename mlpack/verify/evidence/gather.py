"""From the answers to every probe, and what was made of them, to the evidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mlpack.runtime.signature import TensorSpec
from mlpack.verify.align import Alignment
from mlpack.verify.compare import contract, kind_of
from mlpack.verify.evidence.kept import Evidence, LabelPicture, ValuePicture
from mlpack.verify.evidence.labels import picture_of_labels
from mlpack.verify.evidence.rows import worst_rows
from mlpack.verify.evidence.values import Answers, picture_of_values
from mlpack.verify.judge import Judgement
from mlpack.verify.tolerance import Tolerance
from mlpack.verify.trial import Asked

DRAWN, EXTREME = 50, 6
"""Outputs that have pictures, and of extreme values too; those of the largest errors go first."""


def gather(
    asked: Sequence[Asked],
    judged: Sequence[Judgement],
    alignment: Alignment,
    tolerances: Mapping[str, Tolerance],
) -> Evidence:
    """Pictures of the outputs over all probes, the extreme ones apart, for their scale is another; and the worst rows."""
    values: list[ValuePicture] = []
    labels: list[LabelPicture] = []
    for place, (theirs, ours) in enumerate(_worst_first(judged, alignment)[:DRAWN]):
        for extreme in (False, True) if place < EXTREME else (False,):
            found = _answers(asked, judged, theirs, ours, extreme=extreme)
            numbers = [one for one in found if _is_compared_by_value(theirs, one)]
            others = [one for one in found if not _is_compared_by_value(theirs, one)]
            if numbers and theirs.name in tolerances:
                values.append(picture_of_values(theirs.name, numbers, tolerances[theirs.name], extreme=extreme))
            if others:
                labels.append(picture_of_labels(theirs.name, others, extreme=extreme))
    return Evidence(tuple(values), tuple(labels), worst_rows([one.report for one in judged], asked, alignment))


def _answers(
    asked: Sequence[Asked], judged: Sequence[Judgement], theirs: TensorSpec, ours: TensorSpec, *, extreme: bool
) -> list[Answers]:
    found = []
    for item, judgement in zip(asked, judged, strict=True):
        expected, given = item.reference.outputs, item.candidate.outputs
        if (item.probe.kind == "extreme") is not extreme or expected is None or given is None:
            continue
        if theirs.name not in judgement.held or not expected[theirs.name].size:
            continue
        complaint, shaped = contract(expected[theirs.name], given[ours.name])
        if not complaint:
            found.append(Answers(expected[theirs.name], shaped, judgement.held[theirs.name], item.growth))
    return found


def _is_compared_by_value(spec: TensorSpec, answers: Answers) -> bool:
    return spec.role != "label" and kind_of(answers.expected) not in {"string", "int", "bool"}


def _worst_first(judged: Sequence[Judgement], alignment: Alignment) -> list[tuple[TensorSpec, TensorSpec]]:
    failed: dict[str, int] = {}
    shares: dict[str, float] = {}
    for output in (output for one in judged for output in one.report.outputs):
        failed[output.name] = failed.get(output.name, 0) + (output.verdict == "FAIL")
        share = output.max_abs / output.atol if output.atol > 0 else output.max_abs
        shares[output.name] = max(shares.get(output.name, 0.0), share)
    return sorted(alignment.outputs, key=lambda pair: (-failed.get(pair[0].name, 0), -shares.get(pair[0].name, 0.0)))
