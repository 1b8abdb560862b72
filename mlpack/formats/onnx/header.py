"""The header of an ONNX model, and what its external data may be."""

from __future__ import annotations

import stat
from pathlib import Path

from mlpack.core.errors import CorruptFileError, UnsafeFileError
from mlpack.core.model_file import Header
from mlpack.runtime.signature import Dim, Signature, TensorSpec
from mlpack.scan.onnx_wire import Structure, Value
from mlpack.scan.provenance import PREFIX

_DTYPES = {
    1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 8: "string", 9: "bool",
    10: "float16", 11: "float64", 12: "uint32", 13: "uint64", 14: "complex64", 15: "complex128", 16: "bfloat16",
}  # fmt: skip
"""TensorProto.DataType as NumPy names."""
_MAX_NOTE = 200


def header_of(model: Structure, path: Path) -> Header:
    """The header that ``model`` tells. Raises UnsafeFileError, CorruptFileError for external data that cannot be."""
    names = external_names(model, path)
    versions = {model.producer: model.producer_version} if model.producer and model.producer_version else {}
    own = {key: value for key, value in model.metadata.items() if key.startswith(PREFIX)}
    notes = [f"{key}: {value[:_MAX_NOTE]}" for key, value in model.metadata.items() if key not in own]
    if model.producer and not model.producer_version:
        notes.insert(0, f"written by {model.producer}")
    return Header(
        format="onnx",
        framework="onnx",
        model=model.graph_name or "graph",
        versions={**versions, "ONNX IR": str(model.ir_version)},
        operators=dict(model.operators),
        opsets=dict(model.opsets),
        # The weights of ONNX-ML's operators are attributes: where there are no others, their count says nothing.
        parameters=model.parameters or None,
        signature=_signature(model),
        external_files=names,
        provenance=own,
        notes=tuple(notes),
    )


def external_names(model: Structure, path: Path) -> tuple[str, ...]:
    """The files beside the model that hold its data, each a plain name of a regular file with one link, in bounds."""
    sizes: dict[str, int] = {}
    for entry in model.external:
        location = entry.get("location", "")
        if location not in sizes:
            sizes[location] = _checked_size(path, location)
        offset, length = _whole(entry, "offset", path), _whole(entry, "length", path)
        if offset + length > sizes[location]:
            raise CorruptFileError(
                f"{path.parent / location} is truncated",
                why=f"{path.name} wants bytes {offset} to {offset + length} of it, it has {sizes[location]}",
                hint="copy or download both files again",
            )
    return tuple(sizes)


def _whole(entry: dict[str, str], key: str, path: Path) -> int:
    digits = entry.get(key, "0")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 18:
        raise CorruptFileError(f"{path} is damaged", why=f"the {key} of external data is {digits[:40]!r}")
    return int(digits)


def _checked_size(path: Path, location: str) -> int:
    if (
        not location
        or location != Path(location).name
        or location in {".", ".."}
        or "\\" in location
        or "\0" in location
    ):
        raise _refused(path, f"its data lie in {location!r}, which is no plain file name beside it")
    beside = path.parent / location
    try:
        status = beside.lstat()
    except FileNotFoundError as error:
        raise CorruptFileError(
            f"{path} is not whole",
            why=f"its data lie in {location}, which is missing",
            hint=f"put {location} beside it",
        ) from error
    except OSError as error:
        raise _refused(path, f"its data lie in {location[:80]!r}: {error.strerror}") from error
    if not stat.S_ISREG(status.st_mode):
        raise _refused(path, f"{location} beside it is no regular file")
    if status.st_nlink > 1:
        raise _refused(path, f"{location} beside it has a second name elsewhere (a hard link)")
    return status.st_size


def _refused(path: Path, why: str) -> UnsafeFileError:
    return UnsafeFileError(f"{path} is refused", why=why, hint="put the data file itself beside the model")


def _signature(model: Structure) -> Signature | None:
    inputs = [_spec(value) for value in model.inputs if value.name not in model.initializers]
    outputs = [_spec(value) for value in model.outputs]
    if not inputs or not all(inputs):
        return None
    return Signature(
        tuple(spec for spec in inputs if spec), tuple(spec for spec in outputs if spec) if all(outputs) else ()
    )


def _spec(value: Value) -> TensorSpec | None:
    """None for what is no tensor or has no declared rank."""
    dtype = _DTYPES.get(value.element)
    if dtype is None or value.dims is None:
        return None
    shape: tuple[Dim, ...] = tuple(_dim(value.name, axis, dim) for axis, dim in enumerate(value.dims))
    return TensorSpec(value.name, dtype, shape)


def _dim(name: str, axis: int, dim: Dim | None) -> Dim:
    if dim is None or (isinstance(dim, int) and dim < 0):
        return "batch" if axis == 0 else f"{name}_dim_{axis}"
    return dim
