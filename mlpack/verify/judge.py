"""Judges the answers to one probe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from mlpack.runtime.session import Array
from mlpack.runtime.signature import Signature, TensorSpec
from mlpack.verify.align import Alignment
from mlpack.verify.compare import Measured, Rows, compare_labels, compare_values, contract, kind_of, near_ties
from mlpack.verify.report import OutputReport, ProbeReport
from mlpack.verify.tolerance import Tolerance, exactly
from mlpack.verify.trial import ORDINARY, Asked

ROUNDED_AWAY = 2.0**20
"""Beyond it the square of an input rounds away, even in float64, what a column of ordinary size adds to a distance (2^40 times
2^-52): the order of operations decides, and in float32 sums and products soon overflow.
"""
NARROW = ("threshold", "missing", "infinite", "extreme")
"""Kinds of probes made to sit where one rounding step decides. A row of these that only the cast to the candidate's input
dtype moves is reported, not held against it: no model with that input dtype could answer otherwise.
"""


@dataclass(frozen=True)
class Judgement:
    """The report on one probe, and for each output that was compared the rows that are ``held`` against the candidate."""

    report: ProbeReport
    held: Mapping[str, Rows] = field(default_factory=dict)


def judge(
    asked: Asked, alignment: Alignment, tolerances: Mapping[str, Tolerance], *, takes_missing: bool = True
) -> ProbeReport:
    """The report on one probe: FAIL when an answer that the reference defines is not given.

    ``takes_missing`` is what the reference says of itself, see `mlpack.core.framework.InputHints`.
    """
    return judgement(asked, alignment, tolerances, takes_missing=takes_missing).report


def judgement(
    asked: Asked, alignment: Alignment, tolerances: Mapping[str, Tolerance], *, takes_missing: bool = True
) -> Judgement:
    """What `judge` says, and the rows that it rests on."""
    refusal = _not_comparable(asked, alignment)
    if refusal is not None:
        return Judgement(refusal)
    return _compared(asked, alignment, tolerances, takes_missing=takes_missing)


def _not_comparable(asked: Asked, alignment: Alignment) -> ProbeReport | None:
    """The report on a probe whose answers cannot be put side by side: one refused, or has not the outputs of the other."""
    report = _blank(asked)
    expected, given = asked.reference, asked.candidate
    if expected.outputs is None:
        if given.outputs is None:
            return replace(report, verdict="SKIPPED", message=f"both refuse ({_first_line(expected.raised)})")
        message = f"the reference refuses ({_first_line(expected.raised)}), the candidate answers"
        return replace(report, verdict="SKIPPED", difference=message)
    if given.outputs is None:
        message = f"the reference answers, the candidate refuses ({_first_line(given.raised)})"
        if not asked.rows or asked.refused:
            return replace(report, verdict="SKIPPED", difference=asked.refused or message)
        return replace(report, verdict="FAIL", message=message)
    unannounced = set(given.outputs) - {spec.name for spec in alignment.candidate.outputs}
    if unannounced:
        names = ", ".join(sorted(unannounced))
        return replace(report, verdict="FAIL", message=f"the candidate answers more than it declares: {names}")
    missing = [spec.name for spec in alignment.reference.outputs if spec not in [pair[0] for pair in alignment.outputs]]
    extra = len(alignment.candidate.outputs) - len(alignment.outputs)
    if missing or extra > 0:
        return replace(report, verdict="FAIL", message=_outputs_differ(missing, alignment))
    return None


def _blank(asked: Asked) -> ProbeReport:
    return ProbeReport(asked.probe.name, asked.probe.kind, asked.rows, "PASS", note=asked.probe.note)


def _compared(
    asked: Asked, alignment: Alignment, tolerances: Mapping[str, Tolerance], *, takes_missing: bool
) -> Judgement:
    report, outputs, held, undefined = _blank(asked), [], {}, 0
    forgiven = _overflowing_rows(asked)
    if not takes_missing and asked.probe.kind in {"missing", "infinite"}:
        forgiven = ~forgiven
    for theirs, ours in alignment.outputs:
        output, open_rows, bad = _judge_output(asked, theirs, ours, alignment.reference, tolerances, forgiven)
        outputs.append(output)
        held[theirs.name] = bad
        undefined = max(undefined, open_rows)
    failed = [output for output in outputs if output.verdict == "FAIL"]
    if failed and not asked.rows:
        return Judgement(replace(report, verdict="DIFFERS", difference=f"without any rows, {failed[0].message}"))
    difference = _difference(undefined, outputs, asked.refused)
    report = replace(
        report,
        outputs=tuple(outputs),
        verdict="FAIL" if failed else "DIFFERS" if difference else "PASS",
        message=failed[0].message if failed else "",
        difference=difference,
    )
    return Judgement(report, held)


def _judge_output(
    asked: Asked,
    theirs: TensorSpec,
    ours: TensorSpec,
    signature: Signature,
    tolerances: Mapping[str, Tolerance],
    forgiven: Rows,
) -> tuple[OutputReport, int, Rows]:
    """The report on one output, how many rows the reference leaves undefined, and which are held against the candidate.

    ``forgiven`` marks rows on which the reference's answer binds nobody.
    """
    assert asked.reference.outputs is not None
    assert asked.candidate.outputs is not None
    expected = asked.reference.outputs[theirs.name]
    complaint, given = contract(expected, asked.candidate.outputs[ours.name])
    if complaint:
        return OutputReport(theirs.name, "FAIL", message=f"{theirs.name} has {complaint}"), 0, np.zeros(0, dtype=bool)
    if theirs.role == "label" or kind_of(expected) in {"string", "int", "bool"}:
        return _judge_labels(asked, theirs, expected, given, signature, tolerances, forgiven)
    return _judge_values(asked, theirs, expected, given, tolerances[theirs.name], forgiven)


def _judge_values(
    asked: Asked, spec: TensorSpec, expected: Array, given: Array, tolerance: Tolerance, forgiven: Rows
) -> tuple[OutputReport, int, Rows]:
    measured = compare_values(expected, given, tolerance, asked.growth)
    bad = measured.beyond | measured.undefined
    open_rows = np.zeros_like(bad)
    if asked.probe.kind not in ORDINARY:
        open_rows = (measured.undefined & ~measured.beyond) | (bad & _fit(forgiven, bad))
    bad = bad & ~open_rows
    seen = _cast_output(asked, spec)
    cast_rows, conversion, cast = np.zeros_like(bad), None, None
    if seen is not None and seen.shape == given.shape:
        against_cast = compare_values(seen, given, tolerance, asked.growth)
        conversion, cast = against_cast.max_abs, compare_values(expected, seen, tolerance, asked.growth).max_abs
        cast_rows = bad & ~against_cast.beyond & ~against_cast.undefined
    else:
        cast_rows = bad & _fit(_lost_in_cast(asked), bad)
    if asked.probe.kind in NARROW:
        bad = bad & ~cast_rows
    report = _report(spec, measured, tolerance, bad)
    report = replace(
        report,
        max_abs=measured.max_over(~open_rows),
        conversion_abs=conversion,
        cast_abs=cast,
        cast_rows=int(cast_rows.sum()),
    )
    if bad.any():
        report = replace(report, message=_value_message(asked, spec, expected, given, report, cast_rows))
    return report, int(open_rows.sum()), bad


def _judge_labels(
    asked: Asked,
    spec: TensorSpec,
    expected: Array,
    given: Array,
    signature: Signature,
    tolerances: Mapping[str, Tolerance],
    forgiven: Rows,
) -> tuple[OutputReport, int, Rows]:
    measured = compare_labels(expected, given)
    bad = measured.beyond
    ties, open_rows = np.zeros_like(bad), bad & _fit(forgiven, bad)
    scores = signature.scores_of(spec)
    if scores is not None and bad.any() and expected.ndim == 1:
        values = (asked.reference.outputs or {})[scores.name]
        tolerance = tolerances[scores.name]
        ties = near_ties(expected, given, values, signature.classes.get(spec.name, ()), tolerance, bad)
        if asked.probe.kind not in ORDINARY:
            open_rows = open_rows | (bad & ~_finite_rows(values))
    seen = _cast_output(asked, spec)
    if seen is not None and seen.shape == given.shape:
        cast_rows = bad & np.asarray((seen == given).reshape(len(bad), -1).all(axis=1))
    else:
        cast_rows = bad & _fit(_lost_in_cast(asked), bad)
    bad = bad & ~ties & ~open_rows
    if asked.probe.kind in NARROW:
        bad = bad & ~cast_rows
    report = replace(
        _report(spec, measured, exactly(), bad),
        near_ties=int(ties.sum()),
        cast_rows=int(cast_rows.sum()),
    )
    if bad.any():
        report = replace(report, message=_value_message(asked, spec, expected, given, report, cast_rows))
    return report, int(open_rows.sum()), bad


def _report(spec: TensorSpec, measured: Measured, tolerance: Tolerance, bad: Rows) -> OutputReport:
    return OutputReport(
        name=spec.name,
        verdict="FAIL" if bad.any() else "PASS",
        compared=measured.compared,
        max_abs=measured.max_abs,
        mean_abs=measured.mean_abs,
        p99_abs=measured.p99_abs,
        max_rel=measured.max_rel,
        p99_rel=measured.p99_rel,
        max_ulp=measured.max_ulp,
        atol=tolerance.widest,
        rtol=tolerance.rtol,
        rows_beyond=int(bad.sum()),
        worst_row=int(np.flatnonzero(bad)[0]) if bad.any() and not _is_bad(measured, bad) else measured.worst_row,
        label_agreement=measured.agreement,
    )


def _is_bad(measured: Measured, bad: Rows) -> bool:
    return measured.worst_row is not None and bool(bad[measured.worst_row])


def _cast_output(asked: Asked, spec: TensorSpec) -> Array | None:
    if asked.cast is None or asked.cast.outputs is None:
        return None
    return asked.cast.outputs.get(spec.name)


def _lost_in_cast(asked: Asked) -> Rows:
    """Rows whose inputs overflow in the candidate's dtype, where the reference refuses what is left of them."""
    lost = np.zeros(asked.rows, dtype=bool)
    if asked.cast is None or asked.cast.outputs is not None or asked.probe.kind != "extreme":
        return lost
    for rows in asked.input_rows("f"):
        with np.errstate(all="ignore"):
            lost |= (np.isfinite(rows) & ~np.isfinite(rows.astype(np.float32))).any(axis=1)
    return lost


