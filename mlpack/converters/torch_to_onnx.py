"""PyTorch modules to ONNX."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from mlpack.core.converter import Conversion, Variant
from mlpack.core.errors import UnsupportedOperatorError
from mlpack.core.quiet import quiet
from mlpack.graph.model import OnnxModel
from mlpack.network.torch_control_flow import value_read
from mlpack.network.torch_onnx import export_graph, export_script, export_trace, flat_module, unsupported
from mlpack.runtime.torch_values import positional

_RECURRENT = frozenset({"LSTM", "GRU", "RNN"})


class TorchToOnnx:
    """Through ``torch.export`` and, where that fails or fixes an axis, through the classic exporter."""

    name = "torch → onnx"
    source = "torch"
    target = "onnx"
    libraries: tuple[str, ...] = ("torch", "onnx", "onnxscript")
    extra = "torch"

    def variants(self, conversion: Conversion) -> Sequence[Variant]:
        """``torch.export`` first; the classic exporter first for recurrent layers, whose length torch.export fixes."""
        conversion.model.eval()
        graph = [
            Variant("dynamo", "torch.export, optimised", partial(_graph, conversion, optimize=True)),
            Variant(
                "dynamo, optimize=False", "torch.export, nothing folded", partial(_graph, conversion, optimize=False)
            ),
        ]
        classic = [
            Variant("classic exporter, traced", "TorchScript exporter on a trace", partial(_traced, conversion)),
            Variant("classic exporter, scripted", "with branches and loops kept", partial(_scripted, conversion)),
        ]
        recurrent = any(
            kind.__name__ in _RECURRENT for part in conversion.model.modules() for kind in type(part).__mro__
        )
        return [*classic, *graph] if recurrent else [*graph, *classic]


def _graph(conversion: Conversion, *, optimize: bool) -> OnnxModel:
    return export_graph(conversion.model, conversion.signature, conversion.example, conversion.opset, optimize=optimize)


def _traced(conversion: Conversion) -> OnnxModel:
    module = flat_module(conversion.model, conversion.signature)
    read = value_read(module, positional(conversion.signature.inputs, conversion.example))
    if read is not None:
        raise UnsupportedOperatorError(
            f"forward decides by values ({read}), and a trace keeps the outcome of one example for all",
            why="tracing runs forward once and writes down what happened",
            hint="--to torchscript keeps Python's branches where it can be scripted",
        )
    return export_trace(module, conversion.signature, conversion.example, conversion.opset)


def _scripted(conversion: Conversion) -> OnnxModel:
    return export_script(_script(conversion.model), conversion.signature, conversion.example, conversion.opset)


def _script(module: Any) -> Any:
    import torch

    try:
        with quiet():
            return torch.jit.script(module)
    except Exception as error:
        raise unsupported(error) from error


CONVERTER = TorchToOnnx()
