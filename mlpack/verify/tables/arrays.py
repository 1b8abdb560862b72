"""NumPy's .npy and .npz, never with pickles, and arrays that are at hand."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from mlpack.core.errors import DataError
from mlpack.runtime.session import Array, Feed
from mlpack.runtime.signature import Signature
from mlpack.verify.tables.fit import INPUT, fit_table, needs_of
from mlpack.verify.tables.shapes import check_feed, fit_array
from mlpack.verify.tables.table import Place, Table, check_names

_PICKLED = "it holds Python objects, which are read by running code"
_DAMAGED = (ValueError, EOFError, OSError, KeyError, zipfile.BadZipFile, zlib.error, NotImplementedError, MemoryError)


def read_npz(path: Path, max_rows: int | None) -> dict[str, Array]:
    """Every array of an .npz by name. Raises DataError."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            found = {name: _rows(archive[name], max_rows) for name in archive.files}
    except _DAMAGED as error:
        raise _unreadable(path, error) from error
    if not found:
        raise DataError(f"{path.name} holds no array", hint="write it with numpy.savez('data.npz', name=array)")
    return found


def read_npy(path: Path, max_rows: int | None) -> Array:
    """The array of an .npy; only the first ``max_rows`` rows are read. Raises DataError."""
    try:
        mapped = np.load(path, mmap_mode="r", allow_pickle=False)
        return np.array(_rows(mapped, max_rows))
    except _DAMAGED as error:
        raise _unreadable(path, error) from error


def _rows(array: Array, most: int | None) -> Array:
    return array if array.ndim == 0 else array[:most]


def _unreadable(path: Path, error: Exception) -> DataError:
    if "allow_pickle" in str(error) or "Python objects" in str(error):
        return DataError(
            f"{path.name} holds an array of objects",
            why=_PICKLED,
            hint="save text as array.astype(str), numbers as floats",
        )
    return DataError(f"{path.name} cannot be read", why=str(error) or type(error).__name__, hint="write it once more")


def fit_arrays(arrays: Mapping[str, Array], signature: Signature | None, source: str) -> Feed:
    """Arrays by name as a feed: named as the inputs are, as the columns are, or one array for one input.

    Raises DataError.
    """
    if signature is None:
        return {name: _plain(array) for name, array in arrays.items()}
    wanted = [spec.name for spec in signature.inputs]
    if set(arrays) == set(wanted):
        feed = {
            spec.name: _fit(arrays[spec.name], signature, spec.name, source, spec.name) for spec in signature.inputs
        }
        return check_feed(feed, signature, source)
    if len(arrays) == 1:
        ((name, array),) = arrays.items()
        if len(wanted) == 1 and name not in signature.columns.get(wanted[0], ()):
            return check_feed({wanted[0]: _fit(array, signature, wanted[0], source, name)}, signature, source)
        if array.ndim == 2 and len(wanted) > 1:
            lines = range(1, len(array) + 1)
            return fit_table(Table(source, None, tuple(array.T), lines, "row"), signature)
    if all(array.ndim == 1 or array.shape[1:] == (1,) for array in arrays.values()) and _names_columns(signature):
        return fit_table(_side_by_side(arrays, source), signature)
    check_names(source, wanted, list(arrays))
    raise DataError(f"{source} does not fit the model", hint="name the arrays as the inputs are: mlpack inspect MODEL")


def _fit(array: Array, signature: Signature, input_name: str, source: str, name: str) -> Array:
    lines = range(1, len(array) + 1) if array.ndim else (1,)
    return fit_array(array, signature.input(input_name), Place(source, name, lines, "row"))


def _names_columns(signature: Signature) -> bool:
    return all(need.names is not None for need in needs_of(signature))


def _side_by_side(arrays: Mapping[str, Array], source: str) -> Table:
    rows = {name: len(array) for name, array in arrays.items()}
    if len(set(rows.values())) > 1:
        listed = ", ".join(f"{name} {count}" for name, count in rows.items())
        raise DataError(f"{source}: columns of different lengths ({listed})", hint="give every column the same rows")
    columns = tuple(array.reshape(-1) for array in arrays.values())
    return Table(source, tuple(arrays), columns, range(1, max(rows.values(), default=0) + 1), "row")


def table_of_arrays(arrays: Mapping[str, Array], source: str) -> Table | None:
    """Arrays that are columns, one matrix, or one array with field names, as a table; None for all else."""
    if len(arrays) == 1:
        (array,) = arrays.values()
        if array.dtype.names is not None:
            return structured(array, source)
        if array.ndim == 2:
            return Table(source, None, tuple(array.T), range(1, len(array) + 1), "row")
    if not all(array.ndim == 1 or array.shape[1:] == (1,) for array in arrays.values()):
        return None
    return _side_by_side(arrays, source)


def structured(array: Array, source: str) -> Table | None:
    """A structured array (one with field names) as a table, None for any other."""
    names = array.dtype.names
    if names is None:
        return None
    columns = tuple(np.ascontiguousarray(array[name]) for name in names)
    return Table(source, names, columns, range(1, len(array) + 1), "row")


def fit_array_alone(array: Array, signature: Signature | None, source: str) -> Feed:
    """One array without a name as a feed."""
    table = structured(array, source)
    if table is not None:
        return fit_table(table, signature)
    if array.ndim == 0:
        raise DataError(f"{source} is a single value, not rows", hint="give an array with the rows on its first axis")
    return fit_arrays({INPUT: array}, signature, source)


def _plain(array: Array) -> Array:
    """Text as objects of ``str``, everything else as it is."""
    return array.astype(object) if array.dtype.kind == "U" else array
