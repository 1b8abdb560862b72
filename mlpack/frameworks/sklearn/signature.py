"""Reads the signature of a fitted estimator."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from mlpack.core.errors import NoRouteError, UsageError
from mlpack.core.framework import ColumnHint
from mlpack.frameworks.sklearn.columns import Column, raw_columns, sample_dtypes, takes_text
from mlpack.frameworks.sklearn.hints import input_hints
from mlpack.runtime.estimator import rows_reader
from mlpack.runtime.estimator_outputs import class_labels, output_specs
from mlpack.runtime.session import Feed
from mlpack.runtime.signature import Scalar, Signature, TensorSpec

INPUT = "input"
_REFUSALS = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError, RuntimeError)
"""What estimators raise for rows that they do not like."""
_NUMBERS_TO_TRY = (1.0, 0.0, 0.5, 2.0)
_WORDS_TO_TRY = ("a", "the text", "1")


def infer_signature(model: Any, sample: Feed | None) -> Signature:
    """The signature of ``model``; see `mlpack.frameworks.sklearn.ScikitLearn.signature`."""
    _check_predicts(model)
    inputs = _inputs(model, sample)
    outputs = _outputs(model, inputs, sample)
    return Signature(inputs.inputs, outputs, inputs.columns, inputs.categories, class_labels(model, outputs))


def _check_predicts(model: Any) -> None:
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    kind = type(model).__name__
    if not hasattr(model, "predict") and not hasattr(model, "transform"):
        raise NoRouteError(
            f"{kind} cannot predict",
            why="it has neither predict nor transform: it only describes the data that it was fitted on",
            hint="save an estimator that can answer for new rows",
        )
    try:
        check_is_fitted(model)
    except NotFittedError as error:
        raise NoRouteError(f"this {kind} is not fitted", why=str(error), hint="call fit before saving it") from error


def _inputs(model: Any, sample: Feed | None) -> Signature:
    if takes_text(model):
        return Signature((TensorSpec(INPUT, "string", ("batch",)),))
    columns = raw_columns(model)
    if not columns:
        raise UsageError(
            f"{type(model).__name__} does not remember how many columns it was fitted on",
            hint="fit it again with scikit-learn 1.0 or later",
        )
    known = sample_dtypes(sample or {}, [column.name for column in columns])
    dtypes = [column.dtype or known.get(column.name) or "float64" for column in columns]
    has_names = hasattr(model, "feature_names_in_")
    if set(dtypes) == {"bool"} or (set(dtypes) == {"string"} and not has_names):
        return _matrix_input(dtypes[0], columns)
    if "string" not in dtypes:
        if "bool" not in dtypes or not has_names:
            return _matrix_input("float64", columns)
        dtypes = [dtype if dtype == "bool" else "float64" for dtype in dtypes]
    return Signature(
        tuple(TensorSpec(column.name, dtype, ("batch", 1)) for column, dtype in zip(columns, dtypes, strict=True)),
        categories=_categories(columns),
    )


def _matrix_input(dtype: str, columns: tuple[Column, ...]) -> Signature:
    names = {INPUT: tuple(column.name for column in columns)}
    return Signature((TensorSpec(INPUT, dtype, ("batch", len(columns))),), (), names, _categories(columns))


def _categories(columns: tuple[Column, ...]) -> Mapping[str, tuple[Scalar, ...]]:
    return {column.name: column.categories for column in columns if column.categories}


def _outputs(model: Any, inputs: Signature, sample: Feed | None) -> tuple[TensorSpec, ...]:
    """Ask the model, with the first rows that it does not refuse."""
    read = rows_reader(model, inputs)
    refusal: Exception | None = None
    for feed in _feeds(model, inputs, sample):
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                return output_specs(model, read(feed))
        except _REFUSALS as error:
            refusal = error
    raise UsageError(
        f"{type(model).__name__} answered none of the rows it was asked to find its outputs",
        why=f"{type(refusal).__name__}: {refusal}",
        hint="give an example of its inputs with --data",
    ) from refusal


def _feeds(model: Any, inputs: Signature, sample: Feed | None) -> Iterator[Feed]:
    if sample is not None and all(spec.name in sample for spec in inputs.inputs):
        yield {spec.name: np.asarray(sample[spec.name])[:2] for spec in inputs.inputs}
    for number, word in zip(_NUMBERS_TO_TRY, (*_WORDS_TO_TRY, ""), strict=True):
        yield {spec.name: _rows(spec, inputs, number, word) for spec in inputs.inputs}
    yield from _remembered(model, inputs)


def _remembered(model: Any, inputs: Signature) -> Iterator[Feed]:
    """Rows that the model stores, and the middle of what it knows of its columns."""
    hints = input_hints(model, inputs)
    if hints.rows:
        yield {name: np.asarray(rows)[[0, -1]] for name, rows in hints.rows.items()}
    (spec,) = inputs.inputs if len(inputs.inputs) == 1 else (None,)
    if spec is not None and spec.is_numeric:
        middles = [_middle(hint) for hint in hints.columns[spec.name]]
        yield {spec.name: np.array([middles, middles])}


def _middle(hint: ColumnHint) -> float:
    if hint.center is not None:
        return hint.center
    if hint.low is not None and hint.high is not None:
        return (hint.low + hint.high) / 2
    return 1.0 if hint.thresholds is None else float(np.median(hint.thresholds))


def _rows(spec: TensorSpec, inputs: Signature, number: float, word: str) -> Any:
    """Two rows of ``spec``: a known category where there is one, else ``number`` or ``word``."""
    shape = tuple(2 if dim == "batch" else int(dim) for dim in spec.shape)
    filler: Scalar = number if spec.is_numeric else word
    rows = np.full(shape, filler, dtype=object)
    names = inputs.columns.get(spec.name, (spec.name,))
    for position, name in enumerate(names if len(shape) > 1 else ()):
        known = inputs.categories.get(name, ())
        if known:
            rows[:, position] = known[0]
    return rows.astype(spec.dtype) if spec.is_numeric else rows
