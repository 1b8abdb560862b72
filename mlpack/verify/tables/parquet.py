"""Parquet, through pyarrow."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from mlpack.core.errors import DataError, MissingLibraryError
from mlpack.verify.tables.table import Cells, Table


def read_parquet(path: Path, max_rows: int | None) -> Table:
    """The table in a Parquet file, without the index that pandas stores. Raises DataError, MissingLibraryError."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise MissingLibraryError(
            "reading Parquet needs pyarrow",
            why=str(error),
            hint='pip install "mlpack-toolkit[data]", or give the data as CSV',
        ) from error
    try:
        with pq.ParquetFile(path) as file:
            table = _rows(file, max_rows, pa)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path.name} cannot be read as Parquet", why=str(error), hint="write it once more") from error
    index = _index_columns(table.schema.metadata or {})
    names = tuple(name for name in table.column_names if name not in index)
    columns = tuple(_cells(table.column(table.column_names.index(name)), pa) for name in names)
    return Table(path.name, names, columns, range(1, table.num_rows + 1), "row")


def _rows(file: Any, max_rows: int | None, pa: Any) -> Any:
    if max_rows is None:
        return file.read()
    batches = []
    left = max_rows
    for batch in file.iter_batches(batch_size=max(1, min(max_rows, 65536))):
        batches.append(batch.slice(0, left))
        left -= batches[-1].num_rows
        if left <= 0:
            break
    return pa.Table.from_batches(batches, schema=file.schema_arrow)


def _index_columns(metadata: dict[bytes, bytes]) -> set[str]:
    """Columns that pandas wrote as the index of a frame and would not call columns."""
    if b"pandas" not in metadata:
        return set()
    try:
        stored = json.loads(metadata[b"pandas"]).get("index_columns", [])
    except (ValueError, AttributeError):
        return set()
    return {name for name in stored if isinstance(name, str) and name.startswith("__index_level_")}


def _cells(column: Any, pa: Any) -> Cells:
    """Numbers as an array, missing floats as NaN; all else as Python values."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        column = column.cast(kind.value_type)
        kind = kind.value_type
    if pa.types.is_decimal(kind):
        column = column.cast(pa.float64())
        kind = pa.float64()
    numeric = pa.types.is_floating(kind) or (
        (pa.types.is_integer(kind) or pa.types.is_boolean(kind)) and not column.null_count
    )
    if numeric:
        found: np.ndarray[Any, Any] = column.to_numpy()
        return found
    values: list[Any] = column.to_pylist()
    return values
