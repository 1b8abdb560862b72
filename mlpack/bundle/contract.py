"""What a packed model really takes: asked of the original in its worker, and noted in the signature that is packed.

A hint says what a model was made for; only the model says what it refuses. A column may be missing where the original has a
finite answer to NaN in it that means something, and text where it answers none as it answers a certain one; it is closed where
the original refuses a category that it was not fitted on; it has a range where the original refuses the id beyond the last of
its table. In all of that the packed model has to answer as the original does, within the tolerance that was proven, or the
contract stays the narrower one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from mlpack.bundle.filling import fillings
from mlpack.bundle.inquiry import Inquiry, Part, is_word
from mlpack.runtime.session import Array
from mlpack.runtime.signature import Scalar, Signature
from mlpack.verify.absent import is_same
from mlpack.verify.align import align
from mlpack.verify.peer import Peer
from mlpack.verify.probe import ProbeKind
from mlpack.verify.probes.category import strangers
from mlpack.verify.probes.column import Column, columns_of
from mlpack.verify.probes.draw import numpy_dtype
from mlpack.verify.probes.plan import Plan, spread
from mlpack.verify.report import ParityReport
from mlpack.verify.tolerance import Tolerance
from mlpack.verify.trial import Reference

_BASE_ROWS = 4
_MAX_ALONE = 64
"""Columns that are also tried alone in one question; the others only together."""
_MAX_QUESTIONS = 160
"""Questions about missing values: 64 columns of which each refuses take 127."""


def with_contract(
    reference: Reference, candidate: Peer, report: ParityReport, rows: Mapping[str, Array], budget: float
) -> Signature:
    """The signature of ``candidate``, the packed model, with what may be missing, what is closed, and its ranges.

    ``rows`` are ordinary ones that the reference answers, in its own dtypes; ``budget`` is in seconds a side.
    Raises WorkerError.
    """
    signature = candidate.signature
    plan = Plan.of(reference.signature, reference.hints, None, 0)
    fixed = plan.axes.fixed_rows is not None
    inquiry = Inquiry(
        reference,
        candidate,
        align(reference.signature, signature),
        {name: Tolerance.from_json(value) for name, value in report.tolerance.items()},
        rows if fixed else plan.take(rows, spread(plan.axes.rows_in(rows), _BASE_ROWS)),
        plan,
        budget,
    )
    parts = [part for part in _parts(inquiry) if all(plan.axes.positions[one.input] == 0 for one in part.columns)]
    missing = {part.name for part in _missing(inquiry, parts)}
    fill = fillings(inquiry, [part for part in _words(inquiry, parts) if part.name not in missing])
    closed = _closed(inquiry, parts)
    ranges = {part.name: bounds for part in parts if (bounds := _bounds(inquiry, part)) is not None}
    return replace(
        signature,
        categories={**signature.categories, **closed},
        missing=tuple(part.name for part in parts if part.name in missing),
        closed=tuple(closed),
        ranges=ranges,
        fill=fill,
    )


def _parts(inquiry: Inquiry) -> list[Part]:
    """The columns of the packed model by name, an input without names as one; each with the original's columns."""
    alignment, hints = inquiry.alignment, inquiry.reference.hints
    columns = {spec.name: columns_of(spec, alignment.reference, hints) for spec in alignment.reference.inputs}
    pairs = [(target, [one for source in sources for one in columns[source]]) for target, sources in alignment.inputs]
    pairs += [(target, [columns[matrix][place]]) for target, matrix, place in alignment.splits]
    parts: list[Part] = []
    for target, found in pairs:
        names = alignment.candidate.columns.get(target, (target,))
        if len(names) == len(found):
            parts += [Part(name, (column,)) for name, column in zip(names, found, strict=True)]
        elif len(names) == 1:
            parts.append(Part(names[0], tuple(found)))
    return parts


def _missing(inquiry: Inquiry, parts: Sequence[Part]) -> list[Part]:
    """The parts in which a value may be missing: NaN among numbers, null in text, where "" stands for it."""
    if not inquiry.reference.hints.takes_missing:
        return []
    floats = [part for part in parts if all(column.spec.is_floating for column in part.columns)]
    filled = {part.name for part in _words(inquiry, parts) if part.columns[0].hint.fill is not None}
    texts = [part for part in parts if all(map(is_word, part.columns)) and part.name not in filled]
    return [*_holding(inquiry, floats, _answers_nan), *_holding(inquiry, texts, _answers_null)]


def _words(inquiry: Inquiry, parts: Sequence[Part]) -> list[Part]:
    """The parts that are one column of text, in which one may be missing."""
    columns = [part for part in parts if len(part.columns) == 1 and is_word(part.columns[0])]
    return columns if inquiry.reference.hints.takes_missing else []


