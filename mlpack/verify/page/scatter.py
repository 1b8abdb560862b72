"""The reference's answers against the candidate's, one dot each; equal ones lie on the diagonal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mlpack.verify.evidence.kept import EXCUSED, HELD, WITHIN, Point, ValuePicture
from mlpack.verify.page.axes import Scale, scale_of, short
from mlpack.verify.page.element import Markup
from mlpack.verify.page.svg import HEIGHT, WIDTH, drawing, line, text
from mlpack.verify.page.text import count

LEFT, RIGHT, TOP, BOTTOM = 62.0, 14.0, 30.0, 40.0
_CLASSES = {WITHIN: "dots", EXCUSED: "dots excused", HELD: "dots beyond"}


def scatter(picture: ValuePicture, key: str, most: int) -> Markup:
    """At most ``most`` dots; those beyond the tolerance go before others, and those that fall on each other are one."""
    points = _thinned(picture.points, most)
    if not points:
        return Markup()
    values = [value for one, other, _ in points for value in (one, other)]
    across, up = scale_of(values, WIDTH - LEFT - RIGHT), scale_of(values, HEIGHT - TOP - BOTTOM)
    bent = " Axes run by decades away from zero." if across.bend else ""
    held = sum(1 for point in points if point[2] == HELD)
    described = (
        f"Scatter plot of {count(len(points))} answers of {picture.name}, of {count(picture.compared)} there are: the "
        f"reference's across, the candidate's upwards. {count(held)} are beyond the tolerance.{bent}"
    )
    parts = [*_frame(across, up), *_dots(points, across, up)]
    return drawing(f"s{key}", "Reference against candidate", described, parts)


def _thinned(points: Sequence[Point], most: int) -> list[Point]:
    """Those beyond the tolerance first, then of the others every so many."""
    beyond = [point for point in points if point[2] != WITHIN]
    others = [point for point in points if point[2] == WITHIN]
    beyond = beyond[:: -(-len(beyond) // max(most // 2, 1)) or 1]
    room = max(most - len(beyond), 1)
    return [*others[:: -(-len(others) // room) or 1], *beyond]


def _frame(across: Scale, up: Scale) -> Iterator[Markup]:
    floor = HEIGHT - BOTTOM
    for value in across.ticks():
        x = LEFT + across.at(value)
        yield line(x, TOP, x, floor, "grid")
        yield text(x, floor + 16, short(value), "middle")
    for value in up.ticks():
        y = floor - up.at(value)
        yield line(LEFT, y, WIDTH - RIGHT, y, "grid")
        yield text(LEFT - 6, y + 4, short(value), "end")
    yield line(LEFT, floor, WIDTH - RIGHT, floor, "axis")
    yield line(LEFT, TOP, LEFT, floor, "axis")
    yield line(LEFT, floor, WIDTH - RIGHT, TOP, "equal")
    yield text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 5, "the reference answers", "middle", "dim")
    yield text(6, 12, "the candidate answers", "start", "dim")


def _dots(points: Sequence[Point], across: Scale, up: Scale) -> Iterator[Markup]:
    """One path for all dots of a kind: a line of no length with round ends, which is a dot, in six characters."""
    for status in (WITHIN, EXCUSED, HELD):
        places = {
            (round(LEFT + across.at(one)), round(HEIGHT - BOTTOM - up.at(other)))
            for one, other, kind in points
            if kind == status
        }
        if places:
            drawn = "".join(f"M{x} {y}h0" for x, y in sorted(places))
            yield Markup(f'<path d="{drawn}" class="{_CLASSES[status]}"/>')
