"""Parts of the output: each is written under another name first, and has its own once all of it is on the disk."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import re
import secrets
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, assert_never

from mlpack.batch.job import Kind
from mlpack.batch.places import Place, redacted
from mlpack.core.errors import OutputError, UsageError

_UNFINISHED = ".tmp"
_PART = re.compile(r"part-\d{5,}\.(parquet|csv|arrow|jsonl)")
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Written:
    """A file that is there, whole: its name in its folder, its rows, and what its bytes are."""

    name: str
    rows: int
    size: int
    sha256: str

    def to_json(self) -> dict[str, Any]:
        """The file as it stands in a checkpoint."""
        return {"name": self.name, "rows": self.rows, "size": self.size, "sha256": self.sha256}


class PartWriter:
    """Writes one file into ``folder``, from record batches of one schema. Raises OutputError where that does not go."""

    def __init__(self, folder: Place, name: str, kind: Kind, schema: Any) -> None:
        self.name = name
        self.rows = 0
        self._folder = folder
        self._kind = kind
        # In the same folder, for a rename does not lead to another disk; for a store, which has none, on this machine.
        where = folder.here if folder.local else Path(tempfile.gettempdir())
        self._path = where / f".{name}.{secrets.token_hex(4)}{_UNFINISHED}"
        import pyarrow as pa

        try:
            self._sink = self._path.open("xb")
        except OSError as error:
            raise _unwritable(folder, error) from error
        try:
            self._encoder = encoder(kind, self._sink, schema)
        except (OSError, pa.ArrowException) as error:
            self._sink.close()
            self._path.unlink(missing_ok=True)
            raise (_unwritable(folder, error) if isinstance(error, OSError) else _no_place(kind, error)) from error

    def write(self, batch: Any) -> None:
        """Add the rows of ``batch``."""
        import pyarrow as pa

        try:
            self._encoder.write(batch)
        except OSError as error:
            raise _unwritable(self._folder, error) from error
        except pa.ArrowException as error:
            raise _no_place(self._kind, error) from error
        self.rows += batch.num_rows

    def finish(self) -> Written:
        """Put the file in its place, and say what it is."""
        try:
            self._encoder.close()
            self._sink.flush()
            os.fsync(self._sink.fileno())
            self._sink.close()
            with self._path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = self._path.stat().st_size
            put(self._path, self._folder.child(self.name))
        except OSError as error:
            raise _unwritable(self._folder, error) from error
        return Written(self.name, self.rows, size, digest)

    def abandon(self) -> None:
        """Leave nothing behind."""
        with contextlib.suppress(OSError, ValueError):
            self._encoder.close()  # it would do so when it is collected, and find the file closed
        self._sink.close()
        self._path.unlink(missing_ok=True)


class Encoder(Protocol):
    """Writes record batches in one format."""

    def write(self, batch: Any) -> None:
        """Add rows."""
        ...

    def close(self) -> None:
        """Write what is at the end. The file stays open."""
        ...


def encoder(kind: Kind, sink: Any, schema: Any) -> Encoder:
    """What writes rows of ``schema`` to the binary file ``sink``."""
    import pyarrow as pa

    match kind:
        case "parquet":
            return _Parquet(sink, schema)
        case "csv":
            from pyarrow import csv

            return _Closing(csv.CSVWriter(sink, schema))
        case "arrow":
            return _Closing(pa.ipc.new_file(sink, schema))
        case "jsonl":
            return _JsonLines(sink)
        case _:
            assert_never(kind)


def put(path: Path, place: Place) -> None:
    """Move a file of this machine to ``place``: it is there whole or not at all. Raises OSError."""
    if place.local:
        path.replace(place.here)
        sync_folder(place.here.parent)
        return
    # Whoever fails here must not close the stream: that would leave a shorter file in the store.
    stream = place.files.open_output_stream(place.path)
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            stream.write(block)
    stream.close()
    path.unlink()


def sync_folder(folder: Path) -> None:
    """Have the names in ``folder`` on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def is_there(folder: Place, written: Written) -> bool:
    """Whether the file is what it was when it was written."""
    place = folder.child(written.name)
    if place.kind() != "file" or place.found().size != written.size:
        return False
    digest = hashlib.sha256()
    with place.files.open_input_stream(place.path, compression=None) as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest() == written.sha256


def parts_in(folder: Place) -> Iterator[Place]:
    """The parts that are there, whoever wrote them."""
    return _named(folder, is_part)


def unfinished(folder: Place) -> Iterator[Place]:
    """The files that a run which was ended had begun."""
    return _named(folder, is_unfinished)


def is_part(name: str) -> bool:
    """Whether a file is named exactly as a run names its parts."""
    return _PART.fullmatch(name) is not None


def is_unfinished(name: str) -> bool:
    """Whether a file is named as a run names what it has begun."""
    return name.startswith(".part-") and name.endswith(_UNFINISHED)


def _named(folder: Place, is_meant: Callable[[str], bool]) -> Iterator[Place]:
    for found in folder.listed():
        name = found.path.rpartition("/")[2]
        if is_meant(name):
            yield folder.child(name)


def _unwritable(place: Place, error: OSError) -> OutputError:
    return OutputError(
        f"{place.shown} cannot be written",
        why=redacted(error.strerror or str(error)),
        hint="make room there, or choose another place with -o",
    )


def _no_place(kind: Kind, error: Exception) -> UsageError:
    return UsageError(
        f"a file of {kind} has no place for one of the columns",
        why=str(error).partition("\n")[0][:500],
        hint="choose another --format, or leave the column out of --keep",
    )


class _Closing:
    """A writer of pyarrow, which has the methods already."""

    def __init__(self, writer: Any) -> None:
        self._writer = writer

    def write(self, batch: Any) -> None:
        self._writer.write_batch(batch)

    def close(self) -> None:
        self._writer.close()


class _Parquet:
    """A row group a batch. A dictionary is for what has few values, and not for the numbers that a model answers."""

    def __init__(self, sink: Any, schema: Any) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        repeated = [field.name for field in schema if not pa.types.is_floating(field.type)]
        self._writer = pq.ParquetWriter(sink, schema, use_dictionary=repeated or False)

    def write(self, batch: Any) -> None:
        if batch.num_rows:
            self._writer.write_batch(batch, row_group_size=batch.num_rows)

    def close(self) -> None:
        self._writer.close()


class _JsonLines:
    """A number that is not finite is null: JSON has none."""

    def __init__(self, sink: Any) -> None:
        self._sink = sink

    def write(self, batch: Any) -> None:
        lines = [json.dumps(_finite(row), ensure_ascii=False, default=str) for row in batch.to_pylist()]
        if lines:
            self._sink.write(("\n".join(lines) + "\n").encode())

    def close(self) -> None:
        """Nothing is at the end."""


def _finite(value: Any) -> Any:
    match value:
        case float() if not math.isfinite(value):
            return None
        case dict():
            return {key: _finite(one) for key, one in value.items()}
        case list():
            return [_finite(one) for one in value]
    return value
