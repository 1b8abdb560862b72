"""What an estimator answers with, found by asking it: names, dtypes, shapes and class labels of its outputs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from .estimator import DECISION, LABEL, PROBABILITIES, answers, is_booster, kind_of
from .session import Array
from .signature import Role, Scalar, TensorSpec


def output_specs(model: Any, rows: Any) -> tuple[TensorSpec, ...]:
    """The outputs of ``model``, in order, with the first axis called ``batch``.

    ``rows`` are two rows or more in the form that ``model`` takes. Raises what the model raises on them.
    """
    return tuple(_spec(name, values) for name, values in answers(model, rows).items())


def class_labels(model: Any, outputs: Iterable[TensorSpec]) -> dict[str, tuple[Scalar, ...]]:
    """The class labels behind each output, in the order of its columns; empty where there are no classes."""
    final = final_step(model)
    kind = "" if is_booster(final) else kind_of(final)
    names = [spec.name for spec in outputs]
    if kind == "outlier_detector":
        return {LABEL: (-1, 1)}
    classes = getattr(final, "classes_", None)
    if kind != "classifier" or classes is None:
        return {}
    if isinstance(classes, (list, tuple)):  # one array of classes an output
        named = {f"{PROBABILITIES}_{index}": _scalars(labels) for index, labels in enumerate(classes)}
        return {name: labels for name, labels in named.items() if name in names}
    if any(len(spec.shape) > 1 for spec in outputs if spec.name == LABEL):
        return {}  # multilabel: columns are labels, each of which holds or does not
    return {name: _scalars(classes) for name in (LABEL, PROBABILITIES, DECISION) if name in names and name != DECISION}


def final_step(model: Any) -> Any:
    """The last step of a pipeline, else the model itself."""
    while type(model).__name__ == "Pipeline" and model.steps[-1][1] not in {None, "passthrough"}:
        model = model.steps[-1][1]
    return model


def tensor_dtype(values: Array) -> str:
    """The dtype of an array as a TensorSpec names it.

    Object arrays are told by what they hold: whole numbers, numbers, truth values, else strings.
    """
    if values.dtype.kind in "US":
        return "string"
    if values.dtype.kind != "O":
        return values.dtype.name
    held = values.ravel().tolist()
    for kind, name in (((bool, np.bool_), "bool"), ((int, np.integer), "int64"), ((int, float, np.number), "float64")):
        if held and all(isinstance(value, kind) and (name == "bool" or not isinstance(value, bool)) for value in held):
            return name
    return "string"


def _spec(name: str, values: Array) -> TensorSpec:
    shape = ("batch", *values.shape[1:])
    return TensorSpec(name, tensor_dtype(values), shape, _role(name, values))


def _role(name: str, values: Array) -> Role:
    if name == LABEL:
        return "label"
    if name == DECISION:
        return "decision"
    if name.startswith(PROBABILITIES) and values.ndim == 2:
        return "probabilities"
    return "tensor"


def _scalars(labels: Any) -> tuple[Scalar, ...]:
    array = np.asarray(labels)
    return tuple(str(item) if isinstance(item, bytes) else item for item in array.tolist())
