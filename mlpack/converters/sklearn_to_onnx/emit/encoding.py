"""Categories to numbers: one-hot, ordinal and target encoders, and bins."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpack.converters.sklearn_to_onnx.arithmetic import as_column
from mlpack.converters.sklearn_to_onnx.emission import Block, Table, numbers, transforms, unsupported
from mlpack.graph.writer import GraphWriter


@transforms("OneHotEncoder")
def emit_one_hot(graph: GraphWriter, model: Any, table: Table) -> Table:
    """One column a category; rare ones share a column, dropped and unknown ones have none."""
    blocks = []
    for position, (categories, column) in enumerate(zip(model.categories_, _columns(graph, table), strict=True)):
        places, width = _one_hot_places(model, position, len(categories))
        if width:
            blocks.append(Block(_hot(graph, places, width, category_index(graph, model, categories, column)), width))
    return Table(tuple(blocks))


@transforms("OrdinalEncoder")
def emit_ordinal(graph: GraphWriter, model: Any, table: Table) -> Table:
    """The number of each category; what is unknown or missing gets the encoder's value for it."""
    columns = []
    for position, (categories, column) in enumerate(zip(model.categories_, _columns(graph, table), strict=True)):
        grouped = _grouping(model, position, len(categories))
        unknown = model.unknown_value if model.handle_unknown == "use_encoded_value" else np.nan
        codes = np.append(grouped.astype(np.float64), np.nan if unknown is None else float(unknown))
        missing = getattr(model, "_missing_indices", {}).get(position)
        if missing is not None:
            codes[missing] = float(model.encoded_missing_value)
        index = category_index(graph, model, categories, column)
        columns.append(as_column(graph, graph.node("Gather", graph.constant(codes), index, axis=0)))
    return numbers(graph.node("Concat", *columns, axis=1), len(columns))


@transforms("TargetEncoder")
def emit_target(graph: GraphWriter, model: Any, table: Table) -> Table:
    """The mean target of each category, one column a class where there are more than two."""
    indices = [
        category_index(graph, model, categories, column)
        for categories, column in zip(model.categories_, _columns(graph, table), strict=True)
    ]
    outputs = len(model.encodings_) // len(indices)
    means = np.atleast_1d(model.target_mean_)
    columns = []
    for number, encoding in enumerate(model.encodings_):
        values = np.append(np.asarray(encoding, dtype=np.float64), means[number % outputs])
        found = graph.node("Gather", graph.constant(values), indices[number // outputs], axis=0)
        columns.append(as_column(graph, found))
    return numbers(graph.node("Concat", *columns, axis=1), len(columns))


@transforms("KBinsDiscretizer")
def emit_bins(graph: GraphWriter, model: Any, table: Table) -> Table:
    """The number of inner edges that a value reaches, as it is or one-hot."""
    blocks = []
    for edges, column in zip(model.bin_edges_, _columns(graph, table), strict=True):
        reached = graph.node("GreaterOrEqual", column.tensor, graph.constant(np.asarray(edges)[1:-1].reshape(1, -1)))
        number = graph.reduce("ReduceSum", graph.cast(reached, "int64"), 1)
        width = len(edges) - 1
        if model.encode == "ordinal":
            blocks.append(Block(as_column(graph, graph.cast(number, "float64")), 1))
        else:
            blocks.append(Block(_hot(graph, np.append(np.arange(width), width), width, number), width))
    return Table(tuple(blocks))


def category_index(graph: GraphWriter, model: Any, categories: Any, column: Block) -> str:
    """The position of each value among ``categories``, their count for an unknown one: int64 ``[batch]``."""
    known = np.asarray(categories)
    if column.kind == "string":
        if any(not isinstance(value, str) and not _is_missing(value) for value in known.tolist()):
            raise unsupported(model, "its categories mix strings and numbers")
        names = [(value, at) for at, value in enumerate(known.tolist()) if isinstance(value, str)]
        index = graph.node(
            "LabelEncoder", column.tensor, domain="ai.onnx.ml", keys_strings=[name for name, _ in names],
            values_int64s=[at for _, at in names], default_int64=len(known),
        )  # fmt: skip
        return graph.reshape(index, (-1,))
    try:
        values = known.astype(np.float64)
    except ValueError as error:
        raise unsupported(model, "its categories are strings, and the step before gives numbers") from error
    equal = graph.node("Equal", column.tensor, graph.constant(values.reshape(1, -1)))
    if np.isnan(values).any():
        is_missing = graph.node(
            "And", graph.node("IsNaN", column.tensor), graph.constant(np.isnan(values).reshape(1, -1))
        )
        equal = graph.node("Or", equal, is_missing)
    matches = graph.cast(equal, "int64")
    found = graph.node("Greater", graph.reduce("ReduceSum", matches, 1), graph.constant([0], np.int64))
    position = graph.node("ArgMax", matches, axis=1, keepdims=0)
    return graph.node("Where", found, position, graph.constant([len(known)], np.int64))


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and bool(np.isnan(value)))


def _columns(graph: GraphWriter, table: Table) -> Iterator[Block]:
    """Each column as a block of its own."""
    for position in range(table.width):
        (block,) = table.select(graph, [position]).blocks
        yield block


def _hot(graph: GraphWriter, places: Any, width: int, index: str) -> str:
    """One-hot rows; the place ``width`` is beyond the last column and leaves a row of zeros."""
    place = graph.node("Gather", graph.constant(places, np.int64), index, axis=0)
    values = graph.constant([0.0, 1.0], np.float32)
    hot = graph.node("OneHot", place, graph.constant(width, np.int64), values, axis=-1)
    return graph.cast(hot, "float64")


def _grouping(model: Any, position: int, count: int) -> NDArray[np.int64]:
    """Where each category goes once the rare ones are put together, which come last."""
    if getattr(model, "_infrequent_enabled", False):
        mapping = model._default_to_infrequent_mappings[position]
        if mapping is not None:
            return np.asarray(mapping, dtype=np.int64)
    return np.arange(count)


def _one_hot_places(model: Any, position: int, count: int) -> tuple[NDArray[np.int64], int]:
    """The column of each category and of an unknown one, and how many columns there are."""
    grouped = _grouping(model, position, count)
    width = int(grouped.max()) + 1 if count else 0
    has_rare = len(set(grouped.tolist())) < count or _is_rare(model, position)
    unknown = width - 1 if model.handle_unknown in {"infrequent_if_exist", "warn"} and has_rare else width
    places = np.append(grouped, unknown)
    dropped = getattr(model, "_drop_idx_after_grouping", None)
    gone = dropped[position] if dropped is not None else None
    if gone is None:
        return places, width
    kept = np.where(places > gone, places - 1, places)
    return np.where(places == gone, width - 1, kept), width - 1


def _is_rare(model: Any, position: int) -> bool:
    rare = getattr(model, "infrequent_categories_", None) if getattr(model, "_infrequent_enabled", False) else None
    return rare is not None and rare[position] is not None
