"""CSV and its kin, with a line of names. Every cell is read as text: what it means is for the column that it feeds.

A type that was guessed from the first rows would end the run at the first row that is otherwise; as text, that row can be
named, or set aside. So can a line with more cells than there are names, or fewer; it counts as a row.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

from mlpack.batch.places import Place
from mlpack.batch.sources.chunk import Broken, Chunk, chunk_of

_BLOCK = 4 << 20
_FIRST = 2
"""The number of the first line behind that of the names, as Arrow counts those that are not empty."""
_DELIMITERS = ",;\t|"


class DelimitedReader:
    """A file of lines; a cell without anything in it, and without quotes, is null."""

    text = True
    rows: int | None = None

    def __init__(self, place: Place) -> None:
        self._place = place
        with place.files.open_input_stream(place.path) as stream:
            head = stream.read(_BLOCK).partition(b"\n")[0].decode("utf-8", "replace")
        self._delimiter = max(_DELIMITERS, key=head.count)
        with self._opened(None) as reader:
            import pyarrow as pa

            self.schema: Any = pa.schema([(name, pa.string()) for name in reader.schema.names])

    def chunks(self, start: int, columns: Sequence[str]) -> Iterator[Chunk]:
        """The rows from ``start`` on; those before are read and passed over."""
        skip = start
        for chunk in self._all(columns):
            passed = min(skip, chunk.rows)
            skip -= passed
            if passed < chunk.rows:
                yield chunk.slice(passed, chunk.rows - passed)

    def _all(self, columns: Sequence[str]) -> Iterator[Chunk]:
        import pyarrow as pa

        broken: deque[Any] = deque()
        at = 0
        with self._opened(columns, broken) as reader:
            for batch in reader:
                chunk = _with_broken(chunk_of(batch), broken, at)
                at += chunk.rows
                yield chunk
            if broken:
                yield _with_broken(chunk_of(pa.RecordBatch.from_pylist([], schema=reader.schema)), broken, at)

    def _opened(self, columns: Sequence[str] | None, broken: deque[Any] | None = None) -> Any:
        """The file, from its beginning. Lines that are no rows are added to ``broken``, ahead of the rows behind them."""
        import pyarrow as pa
        from pyarrow import csv

        def passed_over(line: Any) -> str:
            if broken is not None:
                broken.append(line)
            return "skip"

        wanted = list(columns) if columns is not None else None
        return csv.open_csv(
            self._place.files.open_input_stream(self._place.path),
            read_options=csv.ReadOptions(block_size=_BLOCK, use_threads=False),  # with threads, lines have no numbers
            parse_options=csv.ParseOptions(
                delimiter=self._delimiter, newlines_in_values=True, invalid_row_handler=passed_over
            ),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(wanted or (), pa.string()),
                include_columns=wanted,
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )


def _with_broken(chunk: Chunk, lines: deque[Any], at: int) -> Chunk:
    """``chunk``, which begins with row ``at``, with those of ``lines`` in it that stand before or right behind its rows."""
    import pyarrow as pa

    broken: dict[int, Broken] = {}
    while lines and lines[0].number - _FIRST - at <= chunk.rows + len(broken):
        line = lines.popleft()
        cells = f"{line.actual_columns} cell{'' if line.actual_columns == 1 else 's'}"
        reason = f"a line of {cells}, and {line.expected_columns} belong there"
        broken[line.number - _FIRST - at] = Broken(reason, line.text)
    if not broken:
        return chunk
    rows = chunk.rows + len(broken)
    whole = iter(range(chunk.rows))
    places = pa.array([None if row in broken else next(whole) for row in range(rows)], pa.int64())
    return Chunk(rows, {name: column.take(places) for name, column in chunk.columns.items()}, broken)
