"""The reference's answers against the candidate's, one dot each; equal ones lie on the diagonal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from mlpack.verify.evidence.kept import EXCUSED, HELD, WITHIN, Point, ValuePicture
from mlpack.verify.page.axes import Scale, labels_of, scale_of, width_of
from mlpack.verify.page.element import Markup
from mlpack.verify.page.svg import HEIGHT, WIDTH, drawing, lines, text
from mlpack.verify.page.text import count

RIGHT, TOP, BOTTOM = 14.0, 24.0, 40.0
_CLASSES = {WITHIN: "dots", EXCUSED: "dots excused", HELD: "dots beyond"}


def scatter(picture: ValuePicture, key: str, most: int) -> Markup:
    """At most ``most`` dots; those beyond the tolerance go before others, and those that fall on each other are one."""
    points = _thinned(picture.points, most)
    if not points or not most:
        return Markup()
    values = [value for one, other, _ in points for value in (one, other)]
    up = scale_of(values, HEIGHT - TOP - BOTTOM)
    left = 12 + max(map(width_of, labels_of(up.ticks())), default=20.0)
    across = replace(up, size=WIDTH - left - RIGHT)
    bent = " Axes run by decades away from zero." if across.bend else ""
    held = sum(1 for point in points if point[2] == HELD)
    described = (
        f"Scatter plot of {count(len(points))} answers of {picture.name}, of {count(picture.compared)} there are: the "
        f"reference's across, the candidate's upwards. {count(held)} are beyond the tolerance.{bent}"
    )
    parts = [*_frame(left, across, up), *_dots(left, points, across, up)]
    return drawing(f"s{key}", "Reference against candidate", described, parts)


def _thinned(points: Sequence[Point], most: int) -> list[Point]:
    """Those beyond the tolerance first, then of the others every so many."""
    beyond = [point for point in points if point[2] != WITHIN]
    others = [point for point in points if point[2] == WITHIN]
    beyond = beyond[:: -(-len(beyond) // max(most // 2, 1)) or 1]
    room = max(most - len(beyond), 1)
    return [*others[:: -(-len(others) // room) or 1], *beyond]


def _frame(left: float, across: Scale, up: Scale) -> Iterator[Markup]:
    floor, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    ticks = up.ticks()
    named = list(zip(ticks, labels_of(ticks), strict=True))
    columns = [(label, left + across.at(value)) for value, label in named]
    rows = [(label, floor - up.at(value)) for value, label in named]
    yield lines("grid", *((x, TOP, x, floor) for _, x in columns), *((left, y, right, y) for _, y in rows))
    yield lines("axis", (left, TOP, left, floor), (left, floor, right, floor))
    yield lines("equal", (left, floor, right, TOP))
    free = 0.0
    for label, x in columns:
        half = width_of(label) / 2
        if free <= x - half and x + half <= WIDTH:
            free = x + half + 6
            yield text(x, floor + 16, label)
    for label, y in rows:
        yield text(left - 6, y + 4, label, "end")
    yield text((left + right) / 2, HEIGHT - 5, "the reference answers", "dim")
    yield text(6, 10, "the candidate answers", "dim start")


def _dots(left: float, points: Sequence[Point], across: Scale, up: Scale) -> Iterator[Markup]:
    """One path for all dots of a kind: a line of no length with round ends, which is a dot, in six characters."""
    for status in (WITHIN, EXCUSED, HELD):
        places = {
            (round(left + across.at(one)), round(HEIGHT - BOTTOM - up.at(other)))
            for one, other, kind in points
            if kind == status
        }
        if places:
            drawn = "".join(f"M{x} {y}h0" for x, y in sorted(places))
            yield Markup(f'<path d="{drawn}" class="{_CLASSES[status]}"/>')
