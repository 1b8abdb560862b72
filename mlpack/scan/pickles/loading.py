"""Loads pickles and joblib files with nothing but the names that the gate lets through."""

from __future__ import annotations

import gc
import math
import mmap
from typing import Any

import numpy as np

from mlpack.core.errors import CorruptFileError
from mlpack.core.trust import Role
from mlpack.scan.pickles.arrays import OUTDATED_WRAPPERS, WRAPPER, WRAPPER_MODULES
from mlpack.scan.pickles.dtypes import is_shape
from mlpack.scan.pickles.gate import Gate
from mlpack.scan.pickles.machine import Machine
from mlpack.scan.pickles.objects import Objects, Target
from mlpack.scan.pickles.reader import Reader
from mlpack.scan.rules import pickles
from mlpack.scan.source import Source

_ALL = 1 << 62
_BUILT: frozenset[Role] = frozenset({"built"})
_CHUNK = 1 << 24


def load_pickle(source: Source, gate: Gate) -> Any:
    """The object in the pickle at the source's position. Raises CorruptFileError, UnsafeFileError, what libraries raise."""
    return _run(Reader(source, keep=_ALL), Objects(source.name, gate))


def load_joblib(source: Source, gate: Gate, memory: mmap.mmap | None) -> Any:
    """The object in a joblib stream. Arrays lie in ``memory`` where that is the whole file mapped, and are not copied."""
    reader = Reader(source, keep=_ALL)
    return _run(reader, _JoblibObjects(source.name, gate, reader, memory))


def _run(reader: Reader, builder: Objects) -> Any:
    """Run without the collector of cycles: it would look through the growing model again and again, and find nothing."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        made = Machine(reader, builder).run()
        builder.finish()
    finally:
        if enabled:
            gc.enable()
    if not reader.source.at_end():
        raise pickles.TRAILING.error(reader.source.name, "it goes on behind its pickle", offset=reader.source.position)
    return made


class _Wrapper:
    """Stands for ``joblib.numpy_pickle.NumpyArrayWrapper``: its state says how the array's bytes lie."""


class _JoblibObjects(Objects):
    """Objects, where an array wrapper becomes the array behind it. Format: `NumpyArrayWrapper.write_array` of joblib."""

    def __init__(self, name: str, gate: Gate, reader: Reader, memory: mmap.mmap | None) -> None:
        super().__init__(name, gate)
        self._reader = reader
        self._memory = memory

    def name(self, module: str, name: str, offset: int) -> Any:
        """As Objects; joblib's own class is never imported."""
        if module in WRAPPER_MODULES and name == WRAPPER:
            return Target(module, name, _Wrapper, _BUILT)
        if module in WRAPPER_MODULES and name in OUTDATED_WRAPPERS:
            raise pickles.OLD_WRAPPER.error(self._file, f"it was written by joblib before 0.10: {name}", offset=offset)
        return super().name(module, name, offset)

    def build(self, made: Any, state: Any) -> Any:
        """As Objects; the state of an array wrapper gives the array."""
        if type(made) is _Wrapper:
            return self._array(state)
        return super().build(made, state)

    def _array(self, state: Any) -> Any:
        if type(state) is not dict:
            raise self._reader.corrupt("an array without a description")
        shape, dtype, order = state.get("shape"), state.get("dtype"), state.get("order")
        if self._reader.in_frame or not is_shape(shape) or not isinstance(dtype, np.dtype) or order not in ("C", "F"):
            raise self._reader.corrupt("an array that is not described as joblib does")
        self.arrays.used([dtype])
        if dtype.hasobject:
            return self._nested()
        source = self._reader.source
        if state.get("numpy_array_alignment_bytes") is not None:
            source.skip(source.byte())
        count = math.prod(shape)
        flat = self._mapped(dtype, count) if self._memory else _read(source, dtype, count)
        if not flat.dtype.isnative:
            flat = flat.byteswap().view(flat.dtype.newbyteorder("="))
        return flat.reshape(shape) if order == "C" else flat.reshape(shape[::-1]).transpose()

    def _nested(self) -> Any:
        """The array of objects that follows, a pickle of its own."""
        builder = Objects(self._file, self._gate)
        made = Machine(Reader(self._reader.source, keep=_ALL), builder).run()
        builder.finish()
        return made

    def _mapped(self, dtype: Any, count: int) -> Any:
        """The array where it lies in the file; a copy where it lies across the grain of the machine."""
        source = self._reader.source
        offset = source.position
        source.skip(count * dtype.itemsize)
        if not count or not dtype.itemsize:
            return np.empty(count, dtype)
        array: Any = np.frombuffer(self._memory or b"", dtype, count, offset)
        return array if array.flags.aligned else array.copy()


def _read(source: Source, dtype: Any, count: int) -> Any:
    """The array, read from a stream piece by piece: what is not there takes no memory."""
    left = count * dtype.itemsize
    if left <= _CHUNK:
        return np.frombuffer(bytearray(source.read(left)), dtype, count) if left else np.empty(count, dtype)
    data = bytearray()
    while left:
        data += source.read(min(left, _CHUNK))
        left -= min(left, _CHUNK)
    return np.frombuffer(data, dtype, count)


def mapped(source_file: Any) -> mmap.mmap | None:
    """The whole of an open file as memory that changes here and not in the file; None for an empty one."""
    try:
        return mmap.mmap(source_file.fileno(), 0, access=mmap.ACCESS_COPY)
    except (ValueError, OSError) as error:
        raise CorruptFileError("the file cannot be mapped into memory", why=str(error)) from error
