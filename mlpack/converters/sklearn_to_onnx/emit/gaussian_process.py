"""Gaussian processes: the posterior mean, and the Laplace approximation for classes."""

from __future__ import annotations

from typing import Any

import numpy as np

from mlpack.converters.sklearn_to_onnx.arithmetic import affine, argmax, as_column, as_vector, divided_by_sum, is_above
from mlpack.converters.sklearn_to_onnx.emission import Classes, Table, Values, predicts, unsupported
from mlpack.converters.sklearn_to_onnx.kernel import process_kernel
from mlpack.graph.writer import GraphWriter

_DEGREE = 34
"""Of the polynomial for erfc: the interpolation error is under 1e-15 from there on."""


@predicts("GaussianProcessRegressor")
def emit_process_regressor(graph: GraphWriter, model: Any, table: Table) -> Values:
    """The posterior mean in the units of the target."""
    kernels = process_kernel(graph, model, model.kernel_, table.matrix(graph), model.X_train_)
    alpha = np.asarray(model.alpha_)
    mean = affine(graph, kernels, alpha.reshape(len(alpha), -1), 0.0)
    scaled = graph.node("Mul", mean, graph.constant(np.atleast_1d(model._y_train_std)))
    result = graph.node("Add", scaled, graph.constant(np.atleast_1d(model._y_train_mean)))
    if alpha.ndim == 1 or alpha.shape[1] == 1:
        return Values(as_vector(graph, result))
    return Values(result, alpha.shape[1])


@predicts("GaussianProcessClassifier")
def emit_process_classifier(graph: GraphWriter, model: Any, table: Table) -> Classes:
    """One binary process, or one a class against the rest."""
    rows = table.matrix(graph)
    if model.n_classes_ == 2:
        latent, positive = _binary(graph, model.base_estimator_, rows)
        column = as_column(graph, positive)
        probabilities = graph.node("Concat", graph.node("Sub", graph.constant(1.0), column), column, axis=1)
        return Classes(model.classes_, is_above(graph, latent, 0.0), probabilities)
    if model.multi_class != "one_vs_rest":
        raise unsupported(model, "with multi_class='one_vs_one' it has no probabilities")
    columns = [as_column(graph, _binary(graph, one, rows)[1]) for one in model.base_estimator_.estimators_]
    probabilities = divided_by_sum(graph, graph.node("Concat", *columns, axis=1))
    return Classes(model.classes_, argmax(graph, graph.node("Concat", *columns, axis=1)), probabilities)


def _binary(graph: GraphWriter, model: Any, rows: str) -> tuple[str, str]:
    """Latent mean and probability of the second class, Algorithm 3.2 of https://gaussianprocess.org/gpml/."""
    from sklearn.gaussian_process._gpc import COEFS, LAMBDAS

    kernels = process_kernel(graph, model, model.kernel_, rows, model.X_train_)
    latent = affine(graph, kernels, (model.y_train_ - model.pi_).reshape(-1, 1), 0.0)
    inverse = np.linalg.solve(model.L_, np.diag(model.W_sr_))
    spread = affine(graph, kernels, inverse.T, 0.0)
    explained = graph.reduce("ReduceSum", graph.node("Mul", spread, spread), 1, keepdims=True)
    variance = graph.node("Sub", _diagonal(graph, model, model.kernel_, rows), explained)
    alpha = graph.node("Div", graph.constant(1.0), graph.node("Mul", graph.constant(2.0), variance))
    squares = graph.constant((LAMBDAS**2).reshape(1, -1))
    root = graph.node("Sqrt", graph.node("Div", alpha, graph.node("Add", alpha, squares)))
    gamma = graph.node("Mul", latent, graph.constant(LAMBDAS.reshape(1, -1)))
    # sqrt(pi / alpha) / (2 sqrt(2 pi variance)) is 1/2 for every row
    integrals = graph.node("Mul", _erf(graph, graph.node("Mul", gamma, root)), graph.constant(0.5))
    weighed = affine(graph, integrals, COEFS.reshape(-1, 1), 0.5 * COEFS.sum())
    return as_vector(graph, latent), as_vector(graph, weighed)


def _diagonal(graph: GraphWriter, model: Any, kernel: Any, rows: str) -> str:
    """The kernel of a row with itself, ``[batch, 1]`` or a constant."""
    kind = type(kernel).__name__
    if kind in {"Sum", "Product"}:
        first, second = (_diagonal(graph, model, one, rows) for one in (kernel.k1, kernel.k2))
        return graph.node("Add" if kind == "Sum" else "Mul", first, second)
    if kind == "DotProduct":
        norm = graph.reduce("ReduceSum", graph.node("Mul", rows, rows), 1, keepdims=True)
        return graph.node("Add", norm, graph.constant(float(kernel.sigma_0) ** 2))
    if kind == "Exponentiation":
        inner = _diagonal(graph, model, kernel.kernel, rows)
        return graph.node("Pow", inner, graph.constant(float(kernel.exponent)))
    constants = {"ConstantKernel": "constant_value", "WhiteKernel": "noise_level"}
    if kind in constants:
        return graph.constant([[float(getattr(kernel, constants[kind]))]], np.float64)
    return graph.constant([[1.0]], np.float64)


def _erf(graph: GraphWriter, value: str) -> str:
    """The error function in float64, which ONNX Runtime has in float32 only.

    ``erfc(z) = t exp(-z**2 + p(t))`` with ``t = 2 / (2 + z)`` and a Chebyshev polynomial ``p`` (Numerical Recipes, 3rd ed.,
    section 6.2.2), evaluated by Clenshaw's recurrence.
    """
    from numpy.polynomial import chebyshev
    from scipy.special import erfcx

    coefficients = chebyshev.chebinterpolate(lambda x: _log_scaled(erfcx, x), _DEGREE)
    size = graph.node("Abs", value)
    t = graph.node("Div", graph.constant(2.0), graph.node("Add", graph.constant(2.0), size))
    double = graph.node("Sub", graph.node("Mul", graph.constant(4.0), t), graph.constant(2.0))
    newer = older = graph.constant(0.0)
    for coefficient in coefficients[:0:-1]:
        step = graph.node("Sub", graph.node("Mul", double, newer), older)
        newer, older = graph.node("Add", step, graph.constant(float(coefficient))), newer
    half = graph.node("Mul", graph.node("Mul", double, graph.constant(0.5)), newer)
    polynomial = graph.node("Add", graph.node("Sub", half, older), graph.constant(float(coefficients[0])))
    exponent = graph.node("Sub", polynomial, graph.node("Mul", size, size))
    complement = graph.node("Mul", t, graph.node("Exp", exponent))
    return graph.node("Mul", graph.node("Sign", value), graph.node("Sub", graph.constant(1.0), complement))


def _log_scaled(erfcx: Any, x: Any) -> Any:
    """``log(erfcx(z) / t)`` for ``t = (x + 1) / 2`` in (0, 1]."""
    t = (np.asarray(x) + 1.0) / 2.0
    return np.log(erfcx(2.0 / t - 2.0) / t)
