"""Walks a pipeline step by step, for bisecting a difference."""

from __future__ import annotations

from typing import Any

from mlpack.core.framework import Visit
from mlpack.frameworks.sklearn.columns import transformer_columns
from mlpack.runtime.estimator import answers, dense, rows_reader
from mlpack.runtime.session import Feed
from mlpack.runtime.signature import Signature


def visit_stages(model: Any, signature: Signature, feed: Feed, visit: Visit) -> None:
    """Hand the output of each step of ``model`` for ``feed`` to ``visit``, under the name of the step.

    A branch of a ColumnTransformer or FeatureUnion is called ``step/branch``; the outputs of the last step carry the
    names of the model's outputs. Steps are computed one after the other, and none is kept.
    """
    rows = rows_reader(model, signature)(feed)
    _visit(model, rows, "", visit)
    for name, values in answers(model, rows).items():
        visit(name, values)


def _visit(model: Any, rows: Any, prefix: str, visit: Visit) -> Any:
    """Visit the inner steps of ``model``; its own output when it is a transformer, else None."""
    kind = type(model).__name__
    if kind == "Pipeline":
        for name, step in model.steps:
            if step is None or step == "passthrough":
                continue
            _visit(step, rows, f"{prefix}{name}/", visit)
            if hasattr(step, "transform"):
                rows = step.transform(rows)
                visit(f"{prefix}{name}", dense(rows))
    elif kind == "ColumnTransformer":
        _visit_branches_by_column(model, rows, prefix, visit)
    elif kind == "FeatureUnion":
        for name, branch in model.transformer_list:
            if not isinstance(branch, str):
                visit(f"{prefix}{name}", dense(branch.transform(rows)))
    elif hasattr(model, "best_estimator_"):
        _visit(model.best_estimator_, rows, prefix, visit)


def _visit_branches_by_column(model: Any, rows: Any, prefix: str, visit: Visit) -> None:
    for name, branch, columns in model.transformers_:
        if isinstance(branch, str):
            continue
        if isinstance(columns, str):  # one column as a series: what a text vectoriser takes
            part = rows[columns]
        elif hasattr(rows, "iloc"):
            part = rows[[model.feature_names_in_[position] for position in transformer_columns(model, name, columns)]]
        elif isinstance(columns, int):
            part = rows[:, columns]
        else:
            part = rows[:, list(transformer_columns(model, name, columns))]
        if part.shape[-1]:
            visit(f"{prefix}{name}", dense(branch.transform(part)))
