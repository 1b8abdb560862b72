"""The messages between mlpack and a worker: a JSON head and the raw bytes of arrays. Never a pickle.

One message is a JSON document behind its length (`framing`), then the arrays' bytes in order. An array stands in the
document as ``{"$array": [dtype, shape]}``; strings and other objects travel in the document itself.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np

from mlpack.isolate.framing import frame, read_head
from mlpack.runtime.session import Array

_MARK = "$array"
_STRINGS = "$strings"
_NUMBERS = re.compile(r"[<>|=]?[biufc]\d{1,2}")
"""Numbers: of any other type NumPy could be given bytes that it believes to be more than that."""


def send(stream: BinaryIO, message: Any) -> None:
    """Write one message: JSON values, with NumPy arrays and scalars anywhere in them. Raises BrokenPipeError, TypeError."""
    buffers: list[Array] = []
    stream.write(frame(_pack(message, buffers)))
    for buffer in buffers:
        if buffer.size:
            stream.write(buffer.reshape(-1).view(np.uint8).data)
    stream.flush()


def receive(read_exactly: Callable[[int], bytearray]) -> Any:
    """Read one message with ``read_exactly(n)``, which raises EOFError when the other side is gone.

    Raises ValueError for a message that breaks the format: the other side may be a model's code.
    """
    try:
        return _unpack(read_head(read_exactly), read_exactly)
    except (TypeError, OverflowError, RecursionError, MemoryError) as error:
        raise ValueError(f"a message that cannot be read: {error or type(error).__name__}") from error


def _pack(value: Any, buffers: list[Array]) -> Any:
    if isinstance(value, np.ndarray):
        return _pack_array(value, buffers)
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dict):
        return {str(key): _pack(item, buffers) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_pack(item, buffers) for item in value]
    return value


def _pack_array(array: Array, buffers: list[Array]) -> dict[str, Any]:
    if array.dtype.kind in "OUST":
        items = [_text_or_number(item) for item in array.ravel().tolist()]
        return {_STRINGS: [list(array.shape), items]}
    if array.dtype.kind not in "biufc" and array.dtype.name != "bfloat16":
        raise TypeError(f"an array of {array.dtype} cannot be sent")
    contiguous = np.ascontiguousarray(array)
    buffers.append(contiguous)
    return {_MARK: [contiguous.dtype.str if contiguous.dtype.kind != "V" else contiguous.dtype.name, list(array.shape)]}


def _text_or_number(item: Any) -> Any:
    if isinstance(item, bytes):
        return item.decode("utf-8", "replace")
    if isinstance(item, np.generic):
        return item.item()
    return item if item is None or isinstance(item, (str, int, float, bool)) else str(item)


def _unpack(value: Any, read_exactly: Callable[[int], bytearray]) -> Any:
    if isinstance(value, list):
        return [_unpack(item, read_exactly) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {_MARK}:
        name, shape = value[_MARK]
        dtype = _dtype(name)
        if type(shape) is not list or not all(type(size) is int and size >= 0 for size in shape):
            raise ValueError(f"an array of the shape {str(shape)[:40]}")
        count = math.prod(shape)
        return np.frombuffer(read_exactly(count * dtype.itemsize), dtype=dtype).reshape(shape)
    if set(value) == {_STRINGS}:
        shape, items = value[_STRINGS]
        strings = np.empty(len(items), dtype=object)
        strings[:] = items
        return strings.reshape(shape)
    return {key: _unpack(item, read_exactly) for key, item in value.items()}


def _dtype(name: str) -> np.dtype[np.generic]:
    if name == "bfloat16":
        import ml_dtypes  # NumPy has no such dtype of its own; onnx brings it

        custom: np.dtype[np.generic] = np.dtype(ml_dtypes.bfloat16)
        return custom
    if not isinstance(name, str) or not _NUMBERS.fullmatch(name):
        raise ValueError(f"an array of {str(name)[:40]!r}")
    return np.dtype(name)
