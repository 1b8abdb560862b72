"""TorchScript modules to ONNX."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from mlpack.core.converter import Conversion, Variant
from mlpack.core.quiet import quiet
from mlpack.graph.model import OnnxModel
from mlpack.network.torch_onnx import (
    copied_script,
    export_graph,
    export_script,
    flat_module,
    unsupported,
    without_fused_attention,
)
from mlpack.runtime.torch_values import positional


class TorchScriptToOnnx:
    """Through the classic exporter, branches (If) and loops (Loop) included; the newer one rejects every ScriptModule."""

    name = "torchscript → onnx"
    source = "torchscript"
    target = "onnx"
    libraries: tuple[str, ...] = ("torch", "onnx")
    extra = "torch"

    def variants(self, conversion: Conversion) -> Sequence[Variant]:
        """The module's own code; a trace around it, for optional inputs; torch.export, for what attends.

        The newer exporter takes no ScriptModule, but torch can turn the code of one into what it takes.
        """
        conversion.model.eval()
        return [
            Variant("classic exporter", "the module's own code", partial(_exported, conversion)),
            Variant("classic exporter, called from a trace", "defaults filled in", partial(_called, conversion)),
            Variant("dynamo", "its operators taken into torch.export", partial(_taken_over, conversion)),
        ]


def _exported(conversion: Conversion) -> OnnxModel:
    return export_script(conversion.model, conversion.signature, conversion.example, conversion.opset)


def _called(conversion: Conversion) -> OnnxModel:
    """A trace keeps the branches of the script that it calls."""
    import torch

    module = flat_module(conversion.model, conversion.signature)
    tensors = tuple(positional(conversion.signature.inputs, conversion.example))
    try:
        with quiet(), torch.no_grad(), without_fused_attention():
            traced = torch.jit.trace(module, tensors, check_trace=False)
    except Exception as error:
        raise unsupported(error) from error
    return export_script(traced, conversion.signature, conversion.example, conversion.opset)


def _taken_over(conversion: Conversion) -> OnnxModel:
    import torch

    tensors = tuple(positional(conversion.signature.inputs, conversion.example))
    try:
        with quiet(), torch.no_grad(), without_fused_attention():
            from torch._export.converter import TS2EPConverter

            module = TS2EPConverter(copied_script(conversion.model), tensors, {}).convert().module()
    except Exception as error:
        raise unsupported(error) from error
    return export_graph(module, conversion.signature, conversion.example, conversion.opset, guarded=True)


CONVERTER = TorchScriptToOnnx()
