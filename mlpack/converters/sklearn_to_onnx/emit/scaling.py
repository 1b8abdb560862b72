"""Scalers and other elementwise steps, operation by operation in the order in which scikit-learn computes them."""

from __future__ import annotations

from typing import Any

import numpy as np

from mlpack.converters.sklearn_to_onnx.emission import Table, numbers, transforms, unsupported
from mlpack.graph.writer import GraphWriter


@transforms("StandardScaler")
def emit_standard_scaler(graph: GraphWriter, model: Any, table: Table) -> Table:
    """``(x - mean) / scale``; a multiplication by the reciprocal would round otherwise."""
    rows = table.matrix(graph)
    if model.with_mean:
        rows = graph.node("Sub", rows, graph.constant(model.mean_, np.float64))
    if model.with_std:
        rows = graph.node("Div", rows, graph.constant(model.scale_, np.float64))
    return numbers(rows, table.width)


@transforms("MinMaxScaler")
def emit_min_max_scaler(graph: GraphWriter, model: Any, table: Table) -> Table:
    """``x * scale + min``, clipped where the scaler clips."""
    rows = graph.node("Mul", table.matrix(graph), graph.constant(model.scale_, np.float64))
    rows = graph.node("Add", rows, graph.constant(model.min_, np.float64))
    if model.clip:
        low, high = model.feature_range
        rows = graph.node("Clip", rows, graph.constant(low, np.float64), graph.constant(high, np.float64))
    return numbers(rows, table.width)


@transforms("MaxAbsScaler")
def emit_max_abs_scaler(graph: GraphWriter, model: Any, table: Table) -> Table:
    """``x / scale``, clipped to [-1, 1] where the scaler clips."""
    rows = graph.node("Div", table.matrix(graph), graph.constant(model.scale_, np.float64))
    if getattr(model, "clip", False):
        rows = graph.node("Clip", rows, graph.constant(-1.0), graph.constant(1.0))
    return numbers(rows, table.width)


@transforms("RobustScaler")
def emit_robust_scaler(graph: GraphWriter, model: Any, table: Table) -> Table:
    """``(x - center) / scale``."""
    rows = table.matrix(graph)
    if model.with_centering:
        rows = graph.node("Sub", rows, graph.constant(model.center_, np.float64))
    if model.with_scaling:
        rows = graph.node("Div", rows, graph.constant(model.scale_, np.float64))
    return numbers(rows, table.width)


@transforms("Normalizer")
def emit_normalizer(graph: GraphWriter, model: Any, table: Table) -> Table:
    """Each row by its norm; a row of norm zero stays."""
    return numbers(normalized(graph, table.matrix(graph), model.norm), table.width)


@transforms("Binarizer")
def emit_binarizer(graph: GraphWriter, model: Any, table: Table) -> Table:
    """One where ``x > threshold``."""
    above = graph.node("Greater", table.matrix(graph), graph.constant(float(model.threshold)))
    return numbers(graph.cast(above, "float64"), table.width)


@transforms("PowerTransformer")
def emit_power_transformer(graph: GraphWriter, model: Any, table: Table) -> Table:
    """Yeo-Johnson or Box-Cox, one exponent a column, then the scaler inside."""
    columns = []
    rows = table.matrix(graph)
    emit = _yeo_johnson if model.method == "yeo-johnson" else _box_cox
    for position, exponent in enumerate(model.lambdas_.tolist()):
        column = graph.node("Gather", rows, graph.constant([position], np.int64), axis=1)
        columns.append(column if np.isnan(exponent) else emit(graph, column, exponent))
    transformed = numbers(graph.node("Concat", *columns, axis=1), table.width)
    if not model.standardize:
        return transformed
    scaler = model._scaler
    return emit_standard_scaler(graph, scaler, transformed)


def normalized(graph: GraphWriter, rows: str, norm: str) -> str:
    """``rows``, each divided by its norm ``l1``, ``l2`` or ``max``."""
    size = graph.node("Abs", rows)
    if norm == "l2":
        lengths = graph.node("Sqrt", graph.reduce("ReduceSum", graph.node("Mul", rows, rows), 1, keepdims=True))
    elif norm in {"l1", "max"}:
        lengths = graph.reduce("ReduceSum" if norm == "l1" else "ReduceMax", size, 1, keepdims=True)
    else:
        raise unsupported(norm, f"there is no norm {norm}")
    is_zero = graph.node("Equal", lengths, graph.constant(0.0))
    return graph.node("Div", rows, graph.node("Where", is_zero, graph.constant(1.0), lengths))


def _log1p(graph: GraphWriter, value: str) -> str:
    return graph.node("Log", graph.node("Add", value, graph.constant(1.0)))


def _box_cox(graph: GraphWriter, column: str, exponent: float) -> str:
    if exponent == 0:
        return graph.node("Log", column)
    # expm1(exponent * log(x)) / exponent, as scipy.special.boxcox has it
    power = graph.node("Pow", column, graph.constant(exponent))
    return graph.node("Div", graph.node("Sub", power, graph.constant(1.0)), graph.constant(exponent))


def _yeo_johnson(graph: GraphWriter, column: str, exponent: float) -> str:
    """https://doi.org/10.1093/biomet/87.4.954, as scikit-learn writes it: no branch sees the other's numbers."""
    zero, one, eps = graph.constant(0.0), graph.constant(1.0), np.spacing(1.0)
    above, below = graph.node("Max", column, zero), graph.node("Neg", graph.node("Min", column, zero))
    if abs(exponent) < eps:
        positive = _log1p(graph, above)
    else:
        power = graph.node("Pow", graph.node("Add", above, one), graph.constant(exponent))
        positive = graph.node("Div", graph.node("Sub", power, one), graph.constant(exponent))
    if abs(exponent - 2) <= eps:
        negative = graph.node("Neg", _log1p(graph, below))
    else:
        power = graph.node("Pow", graph.node("Add", below, one), graph.constant(2 - exponent))
        negative = graph.node("Neg", graph.node("Div", graph.node("Sub", power, one), graph.constant(2 - exponent)))
    chosen = graph.node("Where", graph.node("GreaterOrEqual", column, zero), positive, negative)
    return graph.node("Where", graph.node("IsNaN", column), column, chosen)