def _overflowing_rows(asked: Asked) -> Rows:
    """Rows of an extreme probe whose inputs are so large that their own rounding, or an overflow, decides the answer."""
    overflowing = np.zeros(asked.rows, dtype=bool)
    if asked.probe.kind == "extreme":
        for rows in asked.input_rows("fiu"):
            overflowing |= (np.abs(rows.astype(np.float64)) > ROUNDED_AWAY).any(axis=1)
    return overflowing


def _fit(rows: Rows, wanted: Rows) -> Rows:
    """``rows`` where an output has one row an input row; nothing for an output of another length."""
    return rows if rows.shape == wanted.shape else np.zeros_like(wanted)


def _finite_rows(values: Array) -> Rows:
    if values.dtype.kind != "f":
        return np.ones(len(values), dtype=bool)
    return np.asarray(np.isfinite(values.reshape(len(values), -1)).all(axis=1))


def _difference(undefined: int, outputs: list[OutputReport], refused: str) -> str:
    parts = [refused] if refused else []
    if undefined:
        parts.append(
            f"{undefined} rows with no answer to hold on to (not finite, or out of range) are answered differently"
        )
    moved = max((output.cast_rows for output in outputs if output.verdict == "PASS"), default=0)
    if moved:
        parts.append(f"{moved} rows change sides in the cast to the candidate's input dtype alone")
    return "; ".join(parts)


