"""Several outputs, and several classes out of binary classifiers."""

from __future__ import annotations

from typing import Any

import numpy as np

from mlpack.converters.sklearn_to_onnx.arithmetic import (
    argmax,
    as_column,
    as_vector,
    column_at,
    is_above,
    squared_distances,
    two_columns,
)
from mlpack.converters.sklearn_to_onnx.emission import (
    Block,
    Classes,
    MultiClasses,
    Prediction,
    Table,
    Values,
    emit_classes,
    emit_predict,
    emit_values,
    predicts,
    unsupported,
    within,
)
from mlpack.converters.sklearn_to_onnx.emit.kernels import one_against_one
from mlpack.graph.writer import GraphWriter


@predicts("MultiOutputClassifier")
def emit_multi_output_classifier(graph: GraphWriter, model: Any, table: Table) -> MultiClasses:
    """One classifier an output."""
    outputs = []
    for number, estimator in enumerate(model.estimators_):
        with within(graph, "estimator", str(number), estimator):
            outputs.append(emit_classes(graph, estimator, table))
    return MultiClasses(tuple(outputs))


@predicts("MultiOutputRegressor")
def emit_multi_output_regressor(graph: GraphWriter, model: Any, table: Table) -> Values:
    """One regressor an output."""
    columns = []
    for number, estimator in enumerate(model.estimators_):
        with within(graph, "estimator", str(number), estimator):
            columns.append(as_column(graph, emit_values(graph, estimator, table).tensor))
    return Values(graph.node("Concat", *columns, axis=1), len(columns))


@predicts("RegressorChain")
def emit_regressor_chain(graph: GraphWriter, model: Any, table: Table) -> Values:
    """Each regressor also sees the answers before its own."""
    columns: list[str] = []
    for number, estimator in enumerate(model.estimators_):
        seen = Table((*table.blocks, *(Block(column, 1) for column in columns)))
        with within(graph, "estimator", str(number), estimator):
            columns.append(as_column(graph, emit_values(graph, estimator, seen).tensor))
    ordered = [columns[position] for position in np.argsort(model.order_)]
    return Values(graph.node("Concat", *ordered, axis=1), len(ordered))


@predicts("ClassifierChain")
def emit_classifier_chain(graph: GraphWriter, model: Any, table: Table) -> MultiClasses:
    """Each classifier also sees the answers before its own, as labels or as scores."""
    method = getattr(model, "chain_method_", "predict")
    columns: list[str] = []
    outputs: list[Classes] = []
    for number, estimator in enumerate(model.estimators_):
        seen = Table((*table.blocks, *(Block(column, 1) for column in columns)))
        with within(graph, "estimator", str(number), estimator):
            part = emit_classes(graph, estimator, seen)
        outputs.append(part)
        columns.append(as_column(graph, _response(graph, model, part, method)))
    return MultiClasses(tuple(outputs[position] for position in np.argsort(model.order_)))


@predicts("OneVsRestClassifier")
def emit_one_against_rest(graph: GraphWriter, model: Any, table: Table) -> Prediction:
    """One binary classifier a class: the surest wins; several labels where it was fitted on such."""
    parts = []
    for number, estimator in enumerate(model.estimators_):
        with within(graph, "estimator", str(number), estimator):
            parts.append(_binary_part(graph, model, estimator, table))
    if model.multilabel_:
        return MultiClasses(
            tuple(Classes(np.array([0, 1]), part.index, part.probabilities, part.decision) for part in parts)
        )
    if len(parts) == 1:
        return Classes(model.classes_, parts[0].index, parts[0].probabilities, parts[0].decision)
    scores = graph.node("Concat", *(as_column(graph, _confidence(graph, model, part)) for part in parts), axis=1)
    probabilities = None
    if all(part.probabilities is not None for part in parts):
        second = [as_column(graph, column_at(graph, part.probabilities or "", 1)) for part in parts]
        joined = graph.node("Concat", *second, axis=1)
        total = graph.reduce("ReduceSum", joined, 1, keepdims=True)
        is_zero = graph.node("Equal", total, graph.constant(0.0))
        probabilities = graph.node("Div", joined, graph.node("Where", is_zero, graph.constant(1.0), total))
    return Classes(model.classes_, argmax(graph, scores), probabilities, scores)


