"""The rows of an input: which files it is, and what reads each."""

from __future__ import annotations

import posixpath
import re
import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any, Protocol, assert_never

from mlpack.batch.job import Kind
from mlpack.batch.places import Found, Place, expanded, place_of, redacted
from mlpack.batch.sources.chunk import Chunk
from mlpack.core.errors import DataError, MlpackError, UsageError

ENDINGS: dict[str, Kind] = {
    ".parquet": "parquet",
    ".pq": "parquet",
    ".csv": "csv",
    ".tsv": "csv",
    ".arrow": "arrow",
    ".arrows": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
}
_NOT_UTF8 = re.compile(r"invalid utf-?8", re.IGNORECASE)
COMPRESSED = (".gz", ".bz2", ".zst", ".lz4")
"""Endings of text that is unpacked while it is read."""


class Reader(Protocol):
    """One file, opened. ``schema`` is that of Arrow; ``rows`` is None where only reading it tells how many there are.

    ``text`` says that a cell is written as text, whatever it means.
    """

    schema: Any
    rows: int | None
    text: bool

    def chunks(self, start: int, columns: Sequence[str]) -> Iterator[Chunk]:
        """The rows from ``start`` on, ``columns`` of them, in pieces of any size. Raises DataError."""
        ...


@dataclass(frozen=True)
class SourceFile:
    """A file of an input. ``name`` is how messages call it."""

    place: Place
    found: Found
    kind: Kind

    @property
    def name(self) -> str:
        """The path, as far as the user's own words go."""
        return self.place.shown

    @property
    def identity(self) -> list[Any]:
        """What changes when the file does."""
        return [redacted(self.place.path), self.found.size, self.found.mtime]

    def open(self, known: Any = None) -> Reader:
        """What reads the file; ``known`` is the type of each column that is known before, where the file itself has none.

        Raises DataError where it is none of its format.
        """
        import pyarrow as pa

        try:
            return _reader(self, known or {})
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            raise unreadable(self, error) from error


def files_of(text: str) -> tuple[SourceFile, ...]:
    """The files that ``text`` means, in the order of their paths. Raises UsageError where there are none."""
    place = place_of(text)
    found = list(expanded(place))
    if not found:
        raise UsageError(
            f"there are no files at {redacted(text)}", hint="name a file, a folder of files, or a glob in quotes"
        )
    files = tuple(_file(place, one) for one in found)
    others = [one for one in files if isinstance(one, Place)]
    if others:
        raise _no_rows(place, others, [one for one in files if isinstance(one, SourceFile)])
    rows = tuple(one for one in files if isinstance(one, SourceFile))
    kinds = sorted({file.kind for file in rows})
    if len(kinds) > 1:
        raise UsageError(
            f"the files at {redacted(text)} are of several formats: {', '.join(kinds)}",
            hint=f"name those of one with a glob, in quotes: '{_glob_for(place, rows)}'",
        )
    return rows


def kind_of_name(name: str) -> Kind | None:
    """The format that the ending of a name says."""
    plain = name.lower()
    for ending in COMPRESSED:
        plain = plain.removesuffix(ending)
    return next((kind for ending, kind in ENDINGS.items() if plain.endswith(ending)), None)


def unreadable(file: SourceFile, error: Exception) -> MlpackError:
    """The error of a file that is none of its format, or is damaged."""
    if file.kind == "csv" and _is_of_encoding(error):
        return _other_encoding(file)
    return DataError(
        f"{file.name} cannot be read as {file.kind}",
        why=redacted(str(error).partition("\n")[0])[:500],
        hint="check that the file is whole, and what its ending says",
    )


def _is_of_encoding(error: Exception) -> bool:
    """Whether ``error`` is of bytes that are not in UTF-8: not one with a path in its words, which may say anything."""
    import pyarrow as pa

    if isinstance(error, pa.ArrowInvalid):
        return _NOT_UTF8.search(str(error)) is not None
    return isinstance(error, UnicodeDecodeError)


def _other_encoding(file: SourceFile) -> DataError:
    """The error of a CSV file that is not in UTF-8, with the line for a shell that makes one that is."""
    with file.place.files.open_input_stream(file.place.path) as stream:
        mark = stream.read(2)
    encoding = "UTF-16" if mark in {b"\xff\xfe", b"\xfe\xff"} else "WINDOWS-1252"
    name = PurePosixPath(file.name)
    command = f"iconv -f {encoding} -t UTF-8 {shlex.quote(file.name)} > {shlex.quote(f'{name.stem}-utf8{name.suffix}')}"
    plain = file.place.local and not file.name.lower().endswith(COMPRESSED)
    return DataError(
        f"{file.name} cannot be read as csv",
        why=f"it is not in UTF-8, and may be in {encoding}",
        hint=f"{command}   # or -f with the encoding that it has" if plain else "write it in UTF-8",
    )


def _file(place: Place, found: Found) -> SourceFile | Place:
    """The file at ``found``; its place alone where it is of no format that rows are read from."""
    root = place.path.rstrip("/") + "/"
    shown = place.shown if found.path == place.path else redacted(found.path)  # of a glob
    if found.path.startswith(root):
        shown = f"{place.shown.rstrip('/')}/{found.path.removeprefix(root)}"
    here = replace(place, path=found.path, shown=shown)
    kind = kind_of_name(found.path) or _kind_by_content(here)
    return here if kind is None else SourceFile(here, found, kind)


def _no_rows(place: Place, others: Sequence[Place], files: Sequence[SourceFile]) -> UsageError:
    more = "" if len(others) == 1 else f", and so {len(others) - 1} more"
    known = f"Parquet, CSV, Arrow or JSON lines, with one of the endings {', '.join(ENDINGS)}"
    return UsageError(
        f"{others[0].shown} is of no format that rows are read from{more}",
        why=known if files else "",
        hint=f"name those that are rows with a glob, in quotes: '{_glob_for(place, files)}'" if files else known,
    )


def _glob_for(place: Place, files: Sequence[SourceFile]) -> str:
    """A glob for most of ``files``: those with one ending, in folders of one depth."""
    root = place.shown.rstrip("/")
    inner = [file.name.removeprefix(f"{root}/") if file.name.startswith(f"{root}/") else "" for file in files]
    if not all(inner):  # of a glob already
        root, inner = posixpath.dirname(root), [posixpath.basename(file.name) for file in files]
    globs = Counter("*/" * name.count("/") + _alike(posixpath.basename(name)) for name in inner)
    return posixpath.join(root, globs.most_common(1)[0][0])


def _alike(name: str) -> str:
    """A glob for names that end as this one does."""
    endings = PurePosixPath(name).suffixes
    return f"*{''.join(endings[-2:] if endings[-1] in COMPRESSED else endings[-1:])}" if endings else name


def _kind_by_content(place: Place) -> Kind | None:
    with place.files.open_input_stream(place.path, compression=None) as stream:
        begin = stream.read(8)
    if begin[:4] == b"PAR1":
        return "parquet"
    return "arrow" if begin[:6] == b"ARROW1" else None


def _reader(file: SourceFile, known: Any) -> Reader:
    match file.kind:
        case "parquet":
            from mlpack.batch.sources.parquet import ParquetReader

            return ParquetReader(file.place)
        case "arrow":
            from mlpack.batch.sources.arrow import open_arrow

            return open_arrow(file.place)
        case "csv":
            from mlpack.batch.sources.delimited import DelimitedReader

            return DelimitedReader(file.place)
        case "jsonl":
            from mlpack.batch.sources.json_lines import JsonLinesReader

            return JsonLinesReader(file.place, known)
        case _:
            assert_never(file.kind)
