"""The errors of one output as columns, a half-decade each, with the tolerance drawn where it lies."""

from __future__ import annotations

import math
from collections.abc import Iterator

from mlpack.verify.evidence.kept import EXCUSED, HELD, WITHIN, ValuePicture
from mlpack.verify.page.axes import power_of_ten
from mlpack.verify.page.element import Markup, joined, tag
from mlpack.verify.page.svg import HEIGHT, WIDTH, at, box, drawing, lines, text
from mlpack.verify.page.text import count, number, percent, safe

LEFT, RIGHT, TOP, BOTTOM = 44.0, 20.0, 38.0, 40.0
GAP, SIDE = 14.0, 22.0
"""Between the columns on the scale and those beside it, and the width of those."""
BELOW = 20
"""Half-decades below the tolerance that have a column each; smaller errors stand together in the last of them."""
Counts = tuple[int, int, int]
Column = tuple[str, tuple[tuple[str, tuple[float, float, float, float]], ...]]
"""What it says, and its parts: their class, left, top, width and height."""
_CLASSES = {WITHIN: "", HELD: "beyond", EXCUSED: "excused"}
_NAMES = {WITHIN: "within the tolerance", HELD: "beyond the tolerance", EXCUSED: "beyond it, and not held against it"}


def histogram(picture: ValuePicture, key: str, *, named: bool = True) -> Markup:
    """The columns from no error at all to the largest, their heights by decades so that a single one is seen.

    ``named`` ones say what they hold to a pointer that rests on them; without names the chart is half as large.
    """
    chart = _Layout(picture)
    columns = list(chart.columns())
    drawn = map(_named, columns) if named else _merged(columns)
    parts = [*chart.grid(), *drawn, *chart.tolerance(), *chart.labels()]
    return drawing(f"h{key}", "Absolute errors", _described(picture), parts)


def _described(picture: ValuePicture) -> str:
    within = picture.exact + sum(column[WITHIN] for column in picture.counts)
    share = percent(within / picture.compared) if picture.compared else "none"
    said = (
        f"Histogram of {count(picture.compared)} absolute errors of {picture.name}: {count(picture.exact)} are zero, "
        f"{share} within the tolerance, which is {tolerance_of(picture)}."
    )
    return f"{said} {count(picture.beyond)} are beyond it." if picture.beyond else said


def tolerance_of(picture: ValuePicture) -> str:
    """The tolerance, from the narrowest to the widest where answers of another size are allowed another."""
    narrow, wide = picture.allowed
    return number(wide) if wide <= narrow * 1.05 else f"{number(narrow)} to {number(wide)}"


def _named(column: Column) -> Markup:
    said, parts = column
    return (
        Markup(f"<g><title>{safe(said)}</title>{joined(box(*place, kind) for kind, place in parts)}</g>")
        if parts
        else Markup()
    )


def _merged(columns: list[Column]) -> Iterator[Markup]:
    """All parts of a kind as one path."""
    for kind in _CLASSES.values():
        places = [place for _, parts in columns for one, place in parts if one == kind]
        drawn = "".join(f"M{at(x)} {at(y)}h{at(width)}v{at(tall)}h-{at(width)}z" for x, y, width, tall in places)
        if drawn:
            yield Markup(f'<path d="{drawn}" class="{kind or "within"}"/>')


