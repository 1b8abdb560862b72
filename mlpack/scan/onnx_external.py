"""Data of an ONNX model that lie in files beside it: which files these may be, and reading them."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from mlpack.core.errors import CorruptFileError, UnsafeFileError
from mlpack.runtime.unchanged import Identity, identity_of
from mlpack.scan.onnx_tensors import Tensor
from mlpack.scan.onnx_wire import Structure, read_structure
from mlpack.scan.opened import opened
from mlpack.scan.rules import onnx
from mlpack.scan.source import source_of

if TYPE_CHECKING:
    import onnx as onnx_library


def external_files(model: Structure, path: Path) -> Mapping[str, Identity]:
    """The files beside the model at ``path`` that hold its data, each a plain name of a regular file with one link.

    Raises UnsafeFileError for any other file and for places in it that cannot be, CorruptFileError for one that is missing
    or too short.
    """
    found: dict[str, Identity] = {}
    for tensor in model.external:
        location = tensor.external.get("location", "")
        if location not in found:
            found[location] = identity_of(_checked_status(path, tensor, location))
        _check_place(path, tensor, location, size=found[location][2])
    return found


def load_whole(path: Path) -> onnx_library.ModelProto:
    """The model at ``path`` with its weights in memory, those beside it read by us. Raises as `external_files`."""
    import onnx as library

    with opened(path) as file:
        structure = read_structure(source_of(file.file, str(path)))
        external_files(structure, path)
        file.file.seek(0)
        model = library.load(file.file, load_external_data=False)
    for tensor in external_tensors(model):
        entries = {entry.key: entry.value for entry in tensor.external_data}
        with open_beside(path, entries["location"]) as beside:
            size = os.fstat(beside.fileno()).st_size
            offset = int(entries.get("offset", 0))
            beside.seek(offset)
            tensor.raw_data = beside.read(int(entries.get("length", 0)) or size - offset)
        del tensor.external_data[:]
        tensor.data_location = library.TensorProto.DEFAULT
    return model


@contextmanager
def open_beside(path: Path, location: str) -> Iterator[BinaryIO]:
    """The data file ``location`` beside the model at ``path``; a link that took its place is not followed."""
    try:
        descriptor = os.open(path.parent / location, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise onnx.EXTERNAL.error(str(path), f"{location!r} beside it cannot be opened: {error.strerror}") from error
    with os.fdopen(descriptor, "rb") as file:
        yield file


def external_tensors(model: onnx_library.ModelProto) -> Iterator[onnx_library.TensorProto]:
    """Every tensor of ``model`` whose data lie in another file, those in attributes, functions and subgraphs too."""
    from onnx import TensorProto

    graphs = [model.graph, *(graph for one in model.training_info for graph in (one.initialization, one.algorithm))]
    nodes = [node for function in model.functions for node in function.node]
    attributes = [attribute for function in model.functions for attribute in function.attribute_proto]
    while graphs or nodes or attributes:
        tensors = []
        if graphs:
            graph = graphs.pop()
            sparse = list(graph.sparse_initializer)
            tensors += graph.initializer
            nodes.extend(graph.node)
        elif nodes:
            attributes.extend(nodes.pop().attribute)
            continue
        else:
            attribute = attributes.pop()
            graphs += [*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])]
            tensors += [*attribute.tensors, *([attribute.t] if attribute.HasField("t") else [])]
            sparse = [*attribute.sparse_tensors]
            sparse += [attribute.sparse_tensor] if attribute.HasField("sparse_tensor") else []
        tensors += [tensor for one in sparse for tensor in (one.values, one.indices)]
        yield from (tensor for tensor in tensors if tensor.data_location == TensorProto.EXTERNAL)


def _check_place(path: Path, tensor: Tensor, location: str, size: int) -> None:
    offset, length = _whole(path, tensor, "offset"), _whole(path, tensor, "length")
    if offset + length > size or offset > size:
        raise CorruptFileError(
            f"{path.parent / location} is truncated",
            why=f"{path.name} wants bytes {offset} to {offset + length} of it, it has {size}",
            hint="copy or download both files again",
        )
    if tensor.declared > (length or size - offset):
        raise onnx.SIZE.error(
            str(path),
            f"the tensor {tensor.name[:80]!r} takes {tensor.declared:,} bytes, and {location} holds "
            f"{length or size - offset:,} of them",
            offset=tensor.offset,
        )


def _whole(path: Path, tensor: Tensor, key: str) -> int:
    digits = tensor.external.get(key, "0")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 18:
        raise _refused(path, tensor, f"the {key} of the data of {tensor.name[:80]!r} is {digits[:40]!r}")
    return int(digits)


def _checked_status(path: Path, tensor: Tensor, location: str) -> os.stat_result:
    if (
        not location
        or location != Path(location).name
        or location in {".", ".."}
        or "\\" in location
        or "\0" in location
    ):
        raise _refused(path, tensor, f"its data lie in {location[:200]!r}, which is no plain file name beside it")
    try:
        status = (path.parent / location).lstat()
    except FileNotFoundError as error:
        raise CorruptFileError(
            f"{path} is not whole",
            why=f"its data lie in {location}, which is missing",
            hint=f"put {location} beside it",
        ) from error
    except OSError as error:
        raise _refused(path, tensor, f"its data lie in {location[:80]!r}: {error.strerror}") from error
    if stat.S_ISLNK(status.st_mode):
        raise _refused(path, tensor, f"{location} beside it is a link to another file")
    if not stat.S_ISREG(status.st_mode):
        raise _refused(path, tensor, f"{location} beside it is no regular file")
    if status.st_nlink > 1:
        raise _refused(path, tensor, f"{location} beside it has a second name elsewhere (a hard link)")
    return status


def _refused(path: Path, tensor: Tensor, what: str) -> UnsafeFileError:
    return onnx.EXTERNAL.error(str(path), what, offset=tensor.offset)
