"""scikit-learn to ONNX: skl2onnx in float32 first, then a graph of our own that is exact in float64."""

from __future__ import annotations

from collections.abc import Sequence

from mlpack.converters.sklearn_to_onnx.exact import build_exact, is_inexact
from mlpack.converters.sklearn_to_onnx.plain import build_plain, plain_is_possible
from mlpack.core.converter import Conversion, Variant
from mlpack.graph.model import OnnxModel


class ScikitLearnToOnnx:
    """The converter ``sklearn_to_onnx``."""

    name = "sklearn_to_onnx"
    source = "sklearn"
    target = "onnx"
    libraries: tuple[str, ...] = ("sklearn", "onnx", "skl2onnx")
    extra = "sklearn"

    def variants(self, conversion: Conversion) -> Sequence[Variant]:
        """``float32`` by skl2onnx where it knows every step and keeps the class labels, then ``float64``.

        ``float64`` takes double inputs and computes as scikit-learn does: exact scaling, trees with float64 thresholds
        and their missing-value tracks, class labels in their own dtype. Where a part of the model has no more than float32
        precision itself, ``float64-rounded`` says so in the dtype of its outputs.
        """
        exact = Variant(
            "float64",
            "written by mlpack, every step in float64 as scikit-learn computes it",
            lambda: OnnxModel(graph=build_exact(conversion)),
        )
        rounded = Variant(
            "float64-rounded",
            "as float64, with outputs rounded to float32: parts of the model are no more exact than that",
            lambda: OnnxModel(graph=build_exact(conversion, rounded=True)),
        )
        plain = Variant(
            "float32",
            "skl2onnx, float32 inputs and arithmetic",
            lambda: OnnxModel(graph=build_plain(conversion)),
        )
        return (
            *((plain,) if plain_is_possible(conversion) else ()),
            exact,
            *((rounded,) if is_inexact(conversion) else ()),
        )


CONVERTER = ScikitLearnToOnnx()
