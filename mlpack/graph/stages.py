"""The outputs of an ONNX graph's nodes, a few at a time in memory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mlpack.core.framework import Visit
from mlpack.runtime.onnxruntime_session import OnnxRuntimeSession
from mlpack.runtime.session import Feed

if TYPE_CHECKING:
    import onnx

_FIRST_GROUP = 16
_LARGEST_GROUP = 128
_GROUP_BYTES = 64 << 20


def visit_nodes(model: onnx.ModelProto, feed: Feed, visit: Visit, weights: Path | None = None) -> None:
    """Run ``feed`` and hand the outputs of every node of the main graph to ``visit``, in the graph's order.

    The nodes are made outputs of the graph, a group a run; a group is as large as fits in 64 MB, judged by the one before.
    ``weights`` is the folder of external data that was not loaded. Constants are left out, and so is what happens within
    branches and loops.
    """
    names = [name for node in model.graph.node if node.op_type != "Constant" for name in node.output if name]
    size = _FIRST_GROUP
    while names:
        group, names = names[:size], names[size:]
        total = 0
        for name, array in _outputs(model, group, feed, weights).items():
            total += array.nbytes
            visit(name, array)
        size = (
            min(_LARGEST_GROUP, size * 2) if total < _GROUP_BYTES // 2 else max(1, size * _GROUP_BYTES // (2 * total))
        )


def _outputs(model: onnx.ModelProto, names: list[str], feed: Feed, weights: Path | None) -> dict[str, np.ndarray]:
    import onnx

    shown = onnx.ModelProto()
    shown.CopyFrom(model)
    del shown.graph.output[:]
    del shown.metadata_props[:]  # they may hold a signature, which is of other outputs
    known = {value.name: value for value in (*model.graph.output, *model.graph.value_info)}
    # An output without a type is given one by ONNX Runtime.
    shown.graph.output.extend(known.get(name, onnx.ValueInfoProto(name=name)) for name in names)
    with OnnxRuntimeSession(shown.SerializeToString(), weights=weights) as session:
        return session.run(feed)
