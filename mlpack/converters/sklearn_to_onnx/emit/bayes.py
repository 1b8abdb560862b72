"""Naive Bayes: joint log likelihoods, and their softmax."""

from __future__ import annotations

from typing import Any

import numpy as np

from mlpack.converters.sklearn_to_onnx.arithmetic import affine, argmax, softmax_of_logs
from mlpack.converters.sklearn_to_onnx.emission import Classes, Table, predicts
from mlpack.graph.writer import GraphWriter


@predicts("GaussianNB")
def emit_gaussian(graph: GraphWriter, model: Any, table: Table) -> Classes:
    """Log of the prior and of independent normal densities."""
    rows = table.matrix(graph)
    columns = []
    for prior, mean, variance in zip(model.class_prior_, model.theta_, model.var_, strict=True):
        difference = graph.node("Sub", rows, graph.constant(mean))
        square = graph.node("Div", graph.node("Mul", difference, difference), graph.constant(variance))
        half = graph.node("Mul", graph.constant(0.5), graph.reduce("ReduceSum", square, 1, keepdims=True))
        start = -0.5 * np.sum(np.log(2.0 * np.pi * variance))
        columns.append(graph.node("Add", graph.constant(np.log(prior)), graph.node("Sub", graph.constant(start), half)))
    return _classes(graph, model, graph.node("Concat", *columns, axis=1))


@predicts("BernoulliNB")
def emit_bernoulli(graph: GraphWriter, model: Any, table: Table) -> Classes:
    """Each feature there (above ``binarize``) or not."""
    rows = table.matrix(graph)
    if model.binarize is not None:
        rows = graph.cast(graph.node("Greater", rows, graph.constant(float(model.binarize))), "float64")
    absent = np.log(1 - np.exp(model.feature_log_prob_))
    bias = model.class_log_prior_ + absent.sum(axis=1)
    return _classes(graph, model, affine(graph, rows, (model.feature_log_prob_ - absent).T, bias))


@predicts("MultinomialNB", "ComplementNB")
def emit_multinomial(graph: GraphWriter, model: Any, table: Table) -> Classes:
    """Counts times the log probability of each feature; the complement's takes a prior for a single class only."""
    takes_prior = type(model).__name__ == "MultinomialNB" or len(model.classes_) == 1
    bias = model.class_log_prior_ if takes_prior else 0.0
    return _classes(graph, model, affine(graph, table.matrix(graph), model.feature_log_prob_.T, bias))


@predicts("CategoricalNB")
def emit_categorical(graph: GraphWriter, model: Any, table: Table) -> Classes:
    """The log probabilities of each feature's category, looked up and summed, then the prior."""
    numbers = graph.cast(table.matrix(graph), "int64")
    total = graph.constant(np.zeros((1, len(model.classes_))))
    for position, table_of_feature in enumerate(model.feature_log_prob_):
        category = graph.node("Gather", numbers, graph.constant(position, np.int64), axis=1)
        found = graph.node("Gather", graph.constant(np.ascontiguousarray(table_of_feature.T)), category, axis=0)
        total = graph.node("Add", total, found)
    return _classes(graph, model, graph.node("Add", total, graph.constant(model.class_log_prior_)))


def _classes(graph: GraphWriter, model: Any, logs: str) -> Classes:
    return Classes(model.classes_, argmax(graph, logs), softmax_of_logs(graph, logs))
