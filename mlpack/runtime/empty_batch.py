"""Answers to an empty batch, for libraries that cannot give one.

ONNX Runtime ends the whole process when LSTM or GRU get a batch of 0, and TensorFlow's convolutions return a wrong shape for
one. What the answer has to look like is known all the same: one row of zeros is asked for, and none of it is returned.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .session import Feed, Outputs
from .signature import TensorSpec

BATCH = "batch"


def is_empty(inputs: Sequence[TensorSpec], feed: Feed) -> bool:
    """Whether every input that has a batch axis has no rows on it."""
    axes = [(spec.name, spec.shape.index(BATCH)) for spec in inputs if BATCH in spec.shape]
    return bool(axes) and all(
        name in feed and feed[name].ndim > axis and feed[name].shape[axis] == 0 for name, axis in axes
    )


def one_row(inputs: Sequence[TensorSpec], feed: Feed) -> Outputs:
    """Zeros (empty strings) of the dtypes and sizes of ``feed``, with one row each."""
    shapes = {spec.name: spec.shape for spec in inputs}
    row: Outputs = {}
    for name, array in feed.items():
        dims = shapes.get(name, ())
        sizes = [
            1 if axis < len(dims) and dims[axis] == BATCH else size for axis, size in enumerate(np.asarray(array).shape)
        ]
        row[name] = np.full(sizes, "", dtype=object) if array.dtype.kind in "OU" else np.zeros(sizes, array.dtype)
    return row


def without_rows(outputs: Outputs, specs: Sequence[TensorSpec]) -> Outputs:
    """``outputs`` with nothing on their batch axes; one without such an axis is left as it is."""
    shapes = {spec.name: spec.shape for spec in specs}
    cut: Outputs = {}
    for name, array in outputs.items():
        shape = shapes.get(name, (BATCH,))
        has_rows = BATCH in shape and shape.index(BATCH) < array.ndim
        cut[name] = np.take(array, [], axis=shape.index(BATCH)) if has_rows else array
    return cut
