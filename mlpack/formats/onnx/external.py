"""Saves ONNX models, with weights that do not fit into one protobuf message in a data file beside it."""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from mlpack.core.errors import NoRouteError
from mlpack.core.publish import publish_bytes
from mlpack.scan.onnx_external import external_files, external_tensors, open_beside
from mlpack.scan.onnx_wire import read_structure
from mlpack.scan.opened import opened
from mlpack.scan.source import source_of

if TYPE_CHECKING:
    import onnx

LIMIT = 1_900_000_000
"""Bytes of weights that still go into the file: protobuf ends at 2 GiB, and the graph and its metadata take room too."""
_ALIGNMENT = 4096
"""ONNX Runtime maps external data into memory where it is page-aligned."""
_SMALL = 1024
_CHUNK = 1 << 20


def data_name(path: Path) -> str:
    """The name of the data file of the model at ``path``."""
    return f"{path.name}.data"


def save_graph(graph: onnx.ModelProto, path: Path, limit: int = LIMIT) -> None:
    """Write ``graph``, which stays as it is. Raises NoRouteError where it does not fit even without its weights."""
    if sum(_held_bytes(tensor) for tensor in graph.graph.initializer) > limit:
        with (path.parent / data_name(path)).open("wb") as file:
            graph = _without_weights(graph, file, data_name(path))
    publish_bytes(_serialized(graph), path)


def copy_model(source: Path, path: Path) -> None:
    """Copy a model file. Its external data, in however many files, end up in the one file ``<path>.data``.

    Raises UnsafeFileError, CorruptFileError.
    """
    with opened(source) as file:
        names = external_files(read_structure(source_of(file.file, str(source))), source)
        file.file.seek(0)
        if not names:
            with path.open("wb") as copy:
                shutil.copyfileobj(file.file, copy, _CHUNK)
            return
        import onnx

        model = onnx.load(file.file, load_external_data=False)
    with (path.parent / data_name(path)).open("wb") as target:
        for tensor in external_tensors(model):
            entries = {entry.key: entry.value for entry in tensor.external_data}
            with open_beside(source, entries["location"]) as data:
                offset = int(entries.get("offset", 0))
                length = int(entries.get("length", 0)) or os.fstat(data.fileno()).st_size - offset
                data.seek(offset)
                _set_external(tensor, data_name(path), *_append(target, _chunks(data, length)))
    publish_bytes(_serialized(model), path)


def _serialized(model: onnx.ModelProto) -> bytes:
    try:
        serialized: bytes = model.SerializeToString(deterministic=True)
    except Exception as error:  # protobuf's EncodeError; older releases raise ValueError
        if type(error).__name__ not in {"EncodeError", "ValueError"}:
            raise
        raise NoRouteError(
            "the ONNX graph is too large for one file",
            why=f"a protobuf message ends at 2 GiB, and this one is larger without its initializers: {error}",
            hint="large constants have to be initializers of the main graph",
        ) from error
    return serialized


def _held_bytes(tensor: onnx.TensorProto) -> int:
    """The size of a tensor by its shape: ``len(tensor.raw_data)`` would copy it. Strings count as pointers do."""
    import onnx

    if tensor.data_type in {onnx.TensorProto.STRING, onnx.TensorProto.UNDEFINED}:
        itemsize = 8
    else:
        itemsize = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize
    size: int = itemsize * math.prod(tensor.dims)
    return size


def _without_weights(model: onnx.ModelProto, target: BinaryIO, name: str) -> onnx.ModelProto:
    """A copy of ``model`` whose larger initializers lie in ``target``; they are never copied as a whole."""
    import onnx

    lean = onnx.ModelProto()
    for part, value in model.ListFields():
        if part.name != "graph":
            _copy_field(lean, part.name, value)
    for part, value in model.graph.ListFields():
        if part.name != "initializer":
            _copy_field(lean.graph, part.name, value)
    for tensor in model.graph.initializer:
        if _held_bytes(tensor) < _SMALL or tensor.data_type == onnx.TensorProto.STRING:
            lean.graph.initializer.append(tensor)
            continue
        moved = lean.graph.initializer.add(name=tensor.name, data_type=tensor.data_type, dims=tensor.dims)
        _set_external(moved, name, *_append(target, [_raw(tensor)]))
    return lean


def _copy_field(message: onnx.ModelProto | onnx.GraphProto, name: str, value: object) -> None:
    target = getattr(message, name)
    if hasattr(target, "MergeFrom"):
        target.MergeFrom(value)
    else:
        setattr(message, name, value)


def _raw(tensor: onnx.TensorProto) -> bytes:
    if tensor.HasField("raw_data"):
        raw: bytes = tensor.raw_data
        return raw
    import onnx.numpy_helper

    copy: bytes = onnx.numpy_helper.from_array(onnx.numpy_helper.to_array(tensor)).raw_data
    return copy


def _append(target: BinaryIO, chunks: Iterator[bytes] | list[bytes]) -> tuple[int, int]:
    """Write at the next page. Returns offset and length."""
    target.write(b"\0" * (-target.tell() % _ALIGNMENT))
    offset = target.tell()
    target.writelines(chunks)
    return offset, target.tell() - offset


def _chunks(file: BinaryIO, length: int) -> Iterator[bytes]:
    while length:
        chunk = file.read(min(length, _CHUNK))
        if not chunk:
            return
        length -= len(chunk)
        yield chunk


def _set_external(tensor: onnx.TensorProto, location: str, offset: int, length: int) -> None:
    import onnx

    tensor.data_location = onnx.TensorProto.EXTERNAL
    del tensor.external_data[:]
    for key, value in (("location", location), ("offset", str(offset)), ("length", str(length))):
        tensor.external_data.add(key=key, value=value)