def _outputs_differ(missing: list[str], alignment: Alignment) -> str:
    if missing:
        return f"the candidate has no output {', '.join(missing)}"
    known = [pair[1] for pair in alignment.outputs]
    extra = [spec.name for spec in alignment.candidate.outputs if spec not in known]
    return f"the candidate has outputs that the reference has not: {', '.join(extra)}"


def _value_message(
    asked: Asked, spec: TensorSpec, expected: Array, given: Array, report: OutputReport, cast_rows: Rows
) -> str:
    row = report.worst_row or 0
    here = f"{spec.name} of row {asked.probe.place_of(row)} is {_shown(given, row)}, the reference says {_shown(expected, row)}"
    count = f"{report.rows_beyond} of {asked.rows} rows beyond the tolerance"
    cause = " (the cast to the candidate's input dtype alone does it)" if cast_rows.any() and cast_rows[row] else ""
    return f"{here}; {count}{cause}"


def _first_line(raised: str, most: int = 160) -> str:
    line = raised.partition("\n")[0].strip()
    return line if len(line) <= most else line[: most - 1] + "…"


def _shown(values: Array, row: int) -> str:
    value = values[row] if values.ndim else values
    flat = np.asarray(value).ravel()[:4].tolist()
    texts = [f"{item:.6g}" if isinstance(item, float) else str(item) for item in flat]
    more = ", …" if np.asarray(value).size > 4 else ""
    return texts[0] if len(texts) == 1 and not more else f"[{', '.join(texts)}{more}]"