@predicts("OneVsOneClassifier")
def emit_one_against_one(graph: GraphWriter, model: Any, table: Table) -> Classes:
    """One binary classifier a pair of classes: the most wins, then the surest."""
    if model.pairwise_indices_ is not None:
        raise unsupported(model, "it works on precomputed kernels")
    wins, scores = [], []
    for number, estimator in enumerate(model.estimators_):
        with within(graph, "estimator", str(number), estimator):
            part = emit_predict(graph, estimator, table)
        if isinstance(part, Values):
            wins.append(as_column(graph, part.tensor))
            scores.append(wins[-1])
        elif isinstance(part, Classes):
            wins.append(as_column(graph, graph.cast(part.index, "float64")))
            scores.append(as_column(graph, _confidence(graph, model, part)))
    classes = int(model.n_classes_)
    joined = graph.node("Concat", *scores, axis=1)
    won = graph.node("Concat", *wins, axis=1)
    _, decision = one_against_one(graph, joined, classes, strict=True, predictions=won)
    if classes > 2:
        return Classes(model.classes_, argmax(graph, decision), None, decision)
    vector = column_at(graph, decision, 1)
    from sklearn.multiclass import _threshold_for_binary_predict

    threshold = float(_threshold_for_binary_predict(model.estimators_[0]))
    return Classes(model.classes_, is_above(graph, vector, threshold), None, vector)


@predicts("OutputCodeClassifier")
def emit_output_code(graph: GraphWriter, model: Any, table: Table) -> Classes:
    """The class whose code word is nearest to the scores."""
    columns = []
    for number, estimator in enumerate(model.estimators_):
        with within(graph, "estimator", str(number), estimator):
            part = emit_predict(graph, estimator, table)
        score = part.tensor if isinstance(part, Values) else _confidence(graph, model, part)
        columns.append(as_column(graph, score))
    distances = squared_distances(graph, graph.node("Concat", *columns, axis=1), model.code_book_)
    return Classes(model.classes_, graph.node("ArgMin", distances, axis=1, keepdims=0))


def _confidence(graph: GraphWriter, model: Any, part: Prediction) -> str:
    """The score for the second class: a decision, else a probability."""
    if not isinstance(part, Classes):
        raise unsupported(model, "an estimator inside has several outputs")
    if part.decision is not None:
        return as_vector(graph, part.decision)
    if part.probabilities is not None:
        return column_at(graph, part.probabilities, 1)
    raise unsupported(model, "an estimator inside has no score")


def _response(graph: GraphWriter, model: Any, part: Classes, method: str) -> str:
    if method == "decision_function" and part.decision is not None:
        return part.decision
    if method in {"predict_proba", "predict_log_proba"} and part.probabilities is not None:
        second = column_at(graph, part.probabilities, 1)
        return graph.node("Log", second) if method == "predict_log_proba" else second
    if method != "predict":
        raise unsupported(model, f"an estimator inside has no {method}")
    labels = np.asarray(part.labels).astype(np.float64)
    return graph.node("Gather", graph.constant(labels), part.index, axis=0)


def _binary_part(graph: GraphWriter, model: Any, estimator: Any, table: Table) -> Classes:
    """A binary classifier's answer; a regressor says yes above a half."""
    part = emit_predict(graph, estimator, table)
    if isinstance(part, Values):
        above = is_above(graph, part.tensor, 0.5)
        return Classes(np.array([0, 1]), above, None, part.tensor)
    if not isinstance(part, Classes):
        raise unsupported(model, "an estimator inside has several outputs")
    return part


@predicts("_ConstantPredictor")
def emit_constant(graph: GraphWriter, model: Any, table: Table) -> Classes:
    """The stand-in for a binary classifier whose class every row or no row had."""
    score = graph.node("Add", _zeros(graph, table), graph.constant(float(np.ravel(model.y_)[0])))
    return Classes(np.array([0, 1]), graph.cast(score, "int64"), two_columns(graph, score), score)


def _zeros(graph: GraphWriter, table: Table) -> str:
    rows = graph.node("Shape", table.blocks[0].tensor, start=0, end=1)
    return graph.node("Expand", graph.constant([0.0]), rows)