def _holding(inquiry: Inquiry, parts: Sequence[Part], holds: Callable[[Inquiry, Sequence[Part]], bool]) -> list[Part]:
    """The parts of which ``holds`` is true: asked of all together, then of halves, down to one."""
    if not parts or inquiry.asked > _MAX_QUESTIONS or inquiry.exhausted:
        return []
    if holds(inquiry, parts):
        return list(parts)
    if len(parts) == 1:
        return []
    middle = len(parts) // 2
    return [*_holding(inquiry, parts[:middle], holds), *_holding(inquiry, parts[middle:], holds)]


def _answers_nan(inquiry: Inquiry, parts: Sequence[Part]) -> bool:
    return inquiry.agree("missing", inquiry.changed(_together_and_alone(inquiry, parts, math.nan)))


def _answers_null(inquiry: Inquiry, parts: Sequence[Part]) -> bool:
    """Whether a service may read null as "": the original answers None and NaN, as far as it takes them, as it answers ""."""
    empty = inquiry.changed(_together_and_alone(inquiry, parts, ""))
    expected = inquiry.answers(empty)
    if expected is None:
        return False
    nulls = [inquiry.changed(_together_and_alone(inquiry, parts, null)) for null in (None, math.nan)]
    given = [answer for answer in map(inquiry.answers, nulls) if answer is not None]
    return bool(given) and all(is_same(answer, expected) for answer in given) and inquiry.agree("missing", empty)


def _together_and_alone(
    inquiry: Inquiry, parts: Sequence[Part], value: object
) -> list[tuple[Sequence[Column], object]]:
    """All parts at ``value``, then one at a time; only the first where the model takes a fixed number of rows."""
    together = [(tuple(column for part in parts for column in part.columns), value)]
    if len(parts) == 1 or inquiry.plan.axes.fixed_rows is not None:
        return [*together]
    alone = [parts[place] for place in spread(len(parts), min(_MAX_ALONE, inquiry.plan.affordable(_MAX_ALONE)))]
    return [*together, *((part.columns, value) for part in alone)]


def _closed(inquiry: Inquiry, parts: Sequence[Part]) -> dict[str, tuple[Scalar, ...]]:
    """The categories of the parts that take no other value."""
    found: dict[str, tuple[Scalar, ...]] = {}
    for part in parts:
        known = _categories(part)
        if not known or inquiry.exhausted:
            continue
        unknown = [value for value in strangers(part.columns[0]) if value not in known]
        if unknown and not _takes_each(inquiry, part, unknown, "category"):
            found[part.name] = known
    return found


def _categories(part: Part) -> tuple[Scalar, ...]:
    """The values that a column was fitted on. A vectoriser's terms are none: a text is made of them."""
    if len(part.columns) != 1 or not (part.columns[0].spec.is_numeric or is_word(part.columns[0])):
        return ()
    return part.columns[0].hint.categories


def _bounds(inquiry: Inquiry, part: Part) -> tuple[float, float] | None:
    """The lowest and highest id of the table that the part indexes; None where it indexes none, or one without an end.

    Keras and ONNX count negative ids from the end of a table. That they answer them is no reason to send any; but a user whose
    own rows hold some means them.
    """
    hints = [column.hint for column in part.columns]
    lows = [one.low for one in hints if one.integral and one.low is not None and not one.categories]
    highs = [one.high for one in hints if one.integral and one.high is not None and not one.categories]
    if len(lows) != len(hints) or len(highs) != len(hints) or inquiry.exhausted:
        return None
    low, high = max(lows), min(highs)
    if _takes_each(inquiry, part, [high + 1], "category"):
        return None
    wrapped = -(high + 1)
    negative = low == 0 and _lowest(inquiry.reference, part) < 0
    return (wrapped if negative and _takes_each(inquiry, part, [-1, wrapped], "category") else low), high


def _lowest(reference: Reference, part: Part) -> float:
    """The lowest value of the part in the user's own rows; 0 where there are none."""
    values = [np.asarray(reference.data[one.input]) for one in part.columns] if reference.data is not None else []
    seen = [
        array if one.index is None else array[..., one.index] for one, array in zip(part.columns, values, strict=False)
    ]
    return float(min((array.min(initial=0) for array in seen), default=0.0))


def _takes_each(inquiry: Inquiry, part: Part, values: Sequence[object], kind: ProbeKind) -> bool:
    """Whether the original answers all of ``values`` in the part, and the packed model as it does."""
    if not all(_fits(column, value) for column in part.columns for value in values):
        return False
    settings = [(part.columns, value) for value in values]
    if inquiry.plan.axes.fixed_rows is None:
        return inquiry.agree(kind, inquiry.changed(settings))
    return all(inquiry.agree(kind, inquiry.changed([setting])) for setting in settings)


def _fits(column: Column, value: object) -> bool:
    if not column.spec.is_numeric or column.spec.is_floating or not isinstance(value, int | float):
        return True
    limits = np.iinfo(numpy_dtype(column.spec))
    return bool(limits.min <= value <= limits.max)
