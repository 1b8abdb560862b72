"""All that is decided before the first row is answered; the engines have this in common, and it travels to other machines."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from mlpack.batch.answers import AnswerColumns
from mlpack.batch.checkpoint import FORMAT, Part
from mlpack.batch.coercion import Coercer
from mlpack.batch.job import Job
from mlpack.batch.matching import Match, known_types, match
from mlpack.batch.output import Output
from mlpack.batch.predicting import Predictor
from mlpack.batch.progress import Progress
from mlpack.batch.sources import Reader, SourceFile
from mlpack.batch.sources.chunk import Chunk, recut
from mlpack.batch.written_out import WrittenOut
from mlpack.core.errors import DataError, UsageError
from mlpack.runtime.manifest import Manifest
from mlpack.runtime.session import Session
from mlpack.runtime.signature import Signature

Tell = Callable[[Progress], None]
Record = Callable[[Part], None]
_CHUNK_ROWS, _PART_ROWS = 32_768, 1_048_576
_MOST_BYTES = 64 << 20
"""Of the rows of a chunk, as the model takes and answers them."""
_VALUE_BYTES = 4


@dataclass(frozen=True)
class Opened:
    """A file of the input: how it feeds the model, and its rows, None where only reading tells."""

    file: SourceFile
    match: Match
    text: bool
    rows: int | None


@dataclass(frozen=True)
class Span:
    """The rows of part ``number``: ``rows`` of the file number ``file`` from ``start`` on, which is row ``first`` of all."""

    number: int
    file: int
    start: int
    first: int
    rows: int


@dataclass(frozen=True)
class Plan:
    """What to read, what to make of it, and where to write. ``schema`` is that of the output."""

    job: Job
    signature: Signature
    inputs: tuple[Opened, ...]
    output: Output
    schema: Any

    @property
    def chunk_rows(self) -> int:
        """Rows that go through together: not so many where a row is an image, or a text of many tokens."""
        return self.job.chunk_rows or max(1, min(_CHUNK_ROWS, _MOST_BYTES // _row_bytes(self.signature)))

    @property
    def part_rows(self) -> int:
        """Rows of a part: a multiple of `chunk_rows`."""
        return max(1, -(-(self.job.part_rows or _PART_ROWS) // self.chunk_rows)) * self.chunk_rows

    def with_parts(self, rows: int) -> Plan:
        """The plan with parts of ``rows`` rows."""
        return replace(self, job=replace(self.job, part_rows=rows))

    @property
    def total(self) -> int | None:
        """All rows that will be read; None where only reading tells."""
        counts = [one.rows for one in self.inputs]
        if any(count is None for count in counts):
            return None
        rows = sum(count or 0 for count in counts)
        return rows if self.job.limit is None else min(rows, self.job.limit)

    def reader(self, place: int) -> Reader:
        """What reads the input file number ``place``."""
        return self.inputs[place].file.open(known_types(self.signature))

    def chunks(self, place: int, start: int, most: int | None) -> Iterator[Chunk]:
        """The rows of a file from ``start`` on, at most ``most``, in chunks."""
        pieces = _checked(self.reader(place), start, self.inputs[place], self.inputs[place].match.columns)
        return recut(pieces, self.chunk_rows, most)

    def count(self, place: int) -> int:
        """The rows of a file, found by reading it. Raises DataError."""
        opened = self.inputs[place]
        return sum(chunk.rows for chunk in _checked(self.reader(place), 0, opened, opened.match.columns[:1]))

    def predictor(self, session: Session, place: int, batch_rows: int) -> Predictor:
        """What answers the rows of the input file number ``place``."""
        opened = self.inputs[place]
        return Predictor(
            session,
            self.coercer(place),
            WrittenOut(self.signature, opened.match, text=opened.text),
            AnswerColumns(self.signature, flat=self.output.kind == "csv"),
            self.schema,
            opened.match.keep,
            self.job.fate,
            batch_rows,
            opened.file.name,
            alone=len(self.inputs) == 1,
        )

    def coercer(self, place: int) -> Coercer:
        """What coerces the rows of the input file number ``place``."""
        return Coercer(self.signature, self.inputs[place].match, text=self.inputs[place].text)

    def header(self, manifest: Manifest) -> dict[str, Any]:
        """What a checkpoint says of this run: which bytes come out is decided by no more than that."""
        job = self.job
        options = {
            "keep": list(self.inputs[0].match.keep),
            "limit": job.limit,
            "on_error": job.fate,
            "chunk_rows": self.chunk_rows,
            "part_rows": self.job.part_rows,
            "format": self.output.kind,
        }
        files = [one.file.identity for one in self.inputs]
        return {
            "format": FORMAT,
            "model": manifest.model_sha256,
            "name": manifest.name,
            "input": files,
            "keep": list(job.keep),
            "options": options,
        }


class Beginning:
    """The chunks of ``plan``, of which the first can be looked at before the run: it is not read again for that."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._seen: tuple[int, Iterator[Chunk]] | None = None

    def first(self) -> tuple[int, Chunk] | None:
        """The number of the first file that has rows, and the first of its chunks; None where there is no row."""
        for place in range(len(self._plan.inputs)):
            chunks = self._plan.chunks(place, 0, self._plan.job.limit)
            chunk = next(chunks, None)
            if chunk is not None:
                self._seen = place, chain([chunk], chunks)
                return place, chunk
        return None

    def chunks(self, place: int, start: int, most: int | None) -> Iterator[Chunk]:
        """As those of the plan."""
        if self._seen is not None and (place, start) == (self._seen[0], 0):
            (_, chunks), self._seen = self._seen, None
            return chunks
        return self._plan.chunks(place, start, most)


