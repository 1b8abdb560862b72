"""Checks arrays against a signature."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mlpack.core.errors import DataError
from mlpack.runtime.session import Array, Feed
from mlpack.runtime.signature import Signature, TensorSpec
from mlpack.verify.tables.cells import cast_array, column_array
from mlpack.verify.tables.table import Place


def fit_array(array: Array, spec: TensorSpec, place: Place) -> Array:
    """``array`` in the dtype of ``spec`` and with its axes; an axis of 1 at the end is added or dropped.

    The first axis may have any size: a model that takes a fixed number of rows gets them in batches. Raises DataError.
    """
    shaped = array
    if array.ndim > 1 and array.shape == spec.shape[1:]:
        raise _misfit(array, spec, place, "add the batch axis: array[None]")
    if array.ndim + 1 == len(spec.shape) and spec.shape[-1] == 1:
        shaped = array[..., None]
    elif array.ndim == len(spec.shape) + 1 and array.shape[-1] == 1 and spec.shape:
        shaped = array[..., 0]
    if shaped.ndim != len(spec.shape):
        raise _misfit(array, spec, place, "give one array with the rows on its first axis")
    for axis, size in enumerate(spec.shape):
        if axis > 0 and isinstance(size, int) and shaped.shape[axis] != size:
            raise _misfit(array, spec, place, "mlpack inspect MODEL shows what the model takes")
    return _in_dtype(shaped, spec, place)


def _in_dtype(array: Array, spec: TensorSpec, place: Place) -> Array:
    if array.dtype.kind in "biuf" or array.dtype.kind == "V":
        return cast_array(array, spec, place)
    if array.dtype.kind in "UOS":
        flat: list[object] = array.ravel().tolist()
        texts = [cell.decode("utf-8", "replace") if isinstance(cell, bytes) else cell for cell in flat]
        lines = [row + 1 for row in range(len(array)) for _ in range(array[row : row + 1].size)] if array.ndim else [1]
        return column_array(texts, spec, Place(place.source, place.column, lines, place.unit)).reshape(array.shape)
    raise DataError(
        f"{place.source}: {place.column!r} is an array of {array.dtype}, and the model takes {spec.dtype}",
        hint=f"convert it: array.astype({spec.dtype!r})"
        if spec.is_numeric
        else "convert it to text: array.astype(str)",
    )


def check_feed(feed: Mapping[str, Array], signature: Signature, source: str) -> Feed:
    """``feed`` itself, once rows and shared axes are known to agree. Raises DataError."""
    sizes: dict[str, tuple[int, str]] = {}
    for spec in signature.inputs:
        array = feed[spec.name]
        for axis, dim in enumerate(spec.shape):
            key = "batch" if axis == 0 else dim
            if not isinstance(key, str):
                continue
            size, first = sizes.setdefault(key, (array.shape[axis], spec.name))
            if size != array.shape[axis]:
                what = "rows" if key == "batch" else f"for axis {key!r}"
                raise DataError(
                    f"{source}: {spec.name!r} has {array.shape[axis]} {what}, and {first!r} has {size}",
                    hint="give the same number for every input",
                )
    if sizes.get("batch", (1, ""))[0] == 0:
        raise DataError(f"{source} has no rows", hint="give at least one row; a few hundred are better")
    return {name: np.asarray(array) for name, array in feed.items()}


def _misfit(array: Array, spec: TensorSpec, place: Place, hint: str) -> DataError:
    shape = ", ".join(str(size) for size in array.shape)
    return DataError(f"{place.source}: {place.column!r} has shape [{shape}], and the model takes {spec}", hint=hint)
