"""Arrow's own format: files, which have a footer, and streams, which have none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from mlpack.batch.places import Place
from mlpack.batch.sources.chunk import Chunk, chunk_of

_MAGIC = b"ARROW1"


def open_arrow(place: Place) -> ArrowFileReader | ArrowStreamReader:
    """What reads the file at ``place``, whichever of the two it is."""
    with place.files.open_input_stream(place.path, compression=None) as stream:
        is_file = stream.read(len(_MAGIC)) == _MAGIC
    return ArrowFileReader(place) if is_file else ArrowStreamReader(place)


class ArrowFileReader:
    """A file with a footer: batches are found without those before them being read."""

    text = False

    def __init__(self, place: Place) -> None:
        self._place = place
        reader = self._opened(())
        self.schema: Any = reader.schema
        first = reader.schema.names[:1]
        counted = self._opened(first)
        self._counts = [counted.get_batch(one).num_rows for one in range(counted.num_record_batches)]
        self.rows: int | None = sum(self._counts)

    def chunks(self, start: int, columns: Sequence[str]) -> Iterator[Chunk]:
        """The rows from ``start`` on."""
        reader = self._opened(columns)
        before = 0
        for place, count in enumerate(self._counts):
            if before + count > start:
                batch = reader.get_batch(place).select(list(columns))
                yield chunk_of(batch.slice(max(0, start - before)))
            before += count

    def _opened(self, columns: Sequence[str]) -> Any:
        import pyarrow as pa

        source = (
            pa.memory_map(self._place.path)
            if self._place.local
            else self._place.files.open_input_file(self._place.path)
        )
        if not columns:
            return pa.ipc.open_file(source)
        fields = [pa.ipc.open_file(source).schema.get_field_index(name) for name in columns]
        return pa.ipc.open_file(source, options=pa.ipc.IpcReadOptions(included_fields=fields))


class ArrowStreamReader:
    """A stream: it is read from its beginning."""

    text = False
    rows: int | None = None

    def __init__(self, place: Place) -> None:
        self._place = place
        with self._opened() as reader:
            self.schema: Any = reader.schema

    def chunks(self, start: int, columns: Sequence[str]) -> Iterator[Chunk]:
        """The rows from ``start`` on; those before are read and passed over."""
        skip = start
        with self._opened() as reader:
            for batch in reader:
                passed = min(skip, batch.num_rows)
                skip -= passed
                if passed < batch.num_rows:
                    yield chunk_of(batch.slice(passed).select(list(columns)))

    def _opened(self) -> Any:
        import pyarrow as pa

        return pa.ipc.open_stream(self._place.files.open_input_stream(self._place.path))
