"""The header of an ONNX model."""

from __future__ import annotations

from pathlib import Path

from mlpack.core.model_file import Header
from mlpack.runtime.signature import Dim, Signature, TensorSpec
from mlpack.scan.onnx_external import external_files
from mlpack.scan.onnx_judge import judge_structure
from mlpack.scan.onnx_values import Value
from mlpack.scan.onnx_wire import Structure
from mlpack.scan.provenance import PREFIX

_DTYPES = {
    1: "float32", 2: "uint8", 3: "int8", 4: "uint16", 5: "int16", 6: "int32", 7: "int64", 8: "string", 9: "bool",
    10: "float16", 11: "float64", 12: "uint32", 13: "uint64", 14: "complex64", 15: "complex128", 16: "bfloat16",
}  # fmt: skip
"""TensorProto.DataType as NumPy names."""
_MAX_NOTE = 200


def header_of(model: Structure, path: Path, length: int) -> Header:
    """The header that ``model`` of ``length`` bytes tells. Raises UnsafeFileError, CorruptFileError for data beside it."""
    names = tuple(external_files(model, path))
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
        operators=model.operators,
        opsets=dict(model.opsets),
        # The weights of ONNX-ML's operators are attributes: where there are no others, their count says nothing.
        parameters=model.parameters or None,
        signature=_signature(model),
        findings=judge_structure(model, length),
        external_files=names,
        provenance=own,
        notes=tuple(notes),
    )


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
