"""The columns that a fitted scikit-learn model takes: their names, kinds and categories, read from its steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlpack.runtime.estimator import parts_of, picks_by_name
from mlpack.runtime.estimator_outputs import tensor_dtype
from mlpack.runtime.session import Feed
from mlpack.runtime.signature import Scalar

_TEXT = frozenset({"CountVectorizer", "HashingVectorizer", "TfidfVectorizer"})
_ENCODERS = frozenset({"OneHotEncoder", "OrdinalEncoder", "TargetEncoder"})
_KEEP_COLUMNS = frozenset(
    {"SimpleImputer", "FunctionTransformer", "VarianceThreshold", "SelectKBest", "SelectPercentile"}
)


@dataclass(frozen=True)
class Column:
    """One column of the raw input. ``dtype`` is None where no step tells, ``used`` False where every step drops it."""

    name: str
    dtype: str | None = None
    categories: tuple[Scalar, ...] = ()
    used: bool = True


def takes_text(model: Any) -> bool:
    """Whether ``model`` takes one text a row: its first step is a text vectoriser."""
    first = _first_step(model)
    if type(first).__name__ == "FeatureUnion":
        return all(takes_text(branch) for _, branch in first.transformer_list)
    return type(first).__name__ in _TEXT


def raw_columns(model: Any) -> tuple[Column, ...]:
    """The columns of the input of ``model``, in order; named ``x0``, ``x1``... where it was fitted without names.

    Columns that nothing uses are left out where the model picks its columns by name.
    """
    count = int(getattr(model, "n_features_in_", 0) or _features_inside(model) or _takes_one_column(model))
    names = [str(name) for name in getattr(model, "feature_names_in_", [])] or [f"x{index}" for index in range(count)]
    columns = _describe(model, tuple(Column(name) for name in names))
    return tuple(column for column in columns if column.used) if picks_by_name(model) else columns


def sample_dtypes(sample: Feed, names: Sequence[str]) -> dict[str, str]:
    """The dtypes that the columns called ``names`` have in ``sample``, widened to 64 bits."""
    whole = next(iter(sample.values())) if len(sample) == 1 else None
    if whole is not None and np.asarray(whole).dtype == bool and np.shape(whole)[1:] == (len(names),):
        return dict.fromkeys(names, "bool")  # all of them in one matrix
    return {name: _widened(tensor_dtype(np.asarray(sample[name]))) for name in names if name in sample}


def transformer_columns(transformer: Any, name: str, columns: Any) -> tuple[int, ...]:
    """The positions that a ColumnTransformer gives to its transformer ``name``, whatever way they were named."""
    positions = getattr(transformer, "_transformer_to_input_indices", {})
    return tuple(int(index) for index in positions.get(name, columns if isinstance(columns, (list, tuple)) else ()))


def _features_inside(model: Any) -> int:
    """The width of the input of the first estimator inside that knows it (Voting of named pipelines does not)."""
    return next((int(part.n_features_in_) for part in parts_of(model) if hasattr(part, "n_features_in_")), 0)


def _takes_one_column(model: Any) -> bool:
    """Whether ``model`` is the estimator that takes a vector, and so counts no columns."""
    return type(model).__name__ == "IsotonicRegression"


def _first_step(model: Any) -> Any:
    while True:
        kind = type(model).__name__
        if kind == "Pipeline":
            steps = [step for _, step in model.steps if step is not None and step != "passthrough"]
            if not steps:
                return model
            model = steps[0]
        elif hasattr(model, "best_estimator_"):
            model = model.best_estimator_
        elif kind not in _TEXT and hasattr(model, "estimator_") and not hasattr(model, "estimators_"):
            model = model.estimator_
        else:
            return model


def _describe(step: Any, columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """``columns`` with what ``step``, which takes them, knows of them."""
    kind = type(step).__name__
    if kind == "Pipeline":
        return _describe_pipeline(step, columns)
    if kind == "ColumnTransformer":
        return _describe_by_column(step, columns)
    if kind in _ENCODERS:
        return tuple(
            Column(column.name, _kind_of_categories(known), _plain(known))
            for column, known in zip(columns, step.categories_, strict=True)
        )
    if kind in _TEXT:
        return tuple(Column(column.name, "string") for column in columns)
    preprocessor = getattr(step, "_preprocessor", None)
    if kind.startswith("HistGradientBoosting") and preprocessor is not None:
        return _describe(preprocessor, columns)
    if kind == "SimpleImputer" and step.statistics_.dtype.kind == "O":
        return tuple(Column(column.name, "string", column.categories) for column in columns)
    return _describe_by_inner(step, columns)


def _describe_pipeline(pipeline: Any, columns: tuple[Column, ...]) -> tuple[Column, ...]:
    for _, step in pipeline.steps:
        if step is None or step == "passthrough":
            continue
        described = _describe(step, columns)
        if type(step).__name__ not in _KEEP_COLUMNS or len(described) != getattr(step, "n_features_in_", len(columns)):
            return described
        columns = described
    return columns


def _describe_by_column(transformer: Any, columns: tuple[Column, ...]) -> tuple[Column, ...]:
    found = [Column(column.name, used=False) for column in columns]
    for name, step, chosen in transformer.transformers_:
        positions = transformer_columns(transformer, name, chosen)
        if isinstance(step, str) and step == "drop":
            continue
        part = tuple(columns[position] for position in positions)
        described = part if isinstance(step, str) else _describe(step, part)
        for position, column in zip(positions, described, strict=True):
            known = found[position]
            found[position] = Column(column.name, column.dtype or known.dtype, column.categories or known.categories)
    return tuple(found)


def _describe_by_inner(step: Any, columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """What an estimator inside a search, a stack or a union says, when it takes the same columns."""
    several = hasattr(step, "estimators_")  # then estimator_ is only the pattern that they were cloned from
    for attribute in ("best_estimator_", "regressor_", *(() if several else ("estimator_",))):
        if hasattr(step, attribute):
            return _describe(getattr(step, attribute), columns)
    inner = [part for _, part in getattr(step, "transformer_list", ())]
    inner += [one.estimator for one in getattr(step, "calibrated_classifiers_", ())]
    inner += _sequence(getattr(step, "estimators_", ()))
    for part in inner:
        if type(part).__name__ in {"Pipeline", "ColumnTransformer", *_ENCODERS}:
            columns = tuple(
                Column(old.name, old.dtype or new.dtype, old.categories or new.categories)
                for old, new in zip(columns, _describe(part, columns), strict=True)
            )
    return columns


def _sequence(value: Any) -> Sequence[Any]:
    return value if isinstance(value, (list, tuple)) else ()


def _kind_of_categories(known: Any) -> str | None:
    values = np.asarray(_present(known))
    return _widened(tensor_dtype(values)) if values.size else None


def _plain(known: Any) -> tuple[Scalar, ...]:
    return tuple(_present(known))


def _present(known: Any) -> list[Any]:
    """The categories but for the missing one: None, or NaN, which is a number unlike itself."""
    return [
        value for value in known.tolist() if value is not None and not (isinstance(value, float) and np.isnan(value))
    ]


def _widened(dtype: str) -> str:
    if dtype in {"string", "bool"}:
        return dtype
    return "int64" if np.dtype(dtype).kind in "iu" else "float64"
