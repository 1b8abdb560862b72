"""Cells of CSV that read NA, null or the like in a column of text: they are taken as the text that they are, and counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from mlpack.batch.matching import Match
from mlpack.batch.sources.chunk import Chunk
from mlpack.runtime.coerce.fields import layout_of
from mlpack.runtime.signature import Signature
from mlpack.verify.tables.cells import MISSING

Cells = Mapping[str, Mapping[str, int]]
"""How many cells of a column read what."""
_SHOWN = 5


class WrittenOut:
    """Counts such cells in the columns of text that feed a model. A category that the model knows is none of them."""

    def __init__(self, signature: Signature, match: Match, *, text: bool) -> None:
        fields = layout_of(signature).fields if text and match.flat else ()
        self._columns = {
            name: _spellings(empty=len(signature.input(field.spec_name).shape) > 1) - set(map(str, field.categories))
            for name, field in zip(match.flat, fields, strict=False)
            if field.kind == "string" and not field.closed
        }

    def count(self, chunk: Chunk) -> dict[str, dict[str, int]]:
        """The cells in ``chunk``, by column."""
        import pyarrow as pa
        import pyarrow.compute as pc

        found = {}
        for name, spellings in self._columns.items():
            column = chunk.columns[name]
            such = pc.is_in(column, value_set=pa.array(sorted(spellings), pa.string()))
            if such.true_count:
                counted = pc.value_counts(column.filter(such))
                found[name] = {one["values"]: one["counts"] for one in counted.to_pylist()}
        return found


def together(counts: list[Cells]) -> dict[str, dict[str, int]]:
    """The sum of some counts, the most frequent first."""
    sums: dict[str, Counter[str]] = {}
    for one in counts:
        for name, cells in one.items():
            sums.setdefault(name, Counter()).update(cells)
    return {name: dict(cells.most_common()) for name, cells in sums.items()}


def warnings_of(cells: Cells) -> list[str]:
    """A sentence for each column."""
    return [_sentence(name, found) for name, found in cells.items()]


def _sentence(name: str, found: Mapping[str, int]) -> str:
    count = sum(found.values())
    shown = ", ".join(repr(cell) for cell in list(found)[:_SHOWN])
    noun, were = ("cell", "was") if count == 1 else ("cells", "were")
    return (
        f"{count:,} {noun} of {name!r} read {shown} and {were} taken as text: "
        "a cell without anything in it, and without quotes, is a missing value"
    )


def _spellings(*, empty: bool) -> set[str]:
    """``empty``: a cell of two quotes is one too, where a column is not read as whole texts."""
    words = {spelt for word in MISSING for spelt in (word, word.upper(), word.capitalize())} | {"NaN"}
    return words if empty else words - {""}
