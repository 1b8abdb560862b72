"""An ONNX graph as mlpack hands it around: a file that stays on disk, or a graph in memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import onnx


@dataclass(frozen=True)
class OnnxModel:
    """Either ``path`` (with external data beside it) or ``graph`` is set.

    A session opens the path itself, so that weights over 2 GiB never pass through protobuf.
    """

    path: Path | None = None
    graph: Any = None

    def proto(self) -> onnx.ModelProto:
        """The graph with its weights in memory."""
        if self.graph is not None:
            loaded: onnx.ModelProto = self.graph
            return loaded
        import onnx

        if self.path is None:
            raise ValueError("an OnnxModel needs a path or a graph")
        return onnx.load(self.path)
