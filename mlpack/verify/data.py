"""The user's own data, from a file or from what a notebook has at hand, as a feed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np

from mlpack.core.errors import DataError
from mlpack.runtime.session import Array, Feed
from mlpack.runtime.signature import Signature
from mlpack.verify.tables.arrays import fit_array_alone, fit_arrays, read_npy, read_npz, table_of_arrays
from mlpack.verify.tables.delimited import read_delimited
from mlpack.verify.tables.fit import INPUT, fit_table
from mlpack.verify.tables.parquet import read_parquet
from mlpack.verify.tables.records import read_records
from mlpack.verify.tables.table import Table

Kind = Literal["npz", "npy", "parquet", "json", "delimited"]

_ENDINGS: dict[str, Kind] = {
    ".npz": "npz",
    ".npy": "npy",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
    ".csv": "delimited",
    ".tsv": "delimited",
    ".tab": "delimited",
    ".txt": "delimited",
}
_MAGIC: dict[bytes, Kind] = {b"PK\x03\x04": "npz", b"PK\x05\x06": "npz", b"\x93NUMPY": "npy", b"PAR1": "parquet"}
_TITLES: dict[Kind, str] = {
    "npz": "an .npz archive",
    "npy": "an .npy array",
    "parquet": "Parquet",
    "json": "JSON",
    "delimited": "text",
}
_FOREIGN = {
    b"\x1f\x8b": "gzip: gunzip it first",
    b"\xd0\xcf\x11\xe0": "an old Excel file: save it as CSV",
    b"\x80": "a pickle, and no table: save the rows as CSV, Parquet, NPZ or NPY",
    b"\x89HDF": "HDF5, and no table: save the rows as CSV, Parquet, NPZ or NPY",
}


def read_data(path: Path, signature: Signature | None, *, max_rows: int | None = None) -> Feed:
    """The data in a CSV, TSV, Parquet, NPZ, NPY, JSON or JSON lines file, as the model takes it.

    Columns are matched by name, in any order, else by position; they have to be exactly those that the model takes. Only
    the first ``max_rows`` rows are read. Without a ``signature`` arrays keep their names and dtypes and a table becomes
    one matrix called ``input``.

    Raises DataError naming the line and the column, MissingLibraryError where Parquet is read without pyarrow.
    """
    kind = _kind(path)
    match kind:
        case "npz":
            return fit_arrays(read_npz(path, max_rows), signature, path.name)
        case "npy":
            return fit_array_alone(read_npy(path, max_rows), signature, path.name)
        case "parquet":
            return fit_table(read_parquet(path, max_rows), signature)
        case "json":
            return fit_table(read_records(path, max_rows), signature)
        case "delimited":
            return fit_table(read_delimited(path, signature, max_rows), signature)


def table_of(data: Any, *, max_rows: int | None = None) -> Table | None:
    """``data`` as a table, whatever a model takes of it; None for what is none, such as images.

    ``data`` is a path, of which only ``max_rows`` rows are read, or what is at hand. Raises DataError, MissingLibraryError.
    """
    if not isinstance(data, str | Path):
        return _table_at_hand(data)
    path = Path(data)
    match _kind(path):
        case "npz":
            return table_of_arrays(read_npz(path, max_rows), path.name)
        case "npy":
            return table_of_arrays({INPUT: read_npy(path, max_rows)}, path.name)
        case "parquet":
            return read_parquet(path, max_rows)
        case "json":
            return read_records(path, max_rows)
        case "delimited":
            return read_delimited(path, None, max_rows)


def _table_at_hand(sample: Any) -> Table | None:
    source = "the sample"
    if isinstance(sample, Mapping):
        return table_of_arrays({str(name): _array(value) for name, value in sample.items()}, source)
    if hasattr(sample, "columns") and hasattr(sample, "shape"):
        return _frame(sample, source)
    if _are_records(sample):
        return _records(sample, source)
    return None if sample is None or isinstance(sample, tuple) else table_of_arrays({INPUT: _array(sample)}, source)


def _kind(path: Path) -> Kind:
    """What the file is by its content; an ending that says otherwise is an error. Raises DataError."""
    head = _head(path)
    found = next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), None)
    said = _ENDINGS.get(path.suffix.lower())
    if found is None:
        foreign = next((what for magic, what in _FOREIGN.items() if head.startswith(magic)), None)
        if foreign is not None:
            raise DataError(f"{path.name} is {foreign.split(':')[0]}", hint=foreign.split(": ")[1])
        text: Kind = "json" if head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in {b"{", b"["} else "delimited"
        found = said if said in {"json", "delimited"} else text
    if said is not None and said != found:
        raise DataError(
            f"{path.name} is not {_TITLES[said]}",
            why=f"its content is {_TITLES[found]}" if found not in {"json", "delimited"} else "its first bytes differ",
            hint="write it once more, or correct its ending",
        )
    return found


def _head(path: Path) -> bytes:
    if path.is_dir():
        raise DataError(f"{path} is a folder, not a data file", hint="name a file inside it")
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except FileNotFoundError as error:
        raise DataError(f"{path} does not exist", hint=f"check the path: ls {path.parent}") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read", why=error.strerror or str(error), hint=f"chmod +r {path}") from error
    if not head.strip():
        raise DataError(f"{path.name} is empty", hint="give at least one row; a few hundred are better")
    return head


def sample_feed(sample: Any, signature: Signature | None) -> Feed:
    """What a notebook has at hand as a feed: an array, a DataFrame, a tensor, rows in a list, or a dict of these by input.

    A tuple holds one array an input, in order. Raises DataError.
    """
    source = "the sample"
    if isinstance(sample, Mapping):
        return fit_arrays({str(name): _array(value) for name, value in sample.items()}, signature, source)
    if isinstance(sample, tuple) and all(hasattr(item, "shape") for item in sample):
        names = [spec.name for spec in signature.inputs] if signature else [f"input_{k}" for k in range(len(sample))]
        if len(names) != len(sample):
            raise DataError(f"{source} has {len(sample)} arrays, and the model takes {len(names)}: {', '.join(names)}")
        return fit_arrays({name: _array(value) for name, value in zip(names, sample, strict=True)}, signature, source)
    if hasattr(sample, "columns") and hasattr(sample, "shape"):
        return fit_table(_frame(sample, source), signature)
    if _are_records(sample):
        return fit_table(_records(sample, source), signature)
    return fit_array_alone(_array(sample), signature, source)


def _are_records(sample: Any) -> bool:
    return isinstance(sample, list) and bool(sample) and all(isinstance(row, Mapping) for row in sample)


def _records(rows: list[Mapping[str, Any]], source: str) -> Table:
    names = list(rows[0])
    columns = tuple([row.get(name) for row in rows] for name in names)
    return Table(source, tuple(names), columns, range(1, len(rows) + 1), "row")


def _frame(frame: Any, source: str) -> Table:
    """A DataFrame of pandas or polars; columns without names (0, 1, 2 …) are matched by position."""
    labels = list(frame.columns)
    columns = tuple(_array(frame[label]) for label in labels)
    named = any(isinstance(label, str) for label in labels)
    names = tuple(str(label) for label in labels) if named else None
    return Table(source, names, columns, range(1, len(frame) + 1), "row")


def _array(value: Any) -> Array:
    """A NumPy array of ``value``: torch and TensorFlow tensors, sparse matrices, pandas columns, lists of rows."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
    elif hasattr(value, "toarray") and hasattr(value, "nnz"):
        value = value.toarray()
    try:
        return np.asarray(value)
    except ValueError as error:
        raise DataError("the sample is no array", why=str(error), hint="give rows of equal length") from error
