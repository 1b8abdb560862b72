"""What ONNX Runtime takes and gives, as arrays: bfloat16, which it cannot give to NumPy, sequences and maps."""

from __future__ import annotations

from typing import Any

import numpy as np

from .session import Array
from .signature import Scalar

_BFLOAT16 = 16  # onnx.TensorProto.BFLOAT16; onnx itself is not imported where a model is served


def ort_value(array: Array) -> Any:
    """``array`` as ONNX Runtime's own tensor; bfloat16 goes by its bits."""
    import onnxruntime

    if array.dtype.name == "bfloat16":
        bits = np.ascontiguousarray(array).view(np.uint16)
        return onnxruntime.OrtValue.ortvalue_from_numpy_with_onnx_type(bits, _BFLOAT16)
    return onnxruntime.OrtValue.ortvalue_from_numpy(np.ascontiguousarray(array))


def array_of(value: Any) -> Any:
    """ONNX Runtime's own tensor as an array."""
    if value.data_type() != "tensor(bfloat16)":
        return value.numpy()
    import ctypes

    import ml_dtypes

    shape = value.shape()
    size = int(np.prod(shape, dtype=np.int64)) * 2
    raw = ctypes.string_at(value.data_ptr(), size) if size else b""
    return np.frombuffer(bytearray(raw), dtype=ml_dtypes.bfloat16).reshape(shape)


def columns_of(answer: Any) -> tuple[Scalar, ...] | None:
    """The keys of an answer that is a map or a sequence of maps, in its own order; None for any other."""
    if isinstance(answer, dict):
        return tuple(answer)
    if isinstance(answer, list) and answer and isinstance(answer[0], dict):
        return tuple(answer[0])
    return None


def answers_of(name: str, answer: Any) -> list[tuple[str, Array]]:
    """The arrays in one answer, with their names.

    A sequence of maps gives ``[rows, keys]``, a sequence of tensors ``name_0``, ``name_1`` …
    """
    columns = columns_of(answer)
    if columns is not None:
        rows = [answer] if isinstance(answer, dict) else answer
        return [(name, np.array([[row[column] for column in columns] for row in rows]).astype(_dtype(rows)))]
    if isinstance(answer, list):
        return [(f"{name}_{index}", np.asarray(item)) for index, item in enumerate(answer)]
    return [(name, np.asarray(answer))]


def _dtype(rows: list[dict[Scalar, Any]]) -> str:
    first = next(iter(rows[0].values()), 0.0)
    return "float32" if isinstance(first, float) else "int64" if isinstance(first, int) else "object"
