"""One file of many parts, read and written a little at a time."""

from __future__ import annotations

import hashlib
import io
import os
import secrets
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

from mlpack.batch.job import Kind
from mlpack.batch.parts import Encoder, Written, encoder, put
from mlpack.batch.places import Place, redacted
from mlpack.core.errors import OutputError

_BLOCK = 1 << 20


def assemble(folder: Place, parts: Sequence[Written], kind: Kind, schema: Any, place: Place) -> Written:
    """Put ``parts`` together in the file ``place``, which is there whole or not at all. Raises OutputError."""
    where = folder.here if folder.local else Path(tempfile.gettempdir())
    path = where / f".part-all.{secrets.token_hex(4)}.tmp"  # is removed with those that a run which was ended had begun
    try:
        if len(parts) == 1 and _is_linked(folder, parts[0], path):
            digest, size = parts[0].sha256, parts[0].size
        else:
            digest, size = _written(folder, parts, kind, schema, path)
        put(path, place)
    except OSError as error:
        raise OutputError(
            f"{place.shown} cannot be written",
            why=redacted(error.strerror or str(error)),
            hint="make room, and go on with --resume",
        ) from error
    finally:
        path.unlink(missing_ok=True)
    return Written(place.name, sum(part.rows for part in parts), size, digest)


def _is_linked(folder: Place, part: Written, path: Path) -> bool:
    """Give the only part a second name, which the file keeps when the part is removed. Not every disk can, and no store."""
    if not folder.local:
        return False
    try:
        path.hardlink_to(folder.here / part.name)
    except OSError:
        return False
    return True


def _written(folder: Place, parts: Sequence[Written], kind: Kind, schema: Any, path: Path) -> tuple[str, int]:
    """Write the rows of ``parts`` to ``path``: the SHA-256 and the bytes of it. Raises OSError."""
    with path.open("xb") as sink:
        if kind in {"csv", "jsonl"}:
            _chain(folder, parts, sink, _head(schema) if kind == "csv" else b"")
        else:
            _again(folder, parts, kind, encoder(kind, sink, schema))
        sink.flush()
        os.fsync(sink.fileno())
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size


def _chain(folder: Place, parts: Sequence[Written], sink: BinaryIO, head: bytes) -> None:
    """Text after text; each begins with ``head``, the line of names, which is wanted once, also where there is no part."""
    sink.write(head)
    for part in parts:
        place = folder.child(part.name)
        with place.files.open_input_stream(place.path, compression=None) as stream:
            stream.read(len(head))
            while block := stream.read(_BLOCK):
                sink.write(block)


def _head(schema: Any) -> bytes:
    sink = io.BytesIO()
    made = encoder("csv", sink, schema)
    made.close()
    return sink.getvalue()


def _again(folder: Place, parts: Sequence[Written], kind: Kind, made: Encoder) -> None:
    """Batch after batch, each as it stands in its part."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    for part in parts:
        place = folder.child(part.name)
        with place.files.open_input_file(place.path) as source:
            if kind == "parquet":
                file = pq.ParquetFile(source)
                for group in range(file.num_row_groups):
                    for batch in file.read_row_group(group).combine_chunks().to_batches():
                        made.write(batch)
            else:
                reader = pa.ipc.open_file(source)
                for place_ in range(reader.num_record_batches):
                    made.write(reader.get_batch(place_))
    made.close()
