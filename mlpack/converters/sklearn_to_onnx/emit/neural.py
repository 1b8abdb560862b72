"""Multilayer perceptrons."""

from __future__ import annotations

from typing import Any

import numpy as np

from mlpack.converters.sklearn_to_onnx.arithmetic import (
    affine,
    argmax,
    as_vector,
    column_at,
    is_above,
    sigmoid,
    two_columns,
)
from mlpack.converters.sklearn_to_onnx.emission import (
    Classes,
    MultiClasses,
    Prediction,
    Table,
    Values,
    numbers,
    predicts,
    transforms,
    unsupported,
)
from mlpack.graph.writer import GraphWriter

_ACTIVATIONS = {"identity": "", "tanh": "Tanh", "relu": "Relu"}


@predicts("MLPClassifier")
def emit_perceptron_classifier(graph: GraphWriter, model: Any, table: Table) -> Prediction:
    """Layers, then a sigmoid for two classes and for several labels, a softmax for more classes."""
    scores = _layers(graph, model, table)
    if model._label_binarizer.y_type_.startswith("multilabel"):
        return MultiClasses(tuple(_label(graph, column_at(graph, scores, at)) for at in range(model.n_outputs_)))
    if model.n_outputs_ == 1:
        positive = as_vector(graph, scores)
        return Classes(model.classes_, is_above(graph, positive, 0.5), two_columns(graph, positive))
    return Classes(model.classes_, argmax(graph, scores), scores)


@predicts("MLPRegressor")
def emit_perceptron_regressor(graph: GraphWriter, model: Any, table: Table) -> Values:
    """Layers."""
    result = _layers(graph, model, table)
    return Values(as_vector(graph, result)) if model.n_outputs_ == 1 else Values(result, model.n_outputs_)


@transforms("BernoulliRBM")
def emit_boltzmann_machine(graph: GraphWriter, model: Any, table: Table) -> Table:
    """The probability of each hidden unit."""
    raw = affine(graph, table.matrix(graph), model.components_.T, model.intercept_hidden_)
    return numbers(sigmoid(graph, raw), model.components_.shape[0])


def _layers(graph: GraphWriter, model: Any, table: Table) -> str:
    tensor = table.matrix(graph)
    last = len(model.coefs_) - 1
    for number, (weights, bias) in enumerate(zip(model.coefs_, model.intercepts_, strict=True)):
        with graph.scope(f"layer_{number}"):
            tensor = affine(graph, tensor, weights, bias)
            activation = model.out_activation_ if number == last else model.activation
            tensor = _activated(graph, model, tensor, activation)
    return tensor


def _activated(graph: GraphWriter, model: Any, tensor: str, activation: str) -> str:
    if activation == "softmax":
        return graph.node("Softmax", tensor, axis=1)
    if activation == "exp":
        return graph.node("Exp", tensor)
    if activation == "logistic":
        return sigmoid(graph, tensor)
    if activation not in _ACTIVATIONS:
        raise unsupported(model, f"its activation {activation!r} has no ONNX form here")
    return graph.node(_ACTIVATIONS[activation], tensor) if _ACTIVATIONS[activation] else tensor


def _label(graph: GraphWriter, positive: str) -> Classes:
    return Classes(np.array([0, 1]), is_above(graph, positive, 0.5), two_columns(graph, positive))
