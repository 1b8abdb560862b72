"""The input example of an MLflow folder, as rows that can be fed to its model."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from mlpack.scan.mlmodel.folder import MLflowFolder

_MOST_BYTES = 32 << 20
_DTYPES = frozenset({"float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "bool"})


def example_rows(folder: MLflowFolder) -> Any:
    """A list of records, an array, or arrays by input name; None where there is no example, or none of a known form.

    MLflow writes a table as ``{"columns": [...], "data": [[...]]}``, and tensors as they are: a list, or lists by name, which
    MLflow 1 and 2 put below ``"inputs"``. A tensor gets the dtype that the signature has for it, which JSON has lost.
    """
    document = _document(folder)
    if isinstance(document, dict) and isinstance(document.get("data"), list) and "columns" in document:
        return _table(document["columns"], document["data"])
    if isinstance(document, dict) and [*document] == ["inputs"] and "inputs" not in folder.dtypes:
        document = document["inputs"]
    if isinstance(document, dict):
        arrays = {name: _array(values, folder.dtypes.get(name)) for name, values in document.items()}
        return arrays if arrays and all(array is not None for array in arrays.values()) else None
    return _array(document, folder.dtypes.get("")) if isinstance(document, list) and document else None


def _document(folder: MLflowFolder) -> Any:
    if folder.example is None:
        return None
    try:
        with folder.example.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        return json.loads(content) if len(content) <= _MOST_BYTES else None
    except (OSError, ValueError, RecursionError):
        return None  # an example is a help, and no part of the model


def _table(columns: object, rows: list[Any]) -> Any:
    if not all(isinstance(row, list) for row in rows):
        return None
    named = isinstance(columns, list) and all(isinstance(name, str) for name in columns)
    if not named:
        return _array(rows, None)
    assert isinstance(columns, list)
    if any(len(row) != len(columns) for row in rows):
        return None
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _array(values: object, dtype: str | None) -> Any:
    if not isinstance(values, list):
        return None
    try:
        array = np.array(values, dtype=dtype if dtype in _DTYPES else None)
        return array if array.dtype.kind in "biufU" else None
    except (ValueError, TypeError, OverflowError):
        return None
