"""Writes entries into ``metadata_props`` on the wire, at any size of model."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from mlpack.core.errors import OutputError
from mlpack.scan.onnx_wire import read_structure
from mlpack.scan.provenance import prefixed
from mlpack.scan.source import open_source

_TAG = bytes([14 << 3 | 2])
_CHUNK = 1 << 20


def stamp_metadata(path: Path, provenance: Mapping[str, str]) -> None:
    """Set ``provenance``. A field appended to a message is part of it, so that nothing else is rewritten.

    Entries of the same keys that are there already are cut out first: the checker refuses a key that comes twice.
    Raises CorruptFileError, OutputError.
    """
    entries = prefixed(provenance)
    with open_source(path) as source:
        found = read_structure(source).metadata_fields
    spans = sorted(span for key in entries for span in found.get(key, []))
    try:
        if spans:
            _cut(path, spans)
        with path.open("ab") as file:
            file.write(b"".join(_entry(key, entries[key]) for key in sorted(entries)))
    except OSError as error:
        raise OutputError(f"{path} cannot be written", why=str(error), hint="make room there") from error


def _entry(key: str, value: str) -> bytes:
    message = b"\x0a" + _sized(key.encode()) + b"\x12" + _sized(value.encode())
    return _TAG + _sized(message)


def _sized(data: bytes) -> bytes:
    return bytes(_varint(len(data))) + data


def _varint(value: int) -> Iterator[int]:
    while value >= 0x80:
        yield value & 0x7F | 0x80
        value >>= 7
    yield value


def _cut(path: Path, spans: list[tuple[int, int]]) -> None:
    shorter = path.with_name(f"{path.name}.cut")
    try:
        with path.open("rb") as source, shorter.open("xb") as target:
            position = 0
            for begin, end in [*spans, (path.stat().st_size, 0)]:
                source.seek(position)
                left = begin - position
                while left:
                    left -= target.write(source.read(min(left, _CHUNK)))
                position = end
        os.replace(shorter, path)  # noqa: PTH105 - Path.replace is the same call
    finally:
        shorter.unlink(missing_ok=True)
