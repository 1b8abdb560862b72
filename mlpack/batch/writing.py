"""A part that is being written, with the rows set aside of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlpack.batch.checkpoint import Part
from mlpack.batch.parts import PartWriter
from mlpack.batch.predicting import Answered, aside_schema
from mlpack.batch.written_out import Cells, together

if TYPE_CHECKING:
    from mlpack.batch.plan import Plan


class OpenPart:
    """Part ``number``: rows of the input file number ``file`` from ``start`` on, which is row ``first`` of the whole input."""

    def __init__(self, plan: Plan, number: int, file: int, start: int, first: int) -> None:
        self.number = number
        self.rows = 0
        self._plan = plan
        self._place = (file, start, first)
        self._refused = 0
        self._as_text: list[Cells] = []
        output = plan.output
        self._writer = PartWriter(output.folder, output.part_name(number), output.kind, plan.schema)
        self._aside: PartWriter | None = None

    def add(self, answered: Answered) -> None:
        """Add the answers to the next rows."""
        self._writer.write(answered.batch)
        if answered.aside is not None:
            output = self._plan.output
            if self._aside is None:
                output.aside.make_folder()
                self._aside = PartWriter(output.aside, output.part_name(self.number), output.kind, aside_schema())
            self._aside.write(answered.aside)
        self.rows += answered.rows
        self._refused += len(answered.bad)
        if answered.as_text:
            self._as_text = [together([*self._as_text, answered.as_text])]

    def finish(self) -> Part:
        """The part, which is in its place now. The rows set aside come first: without them it would seem complete."""
        aside = self._aside.finish() if self._aside else None
        as_text = together(self._as_text)
        return Part(self.number, *self._place, self.rows, self._refused, self._writer.finish(), aside, as_text)

    def abandon(self) -> None:
        """Leave nothing of it."""
        self._writer.abandon()
        if self._aside:
            self._aside.abandon()
