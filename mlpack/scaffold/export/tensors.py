"""The tensors of a packed model as another server is told of them: under the names, dtypes and shapes of the file itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mlpack.core.errors import NoRouteError
from mlpack.runtime.coerce.oip import DATATYPES
from mlpack.runtime.manifest import Manifest
from mlpack.runtime.signature import Dim, TensorSpec

_ELEMENTS = {
    1: "FP32", 2: "UINT8", 3: "INT8", 4: "UINT16", 5: "INT16", 6: "INT32", 7: "INT64", 8: "BYTES", 9: "BOOL", 10: "FP16",
    11: "FP64", 12: "UINT32", 13: "UINT64", 16: "BF16",
}  # fmt: skip
"""The Open Inference Protocol's names of TensorProto.DataType."""


@dataclass(frozen=True)
class Tensor:
    """An input or output of the file. ``shape`` has names for the axes that may have any size."""

    name: str
    datatype: str
    shape: tuple[Dim, ...]

    @property
    def sizes(self) -> list[int]:
        """The shape with -1 for an axis of any size."""
        return [dim if isinstance(dim, int) else -1 for dim in self.shape]


@dataclass(frozen=True)
class Tensors:
    """All of a model, in the order of the file."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]

    @property
    def batched(self) -> bool:
        """Whether every tensor has an axis of any size first: what a server may join requests along."""
        return all(one.shape and isinstance(one.shape[0], str) for one in (*self.inputs, *self.outputs))


def tensors_of(manifest: Manifest) -> Tensors:
    """The tensors of the model in a bundle.

    Raises NoRouteError for outputs that are no tensors, and for dtypes that the Open Inference Protocol has no name for.
    """
    if manifest.model_format == "onnx":
        return _of_graph(manifest)
    return Tensors(
        tuple(_of_spec(spec) for spec in manifest.signature.inputs),
        tuple(_of_spec(spec) for spec in manifest.signature.outputs),
    )


def _of_graph(manifest: Manifest) -> Tensors:
    from mlpack.scan.onnx_values import Value
    from mlpack.scan.onnx_wire import read_structure
    from mlpack.scan.source import open_source

    with open_source(manifest.model_path) as source:
        structure = read_structure(source)
    given = [value for value in structure.inputs if value.name not in structure.initializers]

    def listed(values: Sequence[Value], specs: Sequence[TensorSpec]) -> tuple[Tensor, ...]:
        known = {spec.name: spec for spec in specs}
        return tuple(_of_value(value.name, value.element, value.dims, known) for value in values)

    return Tensors(listed(given, manifest.signature.inputs), listed(structure.outputs, manifest.signature.outputs))


def _of_value(name: str, element: int, dims: Sequence[Dim | None] | None, known: Mapping[str, TensorSpec]) -> Tensor:
    if name not in known or element not in _ELEMENTS:
        raise NoRouteError(
            f"the graph answers with {name!r}, which is no tensor that a server could be told of",
            why="a sequence, a map or a complex number has no name in the Open Inference Protocol",
            hint="mlpack serve serves this bundle as it is",
        )
    if dims is None or len(dims) != len(known[name].shape):
        return Tensor(name, _ELEMENTS[element], known[name].shape)
    pairs = zip(dims, known[name].shape, strict=True)
    return Tensor(name, _ELEMENTS[element], tuple(_dim(dim, other) for dim, other in pairs))


def _dim(declared: Dim | None, known: Dim) -> Dim:
    """What the graph declares; an axis that it leaves open under the name that the signature has for it."""
    if isinstance(declared, int) and declared >= 0:
        return declared
    return known if isinstance(known, str) else "any"


def _of_spec(spec: TensorSpec) -> Tensor:
    if spec.dtype not in DATATYPES:
        raise NoRouteError(
            f"{spec} has a dtype that the Open Inference Protocol has no name for",
            hint="mlpack serve serves this bundle as it is",
        )
    return Tensor(spec.name, DATATYPES[spec.dtype], spec.shape)
