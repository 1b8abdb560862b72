"""Columns of numbers from Arrow to NumPy and back.

pyarrow's own ways import pandas first, which takes as long as a small run.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from mlpack.runtime.session import Array


def vector(column: Any) -> Array:
    """A column of numbers or truth values as an array: without a copy where they lie as NumPy has them.

    Null is NaN in a column of numbers, which are float64 then if they were whole; truth values have no null.
    """
    import pyarrow as pa

    type_ = column.type
    if pa.types.is_boolean(type_):
        return vector(column.cast(pa.uint8())).view(np.bool_)
    missing = column.null_count
    if missing and pa.types.is_integer(type_):
        return vector(column.cast(pa.float64(), safe=False))
    dtype = np.dtype(type_.to_pandas_dtype())
    _, data = column.buffers()
    if data is None:
        return np.empty(0, dtype=dtype)
    found: Array = np.frombuffer(data, dtype, len(column), column.offset * dtype.itemsize)
    if not missing:
        return found
    return np.where(vector(column.is_valid()), found, dtype.type(np.nan))


def column_of(array: Array) -> Any:
    """A flat array of numbers or truth values as a column, which has no null: NaN stays NaN. Numbers are not copied."""
    import pyarrow as pa

    if array.dtype == np.bool_:
        return column_of(array.view(np.uint8)).cast(pa.bool_())
    buffers = [None, pa.py_buffer(np.ascontiguousarray(array))]
    return pa.Array.from_buffers(pa.from_numpy_dtype(array.dtype), len(array), buffers)
