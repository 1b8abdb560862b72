"""SVMClassifier and SVMRegressor."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from mlpack.converters.onnx_to_torchscript.emit.ml import class_labels, post_transform
from mlpack.converters.onnx_to_torchscript.program import Expression
from mlpack.converters.onnx_to_torchscript.registry import ML, operator
from mlpack.converters.onnx_to_torchscript.values import literal

if TYPE_CHECKING:
    from mlpack.converters.onnx_to_torchscript.call import Call

KERNELS = ("LINEAR", "POLY", "RBF", "SIGMOID")


def _kernel(call: Call) -> str:
    """Name and parameters (gamma, coef0, degree) as source."""
    name = call.text("kernel_type", "LINEAR")
    if name not in KERNELS:
        call.refuse(f"kernel_type={name!r} is not implemented")
    parameters = call.reals("kernel_params") or (0.0, 0.0, 0.0)
    return f"{name!r}, {literal(parameters)}"


def _floats(call: Call, name: str) -> np.ndarray:
    return np.array(call.reals(name), np.float32)


def pair_weights(coefficients: np.ndarray, per_class: tuple[int, ...]) -> np.ndarray:
    """One row of weights per pair of classes, [pairs, vectors], from libsvm's [classes - 1, vectors]."""
    ends = np.cumsum(per_class)
    starts = ends - np.array(per_class)
    rows = []
    for i, j in combinations(range(len(per_class)), 2):
        row = np.zeros(coefficients.shape[1], np.float32)
        row[starts[i] : ends[i]] = coefficients[j - 1, starts[i] : ends[i]]
        row[starts[j] : ends[j]] = coefficients[i, starts[j] : ends[j]]
        rows.append(row)
    return np.array(rows, np.float32)


@operator("SVMClassifier", domain=ML)
def classifier(call: Call) -> Expression:
    """Labels, and probabilities or pairwise decision values."""
    labels, transform = class_labels(call), post_transform(call)
    per_class = call.integers("vectors_per_class")
    if sum(per_class) == 0 or len(per_class) != labels.size or labels.size < 2:
        call.refuse("a support vector classifier without support vectors, or of one class, is not implemented")
    if transform == "PROBIT":
        call.refuse("post_transform='PROBIT' is not implemented here")
    count = sum(per_class)
    pairs = list(combinations(range(labels.size), 2))
    arrays = {
        "vectors": _floats(call, "support_vectors").reshape(count, -1),
        "weights": pair_weights(_floats(call, "coefficients").reshape(labels.size - 1, count), per_class),
        "rho": _floats(call, "rho")[: len(pairs)],
        "labels": labels,
        "first": np.array([i for i, _ in pairs], np.int64),
        "second": np.array([j for _, j in pairs], np.int64),
    }
    kept = ", ".join(call.buffer(name, array) for name, array in arrays.items())
    prob_a, prob_b = _floats(call, "prob_a"), _floats(call, "prob_b")
    platt = f"{call.buffer('prob_a', prob_a)}, {call.buffer('prob_b', prob_b)}" if prob_a.size else "None, None"
    text = f"ops_ml_svm.classifier({call.input(0)}, {kept}, {platt}, {_kernel(call)}, {transform!r})"
    return Expression(text, ("Tensor", "Tensor"))


@operator("SVMRegressor", domain=ML)
def regressor(call: Call) -> str:
    """Decision values, or their signs for a one-class machine."""
    if post_transform(call) != "NONE":
        call.refuse("post_transform is not implemented here")
    count, rho, one_class = call.integer("n_supports"), call.reals("rho")[0], call.flag("one_class")
    kernel, weights = _kernel(call), _floats(call, "coefficients")
    coefficients = call.buffer("coefficients", weights)
    if count == 0:
        call.ignore("support_vectors")
        return f"ops_ml_svm.linear_regressor({call.input(0)}, {coefficients}, {rho!r}, {one_class})"
    vectors = call.buffer("vectors", _floats(call, "support_vectors").reshape(count, -1))
    return f"ops_ml_svm.regressor({call.input(0)}, {vectors}, {coefficients}, {rho!r}, {kernel}, {one_class})"
