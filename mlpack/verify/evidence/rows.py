"""The rows that show best how two models differ, as texts: columns, values, and both answers side by side."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from mlpack.runtime.session import Array, take_rows
from mlpack.runtime.signature import Signature, TensorSpec
from mlpack.verify.align import Alignment
from mlpack.verify.evidence.kept import Answered, ShownRow
from mlpack.verify.report import OutputReport, ProbeReport
from mlpack.verify.trial import Asked

FAILED, PASSED = 5, 3
"""Rows shown of a candidate that fails, and of one that passes."""
FIRST, OTHERS = 100, 30
"""Columns shown of the first row, and of the others."""
LONGEST = 300
"""Characters kept of a text."""
PLACES = 8
"""Answers shown of one output, those with the largest errors, and of how many outputs."""


def worst_rows(probes: Sequence[ProbeReport], asked: Sequence[Asked], alignment: Alignment) -> tuple[ShownRow, ...]:
    """The worst row of every probe that failed; where none did, the rows with the largest errors. At most a few."""
    pairs = list(zip(probes, asked, strict=True))
    found = [(probe, item, row) for probe, item in pairs if probe.verdict == "FAIL" for row in _failed_row(probe, item)]
    if not any(probe.verdict == "FAIL" for probe in probes):
        found = _largest(pairs)
    return tuple(
        _shown(probe, item, row, alignment, OTHERS if place else FIRST)
        for place, (probe, item, row) in enumerate(found[:FAILED])
    )


def _failed_row(probe: ProbeReport, item: Asked) -> list[int]:
    failed = sorted(probe.outputs, key=lambda output: output.verdict != "FAIL")
    named = [output.worst_row for output in failed if output.worst_row is not None]
    return named[:1] or ([0] if not probe.outputs and item.rows == 1 else [])


def _largest(pairs: Sequence[tuple[ProbeReport, Asked]]) -> list[tuple[ProbeReport, Asked, int]]:
    """The rows with the largest errors as shares of what is allowed, one a probe, the extreme ones apart."""
    ranked = []
    for place, (probe, item) in enumerate(pairs):
        worst = max((output for output in probe.outputs), key=_share, default=None)
        if worst is not None and worst.worst_row is not None and _share(worst) > 0 and probe.kind != "extreme":
            ranked.append((-_share(worst), place, probe, item, worst.worst_row))
    return [(probe, item, row) for _, _, probe, item, row in sorted(ranked, key=lambda one: one[:2])[:PASSED]]


def _share(output: OutputReport) -> float:
    return output.max_abs / output.atol if output.atol > 0 else output.max_abs


def _shown(probe: ProbeReport, item: Asked, row: int, alignment: Alignment, most: int) -> ShownRow:
    signature = alignment.reference
    feed = take_rows(item.probe.feed, signature.inputs, slice(row, row + 1))
    cells = [cell for spec in signature.inputs for cell in _cells(spec, np.asarray(feed[spec.name]), signature, most)]
    width = sum(np.asarray(array).size for array in feed.values())
    answers, hidden = _answers(item, row, alignment)
    return ShownRow(
        probe.name,
        item.probe.place_of(row),
        probe.verdict,
        tuple(cells[:most]),
        width,
        tuple(answers),
        hidden,
        item.candidate.raised,
    )


def _cells(spec: TensorSpec, array: Array, signature: Signature, most: int) -> Iterator[tuple[str, str]]:
    axis = spec.batch_axis
    shape = array.shape if axis is None else (*array.shape[:axis], *array.shape[axis + 1 :])
    names = signature.columns.get(spec.name, ())
    for place, value in enumerate(array.ravel()[:most]):
        yield _place(spec.name, place, shape, names), text_of(value)


def _answers(item: Asked, row: int, alignment: Alignment) -> tuple[list[Answered], int]:
    expected, given = item.reference.outputs or {}, item.candidate.outputs
    found, hidden = [], 0
    for number, (theirs, ours) in enumerate(alignment.outputs):
        if theirs.name not in expected:
            continue
        here = _of_row(expected[theirs.name], row)
        there = None if given is None or ours.name not in given else _of_row(given[ours.name], row)
        shown = _side_by_side(theirs, here, there, alignment.reference) if number < PLACES else []
        found += shown
        hidden += here.size - len(shown)
    return found, hidden


def _side_by_side(spec: TensorSpec, here: Array, there: Array | None, signature: Signature) -> list[Answered]:
    if there is not None and there.size != here.size:
        return [Answered(spec.name, f"shape {list(here.shape)}", f"shape {list(there.shape)}")]
    classes = tuple(str(name) for name in signature.classes.get(spec.name, ())) if spec.role != "label" else ()
    theirs, ours = here.ravel(), None if there is None else there.ravel()
    errors = _errors(theirs, ours)
    places = np.arange(theirs.size) if errors is None else np.argsort(-errors, kind="stable")
    return [
        Answered(
            _place(spec.name, place, here.shape, classes, qualified=True),
            *_both(theirs[place], None if ours is None else ours[place], answered=ours is not None),
            None if errors is None else float(errors[place]),
        )
        for place in sorted(int(place) for place in places[:PLACES])
    ]


def _errors(theirs: Array, ours: Array | None) -> np.ndarray[Any, np.dtype[np.float64]] | None:
    if ours is None or theirs.dtype.kind not in "fV" or ours.dtype.kind not in "fV":
        return None
    with np.errstate(all="ignore"):
        wide, other = theirs.astype(np.float64), ours.astype(np.float64)
        same = (wide == other) | (np.isnan(wide) & np.isnan(other))
        errors = np.where(same, 0.0, np.abs(wide - other))
    return np.where(np.isnan(errors), np.inf, errors)


def _of_row(values: Array, row: int) -> Array:
    return np.asarray(values[row] if values.ndim and row < len(values) else values)


def _place(name: str, place: int, shape: tuple[int, ...], names: Sequence[str], *, qualified: bool = False) -> str:
    """What a value is called: by its column where columns have names, else by where it stands."""
    width = int(np.prod(shape, dtype=np.int64))
    if len(names) == width:
        return f"{name} · {names[place]}" if qualified else names[place]
    if width == 1:
        return name
    return f"{name}[{', '.join(str(int(at)) for at in np.unravel_index(place, shape))}]"


def _both(theirs: Any, ours: Any, *, answered: bool) -> tuple[str, str | None]:
    """Two answers in nine digits, and in all they have where nine do not tell them apart."""
    texts = text_of(theirs), text_of(ours) if answered else None
    if not (isinstance(theirs, np.floating) and isinstance(ours, np.floating)):
        return texts
    short = f"{theirs:.9g}", f"{ours:.9g}"
    return short if short[0] != short[1] or theirs == ours else texts


def text_of(value: Any) -> str:
    """A value as short as it can be told from every other of its dtype; of a text its beginning."""
    if value is None:
        return "missing"
    if isinstance(value, np.generic) and not isinstance(value, np.floating):
        value = value.item()
    return '""' if value == "" else str(value)[:LONGEST]