class _Layout:
    """Where everything of one histogram stands."""

    def __init__(self, picture: ValuePicture) -> None:
        self.picture = picture
        allowed = [2 * math.log10(value) for value in picture.allowed if value > 0]
        ends = [picture.first, picture.first + len(picture.counts)] if picture.counts else []
        halves = [*ends, *allowed] or [-14, 0]
        least = max(min(halves), min([*allowed, max(halves)]) - BELOW)
        self.low = 2 * math.floor(least / 2)
        self.high = max(2 * math.ceil((max(halves) + 0.5) / 2), self.low + 4)
        below, self.columns_there = self._gathered()
        left = [
            ("0", (picture.exact, 0, 0), "no error at all"),
            ("less", below, f"below {number(10.0 ** (self.low / 2))}"),
        ]
        self.left = [side for side in left if sum(side[1])]
        sides = len(self.left) + bool(sum(picture.one_sided))
        self.step = (WIDTH - LEFT - RIGHT - sides * (GAP + SIDE)) / (self.high - self.low)
        self.start = LEFT + (SIDE + GAP) * len(self.left)
        self.end = self.start + self.step * (self.high - self.low)
        tallest = max(
            [picture.exact, sum(picture.one_sided), sum(below), *(sum(column) for column in picture.counts), 1]
        )
        self.decades = max(1, math.ceil(math.log10(tallest + 1)))

    def x(self, half: float) -> float:
        return self.start + (half - self.low) * self.step

    def height(self, total: float) -> float:
        return (HEIGHT - TOP - BOTTOM) * math.log10(1 + total) / math.log10(1 + 10**self.decades)

    def grid(self) -> Iterator[Markup]:
        decades = range(0, self.decades + 1, max(1, math.ceil(self.decades / 4)))
        levels = {decade: HEIGHT - BOTTOM - self.height(10**decade) for decade in decades}
        yield lines("grid", *((LEFT, level, WIDTH - RIGHT, level) for level in levels.values()))
        for decade, level in levels.items():
            yield text(LEFT - 6, level + 4, power_of_ten(decade) if decade > 3 else count(10**decade), "end")

    def columns(self) -> Iterator[Column]:
        for place, (_, counts, span) in enumerate(self.left):
            yield self._column(self._side(place), SIDE, counts, span)
        for half, counts in self.columns_there:
            span = f"{number(10 ** (half / 2))} to {number(10 ** ((half + 1) / 2))}"
            yield self._column(self.x(half), self.step, counts, span)
        if sum(self.picture.one_sided):
            said = "no number from the candidate"
            yield self._column(self.end + GAP, SIDE, self.picture.one_sided, said)

    def _side(self, place: int) -> float:
        return LEFT + place * (SIDE + GAP)

    def _has_room(self, x: float) -> bool:
        """Whether a label there is clear of those of the columns beside the scale."""
        is_clear = not self.left or x - self.start >= SIDE / 2
        return is_clear and (not sum(self.picture.one_sided) or self.end - x >= SIDE / 2)

    def _gathered(self) -> tuple[Counts, list[tuple[int, Counts]]]:
        """What is too small for a column of its own, added up, and the columns by their half-decades."""
        columns = [(self.picture.first + place, counts) for place, counts in enumerate(self.picture.counts)]
        small = [counts for half, counts in columns if half < self.low]
        added = sum(one[0] for one in small), sum(one[1] for one in small), sum(one[2] for one in small)
        return added, [column for column in columns if column[0] >= self.low]

    def _column(self, x: float, width: float, counts: Counts, span: str) -> Column:
        """One column: its height is that of all, and its parts are as high as their shares of it."""
        total, level, parts, said = sum(counts), HEIGHT - BOTTOM, [], []
        for status in (WITHIN, EXCUSED, HELD):
            if counts[status]:
                tall = max(self.height(total) * counts[status] / total, 3.0)
                level -= tall
                parts.append((_CLASSES[status], (x + 0.75, level, max(width - 1.5, 0.5), tall)))
                said.append(f"{count(counts[status])} {_CLASSES[status] or 'within'}")
        return f"{span}: {', '.join(said)}", tuple(parts)

    def tolerance(self) -> Iterator[Markup]:
        narrow, wide = self.picture.allowed
        if wide <= 0:
            return
        right = self.x(2 * math.log10(wide))
        left = self.x(2 * math.log10(narrow)) if narrow > 0 else self.start
        if right - left > 2:
            yield box(left, TOP - 6, right - left, HEIGHT - TOP - BOTTOM + 6, "band")
        yield lines("limit", (right, TOP - 8, right, HEIGHT - BOTTOM))
        said = f"tolerance {tolerance_of(self.picture)}"
        is_right = right > WIDTH * 0.55
        yield text(right - 6 if is_right else right + 6, TOP - 12, said, "strong end" if is_right else "strong start")

    def labels(self) -> Iterator[Markup]:
        foot = HEIGHT - BOTTOM + 16
        powers = range(self.low // 2, self.high // 2 + 1)
        every = max(1, math.ceil(len(powers) / max(2, (self.end - self.start) / 42)))
        floor = HEIGHT - BOTTOM
        ticks = [(self.x(2 * power), floor, self.x(2 * power), floor + 4) for power in powers]
        yield lines("axis", (LEFT, floor, WIDTH - RIGHT, floor), *ticks)
        for power in powers:
            if power % every == 0 and self._has_room(self.x(2 * power)):
                yield text(self.x(2 * power), foot, power_of_ten(power))
        for place, (name, _, _) in enumerate(self.left):
            yield text(self._side(place) + SIDE / 2, foot, name)
        if sum(self.picture.one_sided):
            yield text(self.end + GAP + SIDE / 2, foot, "none")
        yield text((self.start + self.end) / 2, HEIGHT - 5, "absolute error", "dim")
        yield text(LEFT - 38, 10, "answers", "dim start")


def legend(pictures: list[ValuePicture]) -> Markup:
    """What the colours mean, of those that are there."""
    there = [
        status
        for status in (WITHIN, HELD, EXCUSED)
        if status == WITHIN or any(one.one_sided[status] or any(c[status] for c in one.counts) for one in pictures)
    ]
    return tag(
        "p",
        joined(tag("span", _NAMES[status], class_=f"key {_CLASSES[status]}".strip()) for status in there),
        class_="legend",
    )
