"""Pipelines, ColumnTransformer, FeatureUnion and FunctionTransformer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlpack.converters.sklearn_to_onnx.emission import (
    Block,
    Prediction,
    Table,
    emit_predict,
    emit_transform,
    predicts,
    transforms,
    unsupported,
    within,
)
from mlpack.graph.writer import GraphWriter

_CHECK = "check_array"
_FUNCTIONS = {
    "log": "Log",
    "exp": "Exp",
    "sqrt": "Sqrt",
    "absolute": "Abs",
    "abs": "Abs",
    "square": "",
    "log1p": "",
    "expm1": "",
}


@transforms("Pipeline")
def emit_pipeline_transform(graph: GraphWriter, model: Any, table: Table) -> Table:
    """Every step in turn."""
    for number, name, step in _steps(model):
        with within(graph, f"step {number}", name, step):
            table = emit_transform(graph, step, table)
    return table


@predicts("Pipeline")
def emit_pipeline_predict(graph: GraphWriter, model: Any, table: Table) -> Prediction:
    """Every step in turn; the last one predicts."""
    *steps, (last_number, last_name, last) = _steps(model)
    for number, name, step in steps:
        with within(graph, f"step {number}", name, step):
            table = emit_transform(graph, step, table)
    with within(graph, f"step {last_number}", last_name, last):
        return emit_predict(graph, last, table)


@transforms("ColumnTransformer")
def emit_column_transformer(graph: GraphWriter, model: Any, table: Table) -> Table:
    """Each branch on its columns; the results side by side, in the order of the branches."""
    blocks: list[Block] = []
    for name, branch, columns in model.transformers_:
        positions = _present(model, name, table)
        if not positions or (isinstance(branch, str) and branch == "drop"):
            continue
        part = table.select(graph, positions)
        if isinstance(branch, str):
            blocks += part.blocks
            continue
        if isinstance(columns, (str, int)):
            part = _as_text(graph, part)
        with within(graph, "branch", name, branch):
            blocks += _weighted(graph, emit_transform(graph, branch, part), (model.transformer_weights or {}).get(name))
    return Table(tuple(blocks))


@transforms("FeatureUnion")
def emit_feature_union(graph: GraphWriter, model: Any, table: Table) -> Table:
    """Each branch on all columns; the results side by side."""
    blocks: list[Block] = []
    for name, branch in model.transformer_list:
        if isinstance(branch, str):
            blocks += table.blocks if branch == "passthrough" else ()
            continue
        with within(graph, "branch", name, branch):
            blocks += _weighted(
                graph, emit_transform(graph, branch, table), (model.transformer_weights or {}).get(name)
            )
    return Table(tuple(blocks))


@transforms("FunctionTransformer")
def emit_function(graph: GraphWriter, model: Any, table: Table) -> Table:
    """The identity, and the functions of NumPy that ONNX has; a function of the user's is code, not arithmetic."""
    if model.func is None or _only_checks(model.func):
        return table
    name = getattr(model.func, "__name__", "")
    if name not in _FUNCTIONS or type(model.func).__module__ != "numpy" or model.kw_args:
        raise unsupported(model, f"its function {name or model.func!r} is Python code")
    rows = table.matrix(graph)
    if name == "square":
        tensor = graph.node("Mul", rows, rows)
    elif name == "log1p":
        tensor = graph.node("Log", graph.node("Add", rows, graph.constant(1.0)))
    elif name == "expm1":
        tensor = graph.node("Sub", graph.node("Exp", rows), graph.constant(1.0))
    else:
        tensor = graph.node(_FUNCTIONS[name], rows)
    return Table((Block(tensor, table.width),))


def _steps(model: Any) -> list[tuple[int, str, Any]]:
    """Number (from 1), name and estimator of the steps that do something."""
    return [
        (number, name, step)
        for number, (name, step) in enumerate(model.steps, start=1)
        if step is not None and step != "passthrough"
    ]


def _present(model: Any, name: str, table: Table) -> list[int]:
    """Where the columns of branch ``name`` stand in ``table``, from which unused columns may be missing."""
    positions = [int(position) for position in model._transformer_to_input_indices[name]]
    if table.width == model.n_features_in_:
        return positions
    used = sorted(set(_used(model)))
    return [used.index(position) for position in positions if position in used]


def _used(model: Any) -> Iterator[int]:
    for name, branch, _ in model.transformers_:
        if not (isinstance(branch, str) and branch == "drop"):
            yield from (int(position) for position in model._transformer_to_input_indices[name])


def _as_text(graph: GraphWriter, part: Table) -> Table:
    """A column named alone reaches its branch as a vector."""
    (block,) = part.blocks
    return Table((Block(graph.reshape(block.tensor, (-1,)), 1, "text"),)) if block.kind == "string" else part


def _weighted(graph: GraphWriter, table: Table, weight: float | None) -> tuple[Block, ...]:
    if weight is None:
        return table.blocks
    return (Block(graph.node("Mul", table.matrix(graph), graph.constant(float(weight))), table.width),)


def _only_checks(function: Any) -> bool:
    """Whether a function is scikit-learn's own validation, which changes no value (HistGradientBoosting has one inside)."""
    inner = getattr(function, "func", function)
    return getattr(inner, "__name__", "") == _CHECK and getattr(inner, "__module__", "") == "sklearn.utils.validation"
