"""All that is decided before the first row is answered; the engines have this in common, and it travels to other machines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mlpack.batch.answers import AnswerColumns
from mlpack.batch.checkpoint import Part
from mlpack.batch.coercion import Coercer
from mlpack.batch.job import Job
from mlpack.batch.matching import Match, known_types, match
from mlpack.batch.output import Output
from mlpack.batch.predicting import Predictor
from mlpack.batch.progress import Progress
from mlpack.batch.sources import Reader, SourceFile
from mlpack.batch.sources.chunk import Chunk, recut
from mlpack.core.errors import DataError, UsageError
from mlpack.runtime.manifest import Manifest
from mlpack.runtime.session import Session
from mlpack.runtime.signature import Signature

Tell = Callable[[Progress], None]
Record = Callable[[Part], None]


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
        """Rows that go through together."""
        return self.job.chunk_rows

    @property
    def part_rows(self) -> int:
        """Rows of a part: a multiple of `chunk_rows`."""
        return max(1, -(-self.job.part_rows // self.job.chunk_rows)) * self.job.chunk_rows

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
        opened = self.inputs[place]
        return recut(_checked(self.reader(place), start, opened), self.chunk_rows, most)

    def predictor(self, session: Session, place: int, batch_rows: int) -> Predictor:
        """What answers the rows of the input file number ``place``."""
        opened = self.inputs[place]
        return Predictor(
            session,
            self.coercer(place),
            AnswerColumns(self.signature, flat=self.output.kind == "csv"),
            self.schema,
            opened.match.keep,
            self.job.on_error,
            batch_rows,
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
            "on_error": job.on_error,
            "chunk_rows": self.chunk_rows,
            "part_rows": self.part_rows,
            "format": self.output.kind,
        }
        files = [one.file.identity for one in self.inputs]
        return {"format": 1, "model": manifest.model_sha256, "name": manifest.name, "input": files, "options": options}


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
            kept.setdefault(name, reader.schema.field(name).type)
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


def _plain(type_: Any) -> Any:
    """A type with the same values in every part: dictionaries differ from one to the next."""
    import pyarrow as pa

    return type_.value_type if pa.types.is_dictionary(type_) else type_


def _checked(reader: Reader, start: int, opened: Opened) -> Iterator[Chunk]:
    import pyarrow as pa

    from mlpack.batch.sources import unreadable

    try:
        yield from reader.chunks(start, opened.match.columns)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise unreadable(opened.file, error) from error
