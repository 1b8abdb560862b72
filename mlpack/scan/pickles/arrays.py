"""NumPy arrays in pickles: as NumPy writes them, and as joblib lays their bytes between the opcodes."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mlpack.core.errors import CorruptFileError
from mlpack.scan.pickles.dtypes import is_shape
from mlpack.scan.pickles.reader import Reader
from mlpack.scan.pickles.symbols import Call, Name, Symbols, attributes_of, class_of
from mlpack.scan.rules import pickles

WRAPPER = "NumpyArrayWrapper"
WRAPPER_MODULES = frozenset({"joblib.numpy_pickle", "sklearn.externals.joblib.numpy_pickle"})
OUTDATED_WRAPPERS = frozenset({"NDArrayWrapper", "ZNDArrayWrapper"})
_ARRAY_MAKERS = frozenset({"numpy._core.multiarray._reconstruct", "numpy.core.multiarray._reconstruct"})
_BUFFER_MAKERS = frozenset({"numpy._core.numeric._frombuffer", "numpy.core.numeric._frombuffer"})
_TYPE = re.compile(r"[<>|=]?([biufcSUVaOMm?])(\d{0,9})\Z")
_KEPT = 4096


@dataclass(frozen=True, eq=False, slots=True)
class ArrayBytes:
    """An array that lies in the file.

    ``data`` holds its bytes where they are few, ``nested`` the pickle of an object array.
    """

    dtype: Any
    shape: tuple[int, ...]
    order: str
    data: bytes | None
    nested: Any = None


class JoblibSymbols(Symbols):
    """Symbols for a joblib stream: behind the state of each array wrapper lie the array's bytes.

    ``read_nested`` reads the pickle of an object array. Format: `NumpyArrayWrapper.write_array` of joblib.
    """

    def __init__(self, reader: Reader, member: str, read_nested: Callable[[], Any], *, outside: bool = False) -> None:
        super().__init__(member, outside=outside)
        self._reader = reader
        self._read_nested = read_nested
        self.arrays = 0

    def build(self, made: Any, state: Any) -> Any:
        """As Symbols; an array wrapper becomes its array, and the source stands behind the array's bytes."""
        built = super().build(made, state)
        kind = class_of(built)
        if kind is None or kind.module not in WRAPPER_MODULES:
            return built
        if kind.name in OUTDATED_WRAPPERS:
            raise pickles.OLD_WRAPPER.error(
                self._reader.source.name,
                f"it was written by joblib before 0.10: {kind.name} reads other files, whose names it gives",
                offset=self._reader.opcode_offset,
                hint="load it with the joblib that wrote it and save it again with a newer one",
            )
        return self._array(attributes_of(built)) if kind.name == WRAPPER else built

    def _array(self, wrapper: dict[Any, Any]) -> ArrayBytes:
        if self._reader.in_frame:
            raise self._reader.corrupt("an array inside a frame")
        self.arrays += 1
        shape: Any = wrapper.get("shape")
        order = wrapper.get("order")
        if not is_shape(shape) or order not in ("C", "F"):
            raise self._reader.corrupt("an array without a shape or an order")
        dtype = wrapper.get("dtype")
        if holds_objects(dtype):
            return ArrayBytes(dtype, shape, str(order), None, self._read_nested())
        itemsize = item_size(dtype)
        if itemsize is None:
            raise self._reader.corrupt("an array of a type that NumPy does not have")
        self._pass_alignment(wrapper.get("numpy_array_alignment_bytes"))
        size = math.prod(shape) * itemsize
        source = self._reader.source
        if size <= _KEPT:
            return ArrayBytes(dtype, shape, str(order), source.read(size))
        source.skip(size)
        return ArrayBytes(dtype, shape, str(order), None)

    def _pass_alignment(self, alignment: Any) -> None:
        """One byte says how many follow it. Written since joblib 1.2."""
        if alignment is not None:
            self._reader.source.skip(self._reader.source.byte())


def _type_code(dtype: Any) -> str | None:
    """``"f8"`` of what ``numpy.dtype("f8", False, True)`` was called with."""
    if not isinstance(dtype, Call) or not isinstance(dtype.target, Name) or dtype.target.qualified != "numpy.dtype":
        return None
    code = dtype.arguments[0] if dtype.arguments else None
    return code if isinstance(code, str) and _TYPE.match(code) else None


