"""TorchScript modules to ONNX."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from mlpack.core.converter import Conversion, Variant
from mlpack.core.onnx_model import OnnxModel
from mlpack.core.torch_onnx import export_trace


class TorchScriptToOnnx:
    """Through the classic exporter, branches (If) and loops (Loop) included; the newer one rejects every ScriptModule."""

    name = "torchscript → onnx"
    source = "torchscript"
    target = "onnx"
    libraries: tuple[str, ...] = ("torch", "onnx")
    extra = "torch"

    def variants(self, conversion: Conversion) -> Sequence[Variant]:
        """The module's own code, at the classic exporter's default opset and at its newest."""
        conversion.model.eval()
        return [
            Variant("classic exporter", "the module's own code", partial(_exported, conversion, conversion.opset)),
            *(
                []
                if conversion.opset is not None
                else [Variant("classic exporter, opset 20", "newer operators", partial(_exported, conversion, 20))]
            ),
        ]


def _exported(conversion: Conversion, opset: int | None) -> OnnxModel:
    return export_trace(conversion.model, conversion.signature, conversion.example, opset)


CONVERTER = TorchScriptToOnnx()
