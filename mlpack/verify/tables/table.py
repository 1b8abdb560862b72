"""A table as it was read: names where the file has any, columns of cells, and where each row stands in the file."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from mlpack.core.errors import DataError
from mlpack.runtime.session import Array

Cells = Sequence[Any] | Array

_TARGETS = {"target", "label", "labels", "y", "class", "outcome", "response", "species", "survived"}
_INDEXES = {"", "index", "unnamed: 0", "__index_level_0__", "rownames"}


@dataclass(frozen=True)
class Table:
    """``names`` is None where the file has no header. ``lines`` are 1-based, one a row; ``unit`` is what they count.

    ``blanks`` says that the file has no other way to write a missing value than an empty cell.
    """

    source: str
    names: tuple[str, ...] | None
    columns: tuple[Cells, ...]
    lines: Sequence[int]
    unit: str = "line"
    blanks: bool = False

    @property
    def rows(self) -> int:
        """The number of rows."""
        return len(self.lines)

    def column(self, name: str) -> Cells:
        """The cells of the column called ``name``."""
        assert self.names is not None
        return self.columns[self.names.index(name)]

    def place(self, position: int, *, blanks: bool = False) -> Place:
        """Where the column at ``position`` stands; ``blanks`` are missing values in it, as far as the file has any."""
        name = self.names[position] if self.names is not None else f"{position + 1}"
        return Place(self.source, name, self.lines, self.unit, blanks and self.blanks)


@dataclass(frozen=True)
class Place:
    """A column of a file, for messages that name the line. ``blanks`` says that an empty text in it is a missing one."""

    source: str
    column: str
    lines: Sequence[int]
    unit: str = "line"
    blanks: bool = False

    def error(self, row: int, reason: str, hint: str = "") -> DataError:
        """The error of one cell."""
        line = self.lines[row] if row < len(self.lines) else row + 1
        where = f"{self.source}, {self.unit} {line}, column {self.column!r}"
        return DataError(f"{where}: {reason}", hint=hint or "correct that value, or leave the row out")


def check_names(source: str, wanted: Sequence[str], given: Sequence[str]) -> None:
    """Refuse a table whose columns are not exactly ``wanted``, in any order. Raises DataError naming the others."""
    doubles = sorted({name for name in given if list(given).count(name) > 1})
    if doubles:
        raise DataError(
            f"{source} has more than one column called {_quoted(doubles)}", hint="give each column a name of its own"
        )
    missing = [name for name in wanted if name not in given]
    extra = [name for name in given if name not in wanted]
    if not missing and not extra:
        return
    parts = [f"has no column {_quoted(missing)}"] if missing else []
    if extra:
        parts.append(
            f"has {'a column' if len(extra) == 1 else 'columns'} that the model does not take: {_quoted(extra)}"
        )
    raise DataError(
        f"{source} {' and '.join(parts)}",
        why=f"the model takes {len(wanted)} columns: {_quoted(wanted)}",
        hint=_hint(missing, extra),
    )


def _hint(missing: Sequence[str], extra: Sequence[str]) -> str:
    for name in missing:
        close = difflib.get_close_matches(name.casefold(), [other.casefold() for other in extra], n=1, cutoff=0.6)
        if close:
            original = next(other for other in extra if other.casefold() == close[0])
            return f"did you mean {name!r} where the file says {original!r}? rename that column"
    for name in extra:
        if name.strip().casefold() in _TARGETS:
            return f"{name!r} looks like the answer, not an input: write the file without it"
        if name.strip().casefold() in _INDEXES:
            return f"{name!r} looks like a row index: with pandas, write the file with to_csv(..., index=False)"
    if missing:
        return "add the column, empty where a value is unknown: mlpack inspect MODEL lists what the model takes"
    return "write the file without it: mlpack inspect MODEL lists what the model takes"


def _quoted(names: Iterable[str], most: int = 8) -> str:
    listed = list(names)
    shown = ", ".join(repr(name) for name in listed[:most])
    return shown if len(listed) <= most else f"{shown} and {len(listed) - most} more"