def item_size(dtype: Any) -> int | None:
    """Bytes of one item; None for what is no NumPy type. The state of a flexible or structured type holds its size."""
    code = _type_code(dtype)
    if code is None:
        return None
    kind, digits = _TYPE.match(code).groups()  # type: ignore[union-attr]
    state = dtype.state
    if kind in "SUVa" and isinstance(state, tuple) and len(state) > 5 and type(state[5]) is int and state[5] >= 0:
        return int(state[5])
    if kind in "Mm":
        return 8
    if kind == "?":
        return 1
    return int(digits or 0) * (4 if kind == "U" else 1)


def holds_objects(dtype: Any) -> bool:
    """Whether items, or fields of items, are Python objects: then the array is a pickle of its own."""
    pending, seen = [dtype], set()
    while pending:
        part = pending.pop()
        code = _type_code(part)
        if code is None or id(part) in seen:
            continue
        if "O" in code:
            return True
        seen.add(id(part))
        pending.extend(_parts_of(part.state))
    return False


def _parts_of(state: Any) -> list[Any]:
    """The types of the fields and of the subarray that a type's state names."""
    if not isinstance(state, tuple) or len(state) < 5:
        return []
    subarray, fields = state[2], state[4]
    parts = [subarray[0]] if isinstance(subarray, tuple) and subarray else []
    if isinstance(fields, dict):
        parts.extend(field[0] for field in fields.values() if isinstance(field, tuple) and field)
    return parts


def values_of(array: Any) -> tuple[Any, ...] | None:
    """The items of a small one-dimensional array of numbers, booleans or text; None where they are not at hand."""
    described = _described(array)
    if described is None:
        return None
    dtype, shape, data = described
    if len(shape) != 1:
        return None
    if isinstance(data, list):
        return tuple(data) if len(data) == shape[0] and all(_is_plain(item) for item in data) else None
    code = _type_code(dtype)
    if code is None or not isinstance(data, bytes | bytearray) or code[-1:] == "?":
        return None
    return _decode(code, dtype, bytes(data), shape[0])


def _is_plain(item: Any) -> bool:
    return isinstance(item, str | int | float | bool)


def _decode(code: str, dtype: Call, data: bytes, count: int) -> tuple[Any, ...] | None:
    import numpy as np

    kind = _TYPE.match(code).group(1)  # type: ignore[union-attr]
    size = item_size(dtype)
    if kind not in "biufSU" or size is None or count * size != len(data) or not count:
        return None
    big = isinstance(dtype.state, tuple) and len(dtype.state) > 1 and dtype.state[1] == ">"
    letters = f"{kind}{size // 4 if kind == 'U' else size}"
    try:
        decoded = np.frombuffer(data, np.dtype(letters).newbyteorder(">" if big else "="))
        return tuple(item.decode("latin-1") if isinstance(item, bytes) else item for item in decoded.tolist())
    except (TypeError, ValueError):
        return None


def _described(array: Any) -> tuple[Any, tuple[int, ...], Any] | None:
    """Type, shape and data of an array, in whichever of the three ways it was written."""
    if isinstance(array, ArrayBytes):
        if array.nested is not None:
            return _described(array.nested)
        return array.dtype, array.shape, array.data
    if not isinstance(array, Call) or not isinstance(array.target, Name):
        return None
    name, state, arguments = array.target.qualified, array.state, array.arguments
    if name in _ARRAY_MAKERS and isinstance(state, tuple) and len(state) == 5 and is_shape(state[1]):
        return state[2], state[1], _bytes_of(state[4])
    if name in _BUFFER_MAKERS and len(arguments) == 4 and is_shape(arguments[2]):
        return arguments[1], arguments[2], _bytes_of(arguments[0])
    return None


def _bytes_of(data: Any) -> Any:
    """The bytes of protocols 0 to 2 are a call: ``_codecs.encode(text, "latin1")``."""
    if isinstance(data, Call) and isinstance(data.target, Name) and data.target.qualified == "_codecs.encode":
        text = data.arguments[0] if data.arguments else None
        try:
            return text.encode("latin-1") if isinstance(text, str) else None
        except UnicodeEncodeError as error:
            raise CorruptFileError("the pickle holds bytes that are none", why=str(error)) from error
    return data
