"""ONNX to TorchScript: each ONNX node becomes one line of TorchScript source, compiled over the graph's weights."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from mlpack.core.converter import Conversion, Variant
from mlpack.core.errors import UnsupportedOperatorError


class OnnxToTorchScript:
    """Through an operator table of mlpack's own: no example is traced, so every dynamic axis stays dynamic."""

    name = "onnx → torchscript"
    source = "onnx"
    target = "torchscript"
    libraries: tuple[str, ...] = ("torch", "onnx")
    extra = "torch"

    def variants(self, conversion: Conversion) -> Sequence[Variant]:
        """The one way there is."""
        return [Variant("operator table", "each operator as TorchScript source", partial(_converted, conversion))]


def _converted(conversion: Conversion) -> Any:
    from mlpack.converters.onnx_to_torchscript.errors import UnsupportedOperator
    from mlpack.converters.onnx_to_torchscript.graph import to_torchscript

    try:
        return to_torchscript(conversion.model.proto())
    except UnsupportedOperator as error:
        raise UnsupportedOperatorError(
            f"TorchScript has no exact equivalent of {error.refusals[0]}",
            why=f"{len(error.refusals)} nodes of the graph have none" if len(error.refusals) > 1 else "",
            hint="serve the ONNX file itself, or export the model without these operators",
            details="\n".join(str(refusal) for refusal in error.refusals),
        ) from error


CONVERTER = OnnxToTorchScript()
