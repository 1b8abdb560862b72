"""Parquet, a row group after the other, and only a few pages of it at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from mlpack.batch.places import Place
from mlpack.batch.sources.chunk import Chunk, chunk_of

_BUFFER = 1 << 18
"""Bytes that are read ahead of each column: without, all of a column's row group is held, which may be any size."""
_READ_ROWS = 32_768
_READ_BYTES = 16 << 20
"""At a time, about: rows of images are read a few at a time."""


class ParquetReader:
    """A Parquet file."""

    text = False

    def __init__(self, place: Place) -> None:
        self._place = place
        with self._opened() as file:
            self.schema: Any = file.schema_arrow
            metadata = file.metadata
            self.rows: int | None = metadata.num_rows
            groups = [metadata.row_group(place) for place in range(metadata.num_row_groups)]
            self._groups = [group.num_rows for group in groups]
            width = sum(group.total_byte_size for group in groups) // max(1, metadata.num_rows)
            self._read_rows = max(1, min(_READ_ROWS, _READ_BYTES // max(1, width)))

    def chunks(self, start: int, columns: Sequence[str]) -> Iterator[Chunk]:
        """The rows from ``start`` on. Row groups before it are not read."""
        group, before = 0, 0
        while group < len(self._groups) and before + self._groups[group] <= start:
            before += self._groups[group]
            group += 1
        skip = start - before
        with self._opened() as file:
            groups = list(range(group, len(self._groups)))
            for batch in file.iter_batches(self._read_rows, row_groups=groups, columns=list(columns)):
                passed = min(skip, batch.num_rows)
                skip -= passed
                if passed < batch.num_rows:
                    yield chunk_of(batch.slice(passed).select(list(columns)))

    def _opened(self) -> Any:
        import pyarrow.parquet as pq

        source = self._place.files.open_input_file(self._place.path)
        # A store is asked for whole row groups: every request costs a round trip.
        return pq.ParquetFile(source, buffer_size=_BUFFER if self._place.local else 0, pre_buffer=not self._place.local)
