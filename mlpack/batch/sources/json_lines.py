"""JSON lines: an object a line. Blocks of lines that are all of the known types are read by Arrow, others line by line.

A line that is no object counts as a row, which can be refused or set aside with the number of the line.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mlpack.batch.places import Place
from mlpack.batch.sources.chunk import Broken, Chunk, Column, chunk_of
from mlpack.core.errors import DataError

_BLOCK = 4 << 20


class JsonLinesReader:
    """A file with an object a line. A member that is absent is null.

    ``known`` types are those that the model takes; the types of other columns are those in the first lines.
    """

    text = False
    rows: int | None = None

    def __init__(self, place: Place, known: Mapping[str, Any]) -> None:
        self._place = place
        first = next(self._blocks(), b"")
        self.schema: Any = _schema(first, known, place.shown)

    def chunks(self, start: int, columns: Sequence[str]) -> Iterator[Chunk]:
        """The rows from ``start`` on; those before are read and passed over."""
        import pyarrow as pa

        schema = pa.schema([self.schema.field(name) for name in columns])
        line = 0
        skip = start
        for block in self._blocks():
            found = self._chunk(block, schema, line)
            line += block.count(b"\n")
            passed = min(skip, found.rows)
            skip -= passed
            if passed < found.rows:
                yield found.slice(passed, found.rows - passed)

    def _chunk(self, block: bytes, schema: Any, line: int) -> Chunk:
        import pyarrow as pa
        from pyarrow import json as arrow_json

        try:
            table = arrow_json.read_json(
                pa.BufferReader(block),
                read_options=arrow_json.ReadOptions(block_size=len(block) + 1, use_threads=False),
                parse_options=arrow_json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore"),
            )
            (batch,) = table.select(schema.names).combine_chunks().to_batches()
        except (pa.ArrowException, ValueError):
            return _by_line(_rows(block, line), schema)
        return chunk_of(batch) if _is_a_row_a_line(block, batch.num_rows) else _by_line(_rows(block, line), schema)

    def _blocks(self) -> Iterator[bytes]:
        """The file in blocks that end where a line does."""
        rest = b""
        with self._place.files.open_input_stream(self._place.path) as stream:
            while True:
                read = stream.read(_BLOCK)
                if not read:
                    break
                whole, sign, rest = (rest + read).rpartition(b"\n")
                if whole:
                    yield whole + sign
        if rest.strip():
            yield rest


def _is_a_row_a_line(block: bytes, rows: int) -> bool:
    """Whether each line of ``block``, in which Arrow found ``rows`` rows, is one object, in UTF-8.

    Arrow takes a null for a row too, two objects on a line for two, and one on two lines for one; it looks at no column that
    is not asked for. What a line is must not hang on its neighbours, nor on the columns.
    """
    lines = [text for one in block.split(b"\n") if (text := one.strip())]
    whole = b"\n".join(lines)
    try:
        whole.decode()
    except UnicodeDecodeError:
        return False
    return rows == len(lines) == whole.count(b"}\n{") + 1 and whole.startswith(b"{") and whole.endswith(b"}")


def _rows(block: bytes, line: int) -> list[dict[str, Any] | Broken]:
    """The rows of ``block``, which begins behind ``line`` lines of the file."""
    found: list[dict[str, Any] | Broken] = []
    for number, text in enumerate(block.split(b"\n"), line + 1):
        if not text.strip():
            continue
        try:
            value = json.loads(text)
            wrong = "" if isinstance(value, dict) else 'no object, which a row is: {"NAME": VALUE, ...}'
        except (ValueError, RecursionError) as error:
            wrong = f"no JSON: {error}"
        found.append(Broken(f"line {number} is {wrong}", text.decode("utf-8", "replace").strip()) if wrong else value)
    return found


def _by_line(rows: Sequence[dict[str, Any] | Broken], schema: Any) -> Chunk:
    objects: list[dict[str, Any]] = [{} if isinstance(one, Broken) else one for one in rows]
    columns = {name: _column([one.get(name) for one in objects], schema.field(name).type) for name in schema.names}
    return Chunk(len(rows), columns, {row: one for row, one in enumerate(rows) if isinstance(one, Broken)})


def _column(values: list[Any], type_: Any) -> Column:
    """The values as Arrow has them where they are what ``type_`` says, else as they are."""
    import pyarrow as pa

    kinds = {type(value) for value in values if value is not None}
    numeric = pa.types.is_floating(type_)
    if kinds <= ({float, int} if numeric else {str} if pa.types.is_string(type_) else set()):
        try:
            return pa.array(values, type_)
        except (pa.ArrowException, OverflowError):
            return values
    return values


def _schema(block: bytes, known: Mapping[str, Any], name: str) -> Any:
    import pyarrow as pa
    from pyarrow import json as arrow_json

    rows = _rows(block, 0)
    objects = [one for one in rows if not isinstance(one, Broken)]
    if rows and not objects:
        why = next(one.reason for one in rows if isinstance(one, Broken))
        raise DataError(f"{name} has no row", why=why, hint="write each row as an object on a line of its own")
    names = list(dict.fromkeys(key for one in objects for key in one))
    guessed: dict[str, Any] = {}
    others = [key for key in names if key not in known]
    if others:
        lines = b"\n".join(json.dumps({key: one.get(key) for key in others}).encode() for one in objects)
        try:
            schema = arrow_json.read_json(
                pa.BufferReader(lines), arrow_json.ReadOptions(block_size=len(lines) + 1)
            ).schema
            guessed = {field.name: _as_written(field.type) for field in schema}
        except (pa.ArrowException, ValueError):
            guessed = {}
    return pa.schema([(key, known.get(key, guessed.get(key, pa.string()))) for key in names])


def _as_written(type_: Any) -> Any:
    """A guessed type without times: Arrow takes a text for one, and the next line may have a text that is none."""
    import pyarrow as pa

    if pa.types.is_temporal(type_):
        return pa.string()
    if pa.types.is_list(type_):
        return pa.list_(_as_written(type_.value_type))
    if pa.types.is_struct(type_):
        return pa.struct([(field.name, _as_written(field.type)) for field in type_])
    return type_
