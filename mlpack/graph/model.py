"""An ONNX graph as mlpack hands it around: a file that stays on disk, or a graph in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlpack.runtime.signature import Signature, TensorSpec
from mlpack.runtime.unchanged import Identity
from mlpack.scan.onnx_external import load_whole

if TYPE_CHECKING:
    import onnx


@dataclass(frozen=True)
class OnnxModel:
    """Either ``path`` (with external data beside it) or ``graph`` is set.

    A session opens the path itself, so that weights over 2 GiB never pass through protobuf. ``judged`` are the files that it
    then opens, as they were when they were scanned.
    """

    path: Path | None = None
    graph: Any = None
    judged: Mapping[Path, Identity] = field(default_factory=dict)

    def proto(self) -> onnx.ModelProto:
        """The graph with its weights in memory."""
        if self.graph is not None:
            loaded: onnx.ModelProto = self.graph
            return loaded
        if self.path is None:
            raise ValueError("an OnnxModel needs a path or a graph")
        return load_whole(self.path)

    def retype(self, signature: Signature) -> Signature:
        """``signature`` with the dtypes that the graph declares for tensors of the same name."""
        from onnx import TensorProto, helper

        graph = self.proto().graph
        found = {
            value.name: value.type.tensor_type.elem_type
            for value in (*graph.input, *graph.output)
            if value.type.WhichOneof("value") == "tensor_type"
        }

        def retyped(spec: TensorSpec) -> TensorSpec:
            element = found.get(spec.name)
            if not element:
                return spec
            if element == TensorProto.STRING:
                return replace(spec, dtype="string")
            return replace(spec, dtype=helper.tensor_dtype_to_np_dtype(element).name)

        return replace(
            signature,
            inputs=tuple(retyped(spec) for spec in signature.inputs),
            outputs=tuple(retyped(spec) for spec in signature.outputs),
        )
