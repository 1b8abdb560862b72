"""pandas and pyarrow: codes, places and offsets that their compiled code follows."""

from __future__ import annotations

from typing import Any

import numpy as np

MANAGERS = ("pandas.core.internals.managers.BlockManager", "pandas.core.internals.managers.SingleBlockManager")
CATEGORICALS = ("pandas.Categorical", "pandas.core.arrays.categorical.Categorical")
MULTI_INDEXES = ("pandas.MultiIndex", "pandas.core.indexes.multi.MultiIndex")
SERIES = ("pandas.Series", "pandas.core.series.Series")
_MOST_COLUMNS = 10_000_000
ARROW_TEXTS = tuple(f"pyarrow.lib.{name}" for name in ("StringArray", "LargeStringArray", "StringViewArray"))


def blocks(manager: Any) -> str:
    """The blocks of a table hold each column once, and as many rows as there are."""
    axes = [len(axis) for axis in manager.axes]
    if len(axes) == 1:
        (block,) = manager.blocks
        return "" if len(block.values) == axes[0] else "a column of another length than its index"
    columns, rows = axes
    # Places and an index may be ranges: with no rows, a table of any width takes no memory until it is written out.
    if columns > _MOST_COLUMNS or sum(len(block.mgr_locs) for block in manager.blocks) != columns:
        return f"a table whose parts are not its {columns:,} columns"
    places = [block.mgr_locs.as_array for block in manager.blocks]
    found = np.sort(np.concatenate(places)) if places else np.empty(0)
    if not np.array_equal(found, np.arange(columns)):
        return f"a table whose parts are not its {columns:,} columns"
    for block, place in zip(manager.blocks, places, strict=True):
        shape = block.values.shape
        if shape not in ((len(place), rows), (rows,)) or (len(shape) == 1 and len(place) != 1):
            return f"a table with a part of {shape} for {len(place):,} columns of {rows:,} rows"
    return ""


def categories(column: Any) -> str:
    """Every code is that of a category, or -1."""
    return _beyond(column.codes, len(column.categories), "category")


def levels(index: Any) -> str:
    """Every code of every level is that of a label, or -1."""
    parts = zip(index.codes, index.levels, strict=True)
    return next((wrong for codes, level in parts if (wrong := _beyond(np.asarray(codes), len(level), "label"))), "")


def labels(column: Any) -> str:
    """The labels of a column are attributes of it: NumPy would ask it for an address by one of its own."""
    index = column.index
    if index.dtype.kind not in "biufcmM" and any(isinstance(label, str) and label.startswith("__") for label in index):
        return "a column with a label in double underscores"
    return ""


def text(array: Any) -> str:
    """Arrow's own check of offsets and characters."""
    array.validate(full=True)
    return ""


def _beyond(codes: Any, size: int, what: str) -> str:
    if len(codes) and (codes.min() < -1 or codes.max() >= size):
        return f"a code that is no {what} of {size:,}"
    return ""
