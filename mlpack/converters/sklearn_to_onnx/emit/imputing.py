"""Missing values: simple and iterative imputation, and indicators."""

from __future__ import annotations

from typing import Any

import numpy as np

from mlpack.converters.sklearn_to_onnx.arithmetic import as_column
from mlpack.converters.sklearn_to_onnx.emission import (
    Block,
    Table,
    emit_values,
    numbers,
    transforms,
    unsupported,
    within,
)
from mlpack.graph.writer import GraphWriter


@transforms("SimpleImputer")
def emit_simple_imputer(graph: GraphWriter, model: Any, table: Table) -> Table:
    """Each missing value becomes its column's statistic; a column that had none is dropped."""
    statistics = np.asarray(model.statistics_)
    if statistics.dtype.kind == "O":
        return _impute_strings(graph, model, table, statistics)
    rows = table.matrix(graph)
    kept = np.flatnonzero(~np.isnan(statistics)) if not model.keep_empty_features else np.arange(len(statistics))
    filling = np.nan_to_num(statistics[kept], nan=0.0)
    part = table.select(graph, kept.tolist())
    tensor = part.matrix(graph)
    filled = graph.node("Where", _is_missing(graph, model, tensor), graph.constant(filling.reshape(1, -1)), tensor)
    blocks = [Block(filled, len(kept))]
    if model.indicator_ is not None:
        blocks += emit_missing_indicator(graph, model.indicator_, numbers(rows, table.width)).blocks
    return Table(tuple(blocks))


@transforms("MissingIndicator")
def emit_missing_indicator(graph: GraphWriter, model: Any, table: Table) -> Table:
    """One where a value is missing, for the features that had missing values."""
    part = table.select(graph, np.asarray(model.features_).tolist())
    return numbers(graph.cast(_is_missing(graph, model, part.matrix(graph)), "float64"), part.width)


@transforms("IterativeImputer")
def emit_iterative_imputer(graph: GraphWriter, model: Any, table: Table) -> Table:
    """A first guess, then each feature from the others, round after round, in the order of the fit."""
    initial = model.initial_imputer_
    missing = _is_missing(graph, initial, table.matrix(graph))
    start = emit_simple_imputer(graph, initial, table)
    if start.width != table.width or model.sample_posterior:
        raise unsupported(model, "it drops empty features, or draws from the posterior")
    tensor = start.blocks[0].tensor
    masks = [graph.node("Gather", missing, graph.constant([at], np.int64), axis=1) for at in range(table.width)]
    columns = [graph.node("Gather", tensor, graph.constant([at], np.int64), axis=1) for at in range(table.width)]
    for number, (feature, neighbours, estimator) in enumerate(model.imputation_sequence_):
        seen = Table(tuple(Block(columns[int(at)], 1) for at in neighbours))
        with within(graph, "round", str(number), estimator):
            guess = as_column(graph, emit_values(graph, estimator, seen).tensor)
        low, high = (float(np.ravel(bound)[feature]) for bound in (model._min_value, model._max_value))
        guess = graph.node("Clip", guess, graph.constant(low), graph.constant(high))
        columns[feature] = graph.node("Where", masks[feature], guess, columns[feature])
    blocks = [Block(graph.node("Concat", *columns, axis=1), table.width)]
    if model.indicator_ is not None:
        blocks += emit_missing_indicator(graph, model.indicator_, table).blocks
    return Table(tuple(blocks))


def _is_missing(graph: GraphWriter, model: Any, tensor: str) -> str:
    if isinstance(model.missing_values, (int, float)) and not np.isnan(model.missing_values):
        return graph.node("Equal", tensor, graph.constant(float(model.missing_values)))
    return graph.node("IsNaN", tensor)


def _impute_strings(graph: GraphWriter, model: Any, table: Table, statistics: Any) -> Table:
    """Strings are never NaN or None in a tensor: only a missing value that is a string has to be replaced."""
    if model.indicator_ is not None:
        raise unsupported(model, "it adds indicators for missing strings")
    blocks = [_impute_column(graph, model, table, at, statistic) for at, statistic in enumerate(statistics)]
    return Table(tuple(blocks))


def _impute_column(graph: GraphWriter, model: Any, table: Table, position: int, statistic: Any) -> Block:
    (block,) = table.select(graph, [position]).blocks
    if block.kind != "string":
        filling = graph.constant(float(statistic))
        return Block(graph.node("Where", graph.node("IsNaN", block.tensor), filling, block.tensor), 1)
    if not isinstance(model.missing_values, str):
        return block
    same = graph.node("Equal", block.tensor, graph.constant(np.array([model.missing_values], dtype=object)))
    filling = graph.constant(np.array([[str(statistic)]], dtype=object))
    return Block(graph.node("Where", same, filling, block.tensor), 1, "string")