def plan_of(job: Job, signature: Signature, files: tuple[SourceFile, ...], output: Output) -> Plan:
    """The plan of ``job``, once every file was opened and fits the model. Raises DataError, UsageError."""
    known = known_types(signature)
    inputs: list[Opened] = []
    kept: dict[str, Any] = {}
    for file in files:
        reader = file.open(known)
        found = match(signature, reader.schema, job.keep, file.name, text=reader.text)
        inputs.append(Opened(file, found, reader.text, reader.rows))
        for name in found.keep:
            type_ = _plain(reader.schema.field(name).type)
            kept[name] = _agreed(name, kept.get(name, type_), type_, file)
        if tuple(found.keep) != inputs[0].match.keep:
            raise DataError(
                f"{file.name} has other columns than {files[0].name}", hint="name those to keep: --keep COLUMN"
            )
    return Plan(job, signature, tuple(inputs), output, _schema(signature, kept, output))


def _schema(signature: Signature, kept: Mapping[str, Any], output: Output) -> Any:
    import pyarrow as pa

    answers = AnswerColumns(signature, flat=output.kind == "csv")
    both = [name for name in answers.names if name in kept]
    if both:
        raise UsageError(
            f"the column {both[0]!r} is to be kept, and the model answers one of that name",
            hint="rename it in the input, or leave it out of --keep",
        )
    fields = [pa.field(name, _plain(type_)) for name, type_ in kept.items()]
    lists = [field.name for field in fields if pa.types.is_nested(field.type)]
    if lists and output.kind == "csv":
        raise UsageError(f"a line of text has no place for the column {lists[0]!r}", hint="--format parquet")
    return pa.schema([*fields, *answers.fields()])


def _agreed(name: str, before: Any, now: Any, file: SourceFile) -> Any:
    """The type of a column that is kept, of which every value in a file that has it as ``now`` is one. Raises DataError."""
    import pyarrow as pa

    try:
        schemas = [pa.schema([(name, type_)]) for type_ in (before, now)]
        both = pa.unify_schemas(schemas, promote_options="permissive").field(name).type
    except pa.ArrowException:
        both = None
    if both != before and not pa.types.is_null(before):
        raise DataError(
            f"the column {name!r} is {before} at first, and {now} in {file.name}",
            hint="leave it out of --keep, or write it with one type",
        )
    return both


def _plain(type_: Any) -> Any:
    """A type with the same values in every part: dictionaries differ from one to the next."""
    import pyarrow as pa

    return type_.value_type if pa.types.is_dictionary(type_) else type_


def _row_bytes(signature: Signature) -> int:
    """The bytes of a row of what the model takes and answers, about; an axis of any size counts once."""
    specs = [*signature.inputs, *signature.outputs]
    return sum(_VALUE_BYTES * math.prod(size for size in spec.shape[1:] if isinstance(size, int)) for spec in specs)


def _checked(reader: Reader, start: int, opened: Opened, columns: Sequence[str]) -> Iterator[Chunk]:
    import pyarrow as pa

    from mlpack.batch.sources import unreadable

    try:
        yield from reader.chunks(start, columns)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise unreadable(opened.file, error) from error
