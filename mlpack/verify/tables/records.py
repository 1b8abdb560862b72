"""JSON: one record a line, or an array of records."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mlpack.core.errors import DataError
from mlpack.verify.tables.table import Table

_HINT = 'write one record a line, such as {"age": 41, "city": "Oslo"}'


def read_records(path: Path, max_rows: int | None) -> Table:
    """The records of a JSON array or of JSON lines: objects by column name, or lists by position.

    Raises DataError naming the line (or, in an array, the record) that is none.
    """
    try:
        text_starts = _first_character(path)
        if text_starts == "[" and (whole := _whole(path)) is not None:
            return _table(path.name, list(enumerate(whole, start=1))[:max_rows], "record")
        return _table(path.name, _lines(path, max_rows), "line")
    except UnicodeDecodeError as error:
        raise DataError(
            f"{path.name} is not UTF-8", why=str(error), hint="write it with json.dump(..., ensure_ascii=True)"
        ) from error


def _first_character(path: Path) -> str:
    with path.open(encoding="utf-8-sig") as file:
        for line in file:
            if line.strip():
                return line.lstrip()[0]
    raise DataError(f"{path.name} is empty", hint=_HINT)


def _whole(path: Path) -> list[Any] | None:
    """The array that the file is; None where each line is an array of its own."""
    with path.open(encoding="utf-8-sig") as file:
        first = next(line for line in file if line.strip())
        rest = any(line.strip() for line in file)
    if rest and _is_json(first):
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8-sig"))
    except (json.JSONDecodeError, RecursionError) as error:
        raise DataError(f"{path.name} is no JSON array of records", why=str(error), hint=_HINT) from error
    # A single line [1, 2, 3] is one row by position.
    return None if found and not isinstance(found[0], (list, dict)) else found


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except (json.JSONDecodeError, RecursionError):
        return False
    return True


def _lines(path: Path, max_rows: int | None) -> list[tuple[int, Any]]:
    records: list[tuple[int, Any]] = []
    for number, line in _numbered(path):
        if max_rows is not None and len(records) >= max_rows:
            break
        try:
            records.append((number, json.loads(line)))
        except (json.JSONDecodeError, RecursionError) as error:
            raise DataError(f"{path.name}, line {number}: no JSON", why=str(error), hint=_HINT) from error
    return records


def _numbered(path: Path) -> Iterator[tuple[int, str]]:
    with path.open(encoding="utf-8-sig") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield number, line


def _table(source: str, records: Sequence[tuple[int, Any]], unit: str) -> Table:
    """Columns of cells from records of one kind."""
    if not records:
        raise DataError(f"{source} has no rows", hint=_HINT)
    lines = [number for number, _ in records]
    kind = dict if isinstance(records[0][1], dict) else list
    for number, record in records:
        if not isinstance(record, kind):
            raise DataError(f"{source}, {unit} {number}: {_kind(record)}, not a record", hint=_HINT)
    if kind is dict:
        return _from_objects(source, records, lines, unit)
    for number, record in records:
        if len(record) != len(records[0][1]):
            raise DataError(
                f"{source}, {unit} {number}: {len(record)} values, and {unit} {lines[0]} has {len(records[0][1])}",
                hint="write null for an unknown value",
            )
    columns = tuple(zip(*(record for _, record in records), strict=True))
    return Table(source, None, columns, lines, unit)


def _from_objects(source: str, records: Sequence[tuple[int, Any]], lines: Sequence[int], unit: str) -> Table:
    names = tuple(dict.fromkeys(name for _, record in records for name in record))
    for number, record in records:
        missing = [name for name in names if name not in record]
        if missing:
            raise DataError(
                f"{source}, {unit} {number} has no {missing[0]!r}, which other records have",
                hint="write null for an unknown value",
            )
    return Table(source, names, tuple([record[name] for _, record in records] for name in names), lines, unit)


def _kind(record: Any) -> str:
    kinds = {
        str: "text",
        int: "a number",
        float: "a number",
        bool: "a bool",
        type(None): "null",
        dict: "an object",
        list: "a list",
    }
    return kinds.get(type(record), type(record).__name__)
