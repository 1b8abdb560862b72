"""Columns of truth values in the user's data: most models do not remember that a column was one, and read 0 and 1 of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from mlpack.core.errors import DataError
from mlpack.runtime.session import Feed
from mlpack.runtime.signature import Signature
from mlpack.verify.data import table_of
from mlpack.verify.tables.table import Cells, Table

_BOTH = np.array([[False], [True]])


def truths_of(data: Any) -> Feed | None:
    """A sample of the columns of ``data`` that hold truth values and nothing else, by name; None where there are none.

    In a text file these are columns of ``true`` and ``false``. Columns without names are ``x0``, ``x1``… Data that cannot be
    read has none: who fits it to the model says why. Raises MissingLibraryError.
    """
    try:
        table = table_of(data, max_rows=1)
        if isinstance(data, str | Path) and table is not None and _names(table):
            table = table_of(data)  # the first row has some
    except DataError:
        return None
    names = _names(table) if table is not None else []
    return dict.fromkeys(names, _BOTH) if names else None


def truths_like(candidate: Signature, reference: Signature) -> Feed | None:
    """A sample of the columns that are truth values to ``candidate`` and numbers to ``reference``; None without any."""
    names = {name for spec in candidate.inputs if spec.dtype == "bool" for name in _columns(spec.name, candidate)}
    numbers = [name for spec in reference.inputs if spec.is_floating for name in _columns(spec.name, reference)]
    return {name: _BOTH for name in numbers if name in names} or None


def _columns(name: str, signature: Signature) -> tuple[str, ...]:
    return signature.columns.get(name, (name,))


def _names(table: Table) -> list[str]:
    names = table.names or tuple(f"x{place}" for place in range(len(table.columns)))
    return [name for name, cells in zip(names, table.columns, strict=True) if _are_truths(cells, is_text=table.blanks)]


def _are_truths(cells: Cells, *, is_text: bool) -> bool:
    """Whether there are cells, and each is true or false; written out where the file is of text."""
    if isinstance(cells, np.ndarray) and cells.dtype.kind != "O":
        return cells.dtype.kind == "b" and cells.size > 0
    return len(cells) > 0 and all(_is_truth(cell, is_text=is_text) for cell in cells)


def _is_truth(cell: Any, *, is_text: bool) -> bool:
    if isinstance(cell, str):
        return is_text and cell.strip().casefold() in {"true", "false"}
    return isinstance(cell, bool | np.bool_)
