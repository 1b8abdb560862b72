"""The plain graph: skl2onnx in float32, with outputs named, shaped and typed as the signature has them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mlpack.core.converter import Conversion
from mlpack.core.errors import UnsupportedOperatorError
from mlpack.core.libraries import without_pandas
from mlpack.graph.writer import GraphWriter
from mlpack.runtime.estimator import (
    DECISION,
    LABEL,
    PREDICTION,
    PROBABILITIES,
    TRANSFORMED,
    kind_of,
    parts_of,
    picks_by_name,
)
from mlpack.runtime.estimator_outputs import final_step
from mlpack.runtime.signature import Signature, TensorSpec

if TYPE_CHECKING:
    import onnx

_ML_OPSET = 3
"""skl2onnx writes the tree operators of ai.onnx.ml 3; version 5 has deprecated them."""

_NEWEST_OPSET = 22

_MOST_NODES = 200_000
"""skl2onnx takes seconds for forests of this size, and minutes for large ones; the exact graph takes a tenth of that."""

_LEFT_OUT = frozenset({"CountVectorizer", "GaussianProcessClassifier", "TfidfVectorizer"})
"""What skl2onnx writes of these does not run: an operator (com.microsoft:Solve) that ONNX Runtime does not have, and
lower case by a locale (en_US.UTF-8) that container images do not have."""


def plain_is_possible(conversion: Conversion) -> bool:
    """Whether skl2onnx has a converter for every part, and gives every output and class label as it is."""
    if not _outputs_are_plain(conversion.signature) or (conversion.opset or 0) > _NEWEST_OPSET:
        return False
    with without_pandas():
        from skl2onnx._supported_operators import sklearn_operator_name_map
    known = {kind.__qualname__ for kind in sklearn_operator_name_map} - _LEFT_OUT
    steps = [final_step(conversion.model), *_steps(conversion.model)]
    if any(type(step).__name__ not in known or not type(step).__module__.startswith("sklearn.") for step in steps):
        return False
    parts = parts_of(conversion.model)
    if any(not type(part).__module__.startswith("sklearn.") for part in parts):
        return False
    nodes: int = sum(part.tree_.node_count for part in parts if hasattr(part, "tree_"))
    return nodes <= _MOST_NODES


def build_plain(conversion: Conversion) -> onnx.ModelProto:
    """Convert with skl2onnx. Raises UnsupportedOperatorError when skl2onnx fails, whatever it raises."""
    graph = GraphWriter(conversion.opset)
    inputs = [graph.input(_narrowed(spec)) for spec in conversion.signature.inputs]
    try:
        converted = _convert(conversion, graph.opset)
    except Exception as error:  # skl2onnx raises errors of every kind for what it does not know
        raise UnsupportedOperatorError(
            f"skl2onnx does not convert this {type(conversion.model).__name__}",
            why=f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error) else ''}",
        ) from error
    outputs = graph.splice(converted, _column_tensors(graph, conversion, inputs))
    tensors = list(outputs.values())
    for spec in conversion.signature.outputs:
        _write(graph, spec, tensors, conversion.signature)
    return graph.finish()


def _convert(conversion: Conversion, opset: int) -> onnx.ModelProto:
    import skl2onnx

    model, specs = conversion.model, conversion.signature.inputs
    types = [(spec.name, _skl2onnx_type(spec)) for spec in specs]
    if _is_split(conversion):
        column = replace(specs[0], shape=("batch", 1))
        types = [(name, _skl2onnx_type(column)) for name in conversion.signature.columns[specs[0].name]]
    options: dict[str, Any] = {}
    names = {spec.name for spec in conversion.signature.outputs}
    kind = kind_of(final_step(model))
    if kind == "classifier":
        options = {**_without_zipmap(final_step(model)), **({"raw_scores": True} if DECISION in names else {})}
    converted: onnx.ModelProto = skl2onnx.convert_sklearn(
        model, initial_types=types, options={id(final_step(model)): options} if options else None,
        target_opset={"": opset, "ai.onnx.ml": _ML_OPSET}, name="model",
    )  # fmt: skip
    return converted


def _is_split(conversion: Conversion) -> bool:
    """Whether the one matrix has to reach skl2onnx column by column, because the model picks columns by name."""
    return len(conversion.signature.inputs) == 1 and picks_by_name(conversion.model)


def _column_tensors(graph: GraphWriter, conversion: Conversion, inputs: list[str]) -> dict[str, str]:
    """The tensors behind the inputs that skl2onnx was told of."""
    if not _is_split(conversion):
        return {spec.name: tensor for spec, tensor in zip(conversion.signature.inputs, inputs, strict=True)}
    names = conversion.signature.columns[conversion.signature.inputs[0].name]
    return {
        name: graph.node("Gather", inputs[0], graph.constant([position], np.int64), axis=1)
        for position, name in enumerate(names)
    }


def _without_zipmap(model: Any) -> dict[str, Any]:
    """Probabilities as a matrix; LinearSVC, which has none, does not take the option."""
    return {} if type(model).__name__ == "LinearSVC" else {"zipmap": False}


def _skl2onnx_type(spec: TensorSpec) -> Any:
    from skl2onnx.common.data_types import (
        BooleanTensorType,
        FloatTensorType,
        Int64TensorType,
        StringTensorType,
    )

    kinds = {"string": StringTensorType, "int64": Int64TensorType, "bool": BooleanTensorType}
    width = spec.shape[1] if len(spec.shape) > 1 else 1
    return kinds.get(spec.dtype, FloatTensorType)([None, width])


def _steps(model: Any) -> list[Any]:
    """The parts that skl2onnx converts one by one."""
    kind = type(model).__name__
    if kind == "Pipeline":
        inner = [step for _, step in model.steps]
    elif kind == "ColumnTransformer":
        inner = [step for _, step, _ in model.transformers_]
    elif kind == "FeatureUnion":
        inner = [step for _, step in model.transformer_list]
    else:
        return [model]
    return [part for step in inner if step is not None and not isinstance(step, str) for part in _steps(step)]


def _outputs_are_plain(signature: Signature) -> bool:
    """One output of labels, in a dtype that int64 or strings hold."""
    for spec in signature.outputs:
        if spec.name not in {LABEL, PROBABILITIES, DECISION, PREDICTION, TRANSFORMED}:
            return False
        if spec.role == "label":
            labels = signature.classes.get(spec.name, ())
            if len(spec.shape) != 1 or any(isinstance(one, float) and one != int(one) for one in labels):
                return False
    return True


def _narrowed(spec: TensorSpec) -> TensorSpec:
    shape = spec.shape if len(spec.shape) > 1 else (*spec.shape, 1)
    return replace(spec, dtype="float32", shape=shape) if spec.is_floating else replace(spec, shape=shape)


def _write(graph: GraphWriter, spec: TensorSpec, tensors: list[str], signature: Signature) -> None:
    labelled = signature.outputs[0].name == LABEL
    tensor = tensors[0] if spec.name == LABEL or not labelled else tensors[1]
    dtype = "float32" if spec.is_floating and spec.role != "label" else spec.dtype
    if (
        spec.name == DECISION
        and len(spec.shape) == 1
        and len(signature.classes.get(LABEL, ())) == 2
        and _is_pair(signature)
    ):
        tensor = graph.node("Gather", tensor, graph.constant([-1], np.int64), axis=1)
    if dtype != "string":
        tensor = graph.cast(tensor, dtype)
    shape = (-1,) if len(spec.shape) == 1 else (-1, int(spec.shape[1]))
    graph.output(replace(spec, dtype=dtype), graph.reshape(tensor, shape))


def _is_pair(signature: Signature) -> bool:
    """Whether two classes have two scores: skl2onnx gives a binary decision as [-score, score], an outlier's as [score]."""
    return signature.classes[LABEL] != (-1, 1)
