"""Tensors as the Open Inference Protocol names and packs them, over REST and gRPC alike.

https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md#tensor-data-types
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from struct import Struct
from typing import Any

import numpy as np

from ..errors import MalformedError
from ..session import Array
from ..signature import TensorSpec

BYTES = "BYTES"
DATATYPES: Mapping[str, str] = {
    "bool": "BOOL",
    "uint8": "UINT8",
    "uint16": "UINT16",
    "uint32": "UINT32",
    "uint64": "UINT64",
    "int8": "INT8",
    "int16": "INT16",
    "int32": "INT32",
    "int64": "INT64",
    "float16": "FP16",
    "bfloat16": "BF16",
    "float32": "FP32",
    "float64": "FP64",
    "string": BYTES,
}
"""The protocol's datatypes by the dtypes of a TensorSpec."""
DTYPES: Mapping[str, str] = {datatype: dtype for dtype, datatype in DATATYPES.items()}

_LITTLE = {
    datatype: np.dtype(dtype).newbyteorder("<") for datatype, dtype in DTYPES.items() if datatype not in {BYTES, "BF16"}
}
_BY_DTYPE = {np.dtype(dtype): datatype for dtype, datatype in DATATYPES.items() if dtype not in {"string", "bfloat16"}}
_PLATFORMS = {"onnx": "onnxruntime_onnx", "torchscript": "pytorch_libtorch"}
_LENGTH = Struct("<I")
_MOST_AXES = 32
_MOST_ELEMENTS = 1 << 40
_STRING_KINDS = "OSU"


def datatype_of(spec: TensorSpec) -> str:
    """The protocol's name for the dtype of ``spec``; a dtype that it has no name for keeps its own."""
    return DATATYPES.get(spec.dtype, spec.dtype.upper())


def datatype_of_array(array: Array) -> str:
    """The protocol's name for the dtype of ``array``."""
    known = _BY_DTYPE.get(array.dtype)
    if known is not None:
        return known
    return BYTES if array.dtype.kind in _STRING_KINDS else DATATYPES.get(array.dtype.name, array.dtype.name.upper())


def platform_of(model_format: str) -> str:
    """The protocol's name for what answers; its own for a format that the protocol has no name for."""
    return _PLATFORMS.get(model_format, f"mlpack_{model_format}")


def shape_of(spec: TensorSpec) -> list[int]:
    """The shape of ``spec`` with -1 for every dynamic axis."""
    return [dim if isinstance(dim, int) else -1 for dim in spec.shape]


def array_of_bytes(raw: bytes | bytearray | memoryview, datatype: str, shape: Sequence[int], name: str = "") -> Array:
    """The array that ``raw`` holds in row-major order, little-endian; a view of ``raw`` where there is no string in it.

    Strings (``BYTES``) have their length in four bytes before them, are UTF-8 and come out as an object array. ``name`` is the
    tensor's, for the message. Raises MalformedError for a datatype that is none, for a shape that is none or does not fit.
    """
    if datatype == BYTES:
        return string_array(_split(raw, name), shape, name)
    dtype = _LITTLE.get(datatype) or _dtype_of(datatype, name)
    count = count_of(shape, name)
    if len(raw) != count * dtype.itemsize:
        raise MalformedError(
            f"{_called(name)} has {len(raw)} bytes, and {count * dtype.itemsize} go into {list(shape)} of {datatype}"
        )
    array = np.frombuffer(raw, dtype)
    if datatype == "BOOL" and array.size and array.view(np.uint8).max() > 1:
        raise MalformedError(f"{_called(name)} has a byte other than 0 and 1 in it, and is of BOOL")
    if not array.flags.aligned:
        array = array.copy()
    return array.reshape(shape)


def string_array(texts: Sequence[bytes], shape: Sequence[int], name: str = "") -> Array:
    """An object array of ``str`` from UTF-8 ``texts``. Raises MalformedError."""
    count = count_of(shape, name)
    if len(texts) != count:
        raise MalformedError(f"{_called(name)} has {len(texts)} strings, and {count} go into {list(shape)}")
    array = np.empty(count, dtype=object)
    try:
        array[:] = [text.decode() for text in texts]
    except UnicodeDecodeError as error:
        raise MalformedError(f"{_called(name)} has a string in it that is no UTF-8") from error
    return array.reshape(shape)


def bytes_of_array(array: Array) -> bytes:
    """The inverse of `array_of_bytes`: row-major, little-endian, strings with their length before them."""
    if array.dtype.kind in _STRING_KINDS:
        texts = [text if isinstance(text, bytes) else str(text).encode() for text in array.ravel().tolist()]
        return b"".join([part for text in texts for part in (_LENGTH.pack(len(text)), text)])
    if array.dtype.byteorder == ">":
        array = array.astype(array.dtype.newbyteorder("<"))
    return array.tobytes()


def count_of(shape: Sequence[int], name: str = "") -> int:
    """How many elements ``shape`` has. Raises MalformedError for a shape that no array has."""
    count = extent = 1
    for size in shape:
        if size < 0:
            raise _no_shape(shape, name)
        count *= size
        extent *= size or 1  # NumPy has a limit for empty arrays too
    if extent > _MOST_ELEMENTS or len(shape) > _MOST_AXES:
        raise _no_shape(shape, name)
    return count


def _no_shape(shape: Sequence[int], name: str) -> MalformedError:
    return MalformedError(f"{_called(name)} has a shape that no array has: {list(shape)[:_MOST_AXES]}")


def _dtype_of(datatype: str, name: str) -> np.dtype[Any]:
    if datatype == "BF16":
        try:
            import ml_dtypes
        except ImportError as error:
            raise MalformedError(
                f"{_called(name)} is of BF16, which needs ml_dtypes on the side of the service"
            ) from error
        bfloat16: np.dtype[Any] = np.dtype(ml_dtypes.bfloat16)
        return bfloat16
    raise MalformedError(f"{_called(name)} is of {datatype!r}, and not one of {', '.join(DTYPES)}")


def _split(raw: bytes | bytearray | memoryview, name: str) -> list[bytes]:
    """The strings in ``raw``, each after its length."""
    view = memoryview(raw)
    texts: list[bytes] = []
    place, end = 0, len(view)
    while place < end:
        start = place + 4
        place = start + _LENGTH.unpack_from(view, place)[0] if start <= end else end + 1
        if place > end:
            raise MalformedError(f"{_called(name)} has a string in it that is longer than its bytes")
        texts.append(bytes(view[start:place]))
    return texts


def _called(name: str) -> str:
    return f"the tensor {name!r}" if name else "a tensor"
