"""ONNX graphs, run by ONNX Runtime."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from mlpack.core.framework import InputHints, Visit
from mlpack.graph.hints import hints_of_graph
from mlpack.graph.model import OnnxModel
from mlpack.graph.stages import visit_nodes
from mlpack.runtime.onnxruntime_session import OnnxRuntimeSession
from mlpack.runtime.session import Feed, Session
from mlpack.runtime.signature import Signature
from mlpack.runtime.unchanged import ChangedFileError
from mlpack.scan.rules import files

if TYPE_CHECKING:
    import onnx


class OnnxFramework:
    """An `OnnxModel`, or a bare ``onnx.ModelProto`` as a notebook has it."""

    name = "onnx"
    title = "ONNX"
    packages: tuple[str, ...] = ("onnx",)
    library = "onnxruntime"
    distribution = "onnxruntime"
    extra = ""

    def recognises(self, model: Any) -> bool:
        """An `OnnxModel` or a ``ModelProto``."""
        loaded = sys.modules.get("onnx")
        return isinstance(model, OnnxModel) or (loaded is not None and isinstance(model, loaded.ModelProto))

    def signature(self, model: Any, sample: Feed | None = None) -> Signature:  # noqa: ARG002 - the graph knows
        """What the graph declares, or what mlpack noted in its metadata."""
        with open_session(model, None) as session:
            return session.signature

    def session(self, model: Any, signature: Signature) -> Session:
        """Open the graph in ONNX Runtime on the CPU."""
        return open_session(model, signature)

    def hints(self, model: Any, signature: Signature) -> InputHints:
        """Vocabulary sizes, split thresholds, scalers and categories of the operators that read an input directly."""
        return hints_of_graph(_graph(model), signature)

    def stages(self, model: Any, signature: Signature, feed: Feed, visit: Visit) -> None:
        """The output of every node of the main graph, named as the graph names it."""
        del signature
        path = model.path if isinstance(model, OnnxModel) else None
        visit_nodes(_graph(model), feed, visit, None if path is None else path.parent)

    def in_double(self, model: Any, signature: Signature) -> Session | None:
        """None: the operators of a graph are bound to the dtypes that it declares."""
        del model, signature
        return None


def open_session(model: Any, signature: Signature | None) -> OnnxRuntimeSession:
    """Open a graph from where it is: its file, or memory."""
    if isinstance(model, OnnxModel) and model.path is not None:
        try:
            return OnnxRuntimeSession(model.path, signature, judged=model.judged)
        except ChangedFileError as error:
            raise files.CHANGED.error(str(model.path), str(error)) from error
    return OnnxRuntimeSession(_proto(model).SerializeToString(), signature)


def _graph(model: Any) -> onnx.ModelProto:
    """The graph; weights that lie beside its file are left there, which may be more than memory or protobuf holds."""
    import onnx

    if isinstance(model, OnnxModel) and model.path is not None:
        return onnx.load(model.path, load_external_data=False)
    return _proto(model)


def _proto(model: Any) -> onnx.ModelProto:
    proto: onnx.ModelProto = model.proto() if isinstance(model, OnnxModel) else model
    return proto


FRAMEWORK = OnnxFramework()
