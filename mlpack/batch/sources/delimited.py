"""CSV and its kin, with a line of names. Every cell is read as text: what it means is for the column that it feeds.

A type that was guessed from the first rows would end the run at the first row that is otherwise; as text, that row can be
named, or set aside.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from mlpack.batch.places import Place
from mlpack.batch.sources.chunk import Chunk, chunk_of

_BLOCK = 4 << 20
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
        with self._opened(columns) as reader:
            for batch in reader:
                passed = min(skip, batch.num_rows)
                skip -= passed
                if passed < batch.num_rows:
                    yield chunk_of(batch.slice(passed))

    def _opened(self, columns: Sequence[str] | None) -> Any:
        import pyarrow as pa
        from pyarrow import csv

        wanted = list(columns) if columns is not None else None
        return csv.open_csv(
            self._place.files.open_input_stream(self._place.path),
            read_options=csv.ReadOptions(block_size=_BLOCK),
            parse_options=csv.ParseOptions(delimiter=self._delimiter, newlines_in_values=True),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(wanted or (), pa.string()),
                include_columns=wanted,
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )
