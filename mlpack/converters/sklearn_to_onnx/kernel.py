"""Kernels between rows and stored points, in float64."""

from __future__ import annotations

from typing import Any

import numpy as np

from mlpack.converters.sklearn_to_onnx.arithmetic import affine, squared_distances
from mlpack.converters.sklearn_to_onnx.emission import unsupported
from mlpack.graph.writer import GraphWriter

_FEW_FEATURES = 48


def kernel_matrix(
    graph: GraphWriter,
    model: Any,
    rows: str,
    points: Any,
    kernel: Any,
    *,
    gamma: float = 1.0,
    degree: float = 3,
    coef0: float = 0.0,
) -> str:
    """``[batch, points]``, for the kernels that scikit-learn names. Raises UnsupportedOperatorError for others."""
    if kernel == "rbf":
        return graph.node("Exp", graph.node("Mul", graph.constant(-float(gamma)), near(graph, rows, points)))
    if kernel not in {"linear", "poly", "polynomial", "sigmoid"}:
        name = kernel if isinstance(kernel, str) else "a Python function"
        raise unsupported(model, f"its kernel {name!r} has no ONNX form here")
    product = affine(graph, rows, np.asarray(points).T, 0.0)
    if kernel == "linear":
        return product
    scaled = graph.node("Add", graph.node("Mul", product, graph.constant(float(gamma))), graph.constant(float(coef0)))
    if kernel == "sigmoid":
        return graph.node("Tanh", scaled)
    return graph.node("Pow", scaled, graph.constant(float(degree)))


def process_kernel(graph: GraphWriter, model: Any, kernel: Any, rows: str, points: Any) -> str:
    """A kernel of ``sklearn.gaussian_process.kernels`` between rows and other rows, ``[batch, points]``."""
    kind = type(kernel).__name__
    if kind in {"Sum", "Product"}:
        first = process_kernel(graph, model, kernel.k1, rows, points)
        second = process_kernel(graph, model, kernel.k2, rows, points)
        return graph.node("Add" if kind == "Sum" else "Mul", first, second)
    if kind == "Exponentiation":
        inner = process_kernel(graph, model, kernel.kernel, rows, points)
        return graph.node("Pow", inner, graph.constant(float(kernel.exponent)))
    if kind == "ConstantKernel":
        return graph.constant(np.full((1, len(points)), float(kernel.constant_value)))
    if kind == "WhiteKernel":  # noise belongs to a row itself, not to a pair of rows
        return graph.constant(np.zeros((1, len(points))))
    if kind == "DotProduct":
        return affine(graph, rows, np.asarray(points).T, float(kernel.sigma_0) ** 2)
    if kind in {"RBF", "Matern", "RationalQuadratic"}:
        return _stationary(graph, model, kernel, kind, rows, points)
    raise unsupported(model, f"its kernel {kind} has no ONNX form here")


def near(graph: GraphWriter, rows: str, points: Any) -> str:
    """Squared Euclidean distances, for kernels: feature by feature where there are few, else by a matrix product.

    The product, ``|x|**2 - 2 x.p + |p|**2``, cancels digits; taken from the centre of the points it cancels the fewest.
    """
    matrix = np.asarray(points, dtype=np.float64)
    if matrix.shape[1] <= _FEW_FEATURES:
        return squared_distances(graph, rows, matrix)
    center = matrix.mean(axis=0)
    centred, moved = matrix - center, graph.node("Sub", rows, graph.constant(center))
    norms = graph.reduce("ReduceSum", graph.node("Mul", moved, moved), 1, keepdims=True)
    crossed = affine(graph, moved, -2.0 * centred.T, np.sum(centred * centred, axis=1))
    return graph.node("Max", graph.node("Add", crossed, norms), graph.constant(0.0))


def _stationary(graph: GraphWriter, model: Any, kernel: Any, kind: str, rows: str, points: Any) -> str:
    """Kernels of the distance alone, https://gaussianprocess.org/gpml/chapters/RW4.pdf."""
    if kind == "RationalQuadratic":
        scale = 2.0 * float(kernel.alpha) * float(kernel.length_scale) ** 2
        ratio = graph.node("Div", near(graph, rows, points), graph.constant(scale))
        return graph.node("Pow", graph.node("Add", ratio, graph.constant(1.0)), graph.constant(-float(kernel.alpha)))
    lengths = np.broadcast_to(np.asarray(kernel.length_scale, dtype=np.float64), np.asarray(points).shape[1:])
    square = near(graph, graph.node("Div", rows, graph.constant(np.array(lengths))), np.asarray(points) / lengths)
    if kind == "RBF" or np.isinf(kernel.nu):
        return graph.node("Exp", graph.node("Mul", graph.constant(-0.5), square))
    distance = graph.node("Sqrt", square)
    if kernel.nu == 0.5:
        return graph.node("Exp", graph.node("Neg", distance))
    if kernel.nu not in {1.5, 2.5}:
        raise unsupported(model, f"its Matern kernel has nu={kernel.nu}, which needs a Bessel function")
    scaled = graph.node("Mul", distance, graph.constant(float(np.sqrt(2 * kernel.nu))))
    factor = graph.node("Add", graph.constant(1.0), scaled)
    if kernel.nu == 2.5:
        third = graph.node("Div", graph.node("Mul", scaled, scaled), graph.constant(3.0))
        factor = graph.node("Add", factor, third)
    return graph.node("Mul", factor, graph.node("Exp", graph.node("Neg", scaled)))
