"""Comma, semicolon, tab and pipe separated text, with the csv module."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TextIO

from mlpack.core.errors import DataError
from mlpack.runtime.signature import Signature
from mlpack.verify.tables.fit import Need, is_number, needs_of
from mlpack.verify.tables.table import Table

_DELIMITERS = (",", ";", "\t", "|")
_SAMPLE = 20


def read_delimited(path: Path, signature: Signature | None, max_rows: int | None) -> Table:
    """The table in a text file: UTF-8, quoted where need be, with or without a header.

    Raises DataError for text that is no table: ragged rows, an open quote, another encoding, nothing at all.
    """
    delimiter = "\t" if path.suffix.lower() in {".tsv", ".tab"} else _delimiter(path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        records = _records(file, delimiter, path)
        try:
            first = next(records, None)
            if first is None:
                raise DataError(f"{path.name} is empty", hint="give a header line and at least one row")
            needs = needs_of(signature) if signature is not None else ()
            header = _is_header(first[1], needs)
            names = tuple(name.strip() for name in first[1]) if header else None
            body = ([] if header else [first]) + list(islice(records, max_rows))
        except UnicodeDecodeError as error:
            raise _bad_encoding(path, error) from error
    body = body[:max_rows]
    width = len(first[1])
    for line, cells in body:
        if len(cells) != width:
            raise _ragged(path, line, len(cells), first[0], width)
    columns = tuple(zip(*(cells for _, cells in body), strict=True)) if body else ((),) * width
    return Table(path.name, names, columns, [line for line, _ in body], blanks=True)


def _records(file: TextIO, delimiter: str, path: Path) -> Iterator[tuple[int, list[str]]]:
    """Each record with the line it starts on; blank lines are passed over."""
    reader = csv.reader(file, delimiter=delimiter, strict=True)
    line = 1
    try:
        for cells in reader:
            if cells:
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise DataError(
            f"{path.name}, line {line}: {error}",
            why="a quote is open, or stands inside an unquoted value" if "limit" not in str(error) else "",
            hint='write the value as "…" and each quote inside it twice',
        ) from error


def _delimiter(path: Path) -> str:
    """The delimiter that splits the first records alike, into the most columns."""
    best, most = ",", 1
    for delimiter in _DELIMITERS:
        with path.open(encoding="utf-8-sig", newline="", errors="replace") as file:
            try:
                widths = {len(cells) for cells in islice(csv.reader(file, delimiter=delimiter), _SAMPLE) if cells}
            except csv.Error:
                continue  # NUL bytes or an endless field: the real reading says so
        if len(widths) == 1 and max(widths) > most:
            best, most = delimiter, max(widths)
    return best


def _is_header(cells: Sequence[str], needs: Sequence[Need]) -> bool:
    """Whether the first record names columns.

    It does when it holds a name that the model knows. Without one it does when something in it is no value of the
    column that it would be.
    """
    known = {name for need in needs if need.names is not None for name in need.names}
    stripped = [cell.strip() for cell in cells]
    if known & set(stripped):
        return True
    numeric = [need.spec.is_numeric for need in needs for _ in range(need.count or len(cells))]
    if len(numeric) != len(cells):
        return not all(is_number(cell) for cell in stripped)
    if not any(numeric):
        return bool(known)
    return not all(is_number(cell) for cell, wanted in zip(stripped, numeric, strict=True) if wanted)


def _ragged(path: Path, line: int, given: int, first: int, width: int) -> DataError:
    return DataError(
        f"{path.name}, line {line}: {given} values, and line {first} has {width}",
        why="every row needs the same number of values",
        hint="a value that holds the delimiter has to be quoted; an unknown value is written as nothing between two",
    )


def _bad_encoding(path: Path, error: UnicodeDecodeError) -> DataError:
    with path.open("rb") as file:
        head = file.read(4)
    utf16 = head[:2] in {b"\xff\xfe", b"\xfe\xff"}
    return DataError(
        f"{path.name} is not UTF-8",
        why="it begins with the mark of UTF-16"
        if utf16
        else f"byte 0x{error.object[error.start]:02x} ({error.reason})",
        hint=f"iconv -f {'UTF-16' if utf16 else 'LATIN1'} -t UTF-8 {path.name} > {path.stem}-utf8{path.suffix}",
    )
