"""What a fitted model knows of its inputs, in the units of the raw input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlpack.core.framework import ColumnHint, InputHints
from mlpack.frameworks.sklearn.columns import transformer_columns
from mlpack.frameworks.sklearn.trail import Trail, Trails, through
from mlpack.runtime.signature import Scalar, Signature, TensorSpec

_MOST_THRESHOLDS = 512
_MOST_IN_ALL = 16_384
_MOST_ROWS = 64
_MOST_TERMS = 48
_SINGLE_LIBRARIES = frozenset({"xgboost"})
"""Libraries that compare float32 values."""


@dataclass
class _Known:
    """What was found so far: splits by the trail to them and whether they are compared in float32, the rest by the
    position of the raw column.
    """

    splits: dict[tuple[Trail, bool], list[NDArray[np.float64]]] = field(default_factory=dict)
    bounds: dict[int, tuple[float, float]] = field(default_factory=dict)
    centers: dict[int, tuple[float, float]] = field(default_factory=dict)
    categories: dict[int, tuple[Scalar, ...]] = field(default_factory=dict)
    fills: dict[int, str] = field(default_factory=dict)
    rows: list[NDArray[np.float64]] = field(default_factory=list)

    def split(self, trail: Trail | None, values: Any, *, single: bool) -> None:
        """Splits of a step's column at ``values``."""
        array = np.asarray(values, dtype=np.float64)
        if trail is not None and array.size:
            self.splits.setdefault((trail, single), []).append(array)

    def thresholds(self, most: int) -> dict[int, NDArray[np.float64]]:
        """The raw values at which splits change sides, sorted, at most ``most`` a column, by position."""
        found: dict[int, list[NDArray[np.float64]]] = {}
        for (trail, single), gathered in self.splits.items():
            values = np.unique(np.concatenate(gathered))
            values = _thinned(values[np.isfinite(values)], most)
            found.setdefault(trail.source, []).append(trail.boundary(values, single=single))
        return {source: _thinned(np.unique(np.concatenate(parts)), most) for source, parts in found.items()}


def input_hints(model: Any, signature: Signature) -> InputHints:
    """Thresholds, bounds, centres and categories by column, and the rows that the model stores."""
    names = [name for spec in signature.inputs for name in signature.columns.get(spec.name, (spec.name,))]
    known = _Known()
    _explore(model, _raw_trails(model, names), known)
    most = max(16, min(_MOST_THRESHOLDS, _MOST_IN_ALL // max(1, len(names))))
    thresholds = known.thresholds(most)
    hints = [_hint(known, at, signature.categories.get(name, ()), thresholds.get(at)) for at, name in enumerate(names)]
    columns: dict[str, tuple[ColumnHint, ...]] = {}
    start = 0
    for spec in signature.inputs:
        width = len(signature.columns.get(spec.name, (spec.name,)))
        columns[spec.name] = tuple(hints[start : start + width])
        start += width
    return InputHints(columns, _rows(known, signature))


def _thinned(values: NDArray[np.float64], most: int) -> NDArray[np.float64]:
    """At most ``most`` of sorted ``values``, evenly from the first to the last."""
    if values.size <= most:
        return values
    spread: NDArray[np.float64] = values[np.linspace(0, values.size - 1, most).astype(int)]
    return spread


def _raw_trails(model: Any, names: list[str]) -> Trails:
    """One trail a column the model was fitted with; None for those that nothing uses and the signature leaves out."""
    fitted = [str(name) for name in getattr(model, "feature_names_in_", [])]
    if len(fitted) <= len(names):
        return [Trail(position) for position in range(len(names))]
    return [Trail(names.index(name)) if name in names else None for name in fitted]


def _hint(known: _Known, at: int, categories: tuple[Scalar, ...], thresholds: NDArray[np.float64] | None) -> ColumnHint:
    low, high = known.bounds.get(at, (None, None))
    center, spread = known.centers.get(at, (None, None))
    whole = known.categories.get(at, ())
    return ColumnHint(
        thresholds=thresholds,
        low=low,
        high=high,
        center=center,
        spread=spread,
        categories=categories or whole,
        integral=bool(categories or whole) and all(isinstance(one, int) for one in categories or whole),
        fill=known.fills.get(at),
    )


def _rows(known: _Known, signature: Signature) -> dict[str, NDArray[np.generic]]:
    specs = signature.inputs
    if not known.rows or not all(spec.is_numeric for spec in specs):
        return {}
    rows = np.concatenate(known.rows)
    rows = rows[_spread(len(rows))]
    if len(specs) == 1:
        return {specs[0].name: rows.astype(specs[0].dtype)}
    if rows.shape[1] != len(specs):
        return {}
    return {spec.name: rows[:, [position]].astype(spec.dtype) for position, spec in enumerate(specs)}


def _spread(count: int) -> NDArray[np.intp]:
    """At most `_MOST_ROWS` positions of ``count`` rows, evenly from the first to the last."""
    return np.linspace(0, count - 1, min(count, _MOST_ROWS)).astype(np.intp)


def _explore(model: Any, trails: Trails, known: _Known) -> None:
    """Note what ``model``, which takes the columns ``trails``, knows, and go into what is inside it."""
    _note(model, trails, known)
    kind = type(model).__name__
    if kind == "Pipeline":
        for _, step in model.steps:
            if step is not None and step != "passthrough":
                _explore(step, trails, known)
                trails = through(step, trails)
        return
    if kind == "ColumnTransformer":
        for name, branch, columns in model.transformers_:
            if not isinstance(branch, str):
                at = transformer_columns(model, name, columns)
                _explore(branch, [trails[one] if one < len(trails) else None for one in at], known)
        return
    for part, columns in _inside(model, trails):
        _explore(part, columns, known)


def _inside(model: Any, trails: Trails) -> list[tuple[Any, Trails]]:
    """The estimators inside ``model`` that see the raw columns, with the columns each sees."""
    several = hasattr(model, "estimators_")  # then estimator_ is only the pattern that they were cloned from
    for attribute in ("best_estimator_", "regressor_", *(() if several else ("estimator_",))):
        if hasattr(model, attribute):
            seen = trails
            if hasattr(model, "support_") and attribute == "estimator_":
                seen = [trails[int(at)] for at in np.flatnonzero(model.support_) if at < len(trails)]
            return [(getattr(model, attribute), seen)]
    parts = [(one.estimator, trails) for one in getattr(model, "calibrated_classifiers_", ())]
    parts += [(one, trails) for _, one in getattr(model, "transformer_list", ())]
    features = getattr(model, "estimators_features_", None)
    held = getattr(model, "estimators_", [])
    for number, one in enumerate(held.ravel().tolist() if isinstance(held, np.ndarray) else held):
        chosen = None if features is None else features[number]
        parts.append((one, trails if chosen is None else [_at(trails, int(at)) for at in chosen]))
    return [(part, columns) for part, columns in parts if not isinstance(part, str)]


def _at(trails: Trails, position: int) -> Trail | None:
    return trails[position] if position < len(trails) else None


def _note(model: Any, trails: Trails, known: _Known) -> None:
    """What ``model`` itself, not what is inside it, knows of the columns it takes."""
    kind, library = type(model).__name__, type(model).__module__.partition(".")[0]
    if library in {"xgboost", "lightgbm"}:
        _note_foreign(model, library, trails, known)
    elif hasattr(model, "tree_"):
        _note_splits(model.tree_.feature, model.tree_.threshold, model.tree_.feature >= 0, trails, known, single=True)
    elif kind.startswith("HistGradientBoosting"):
        for predictor in (one for stage in model._predictors for one in stage):
            nodes = predictor.nodes
            inner = (nodes["is_leaf"] == 0) & (nodes["is_categorical"] == 0)
            seen = trails if model.is_categorical_ is None else _reordered(trails, model.is_categorical_)
            _note_splits(nodes["feature_idx"], nodes["num_threshold"], inner, seen, known, single=False)
    else:
        _note_columns(model, kind, trails, known)
        _note_rows(model, trails, known)


def _note_splits(
    features: Any, thresholds: Any, inner: NDArray[np.bool_], trails: Trails, known: _Known, *, single: bool
) -> None:
    features, thresholds = np.asarray(features)[inner], np.asarray(thresholds)[inner]
    for feature in np.unique(features).tolist():
        known.split(_at(trails, int(feature)), thresholds[features == feature], single=single)


def _reordered(trails: Trails, categorical: NDArray[np.bool_]) -> Trails:
    """HistGradientBoosting puts the categorical columns, as numbers of its own, before the others."""
    return [None] * int(categorical.sum()) + [_at(trails, int(at)) for at in np.flatnonzero(~categorical)]


def _note_foreign(model: Any, library: str, trails: Trails, known: _Known) -> None:
    from mlpack.frameworks import framework_of

    framework = framework_of(model)
    own = Signature((TensorSpec("input", "float64", ("batch", len(trails) or int(model.n_features_in_))),))
    for trail, hint in zip(trails, framework.hints(model, own).columns["input"], strict=False):
        if hint.thresholds is not None:
            known.split(trail, hint.thresholds, single=library in _SINGLE_LIBRARIES)
        if trail is not None and hint.categories and not trail.operations:
            known.categories[trail.source] = hint.categories


def _note_columns(model: Any, kind: str, trails: Trails, known: _Known) -> None:
    """Edges, ranges, centres and categories, by the kind of the step."""
    for position, trail in enumerate(trails):
        if trail is None:
            continue
        if kind == "KBinsDiscretizer":
            known.split(trail, np.asarray(model.bin_edges_[position])[1:-1], single=False)
        elif kind == "Binarizer":
            known.split(trail, [model.threshold], single=False)
        elif kind == "BernoulliNB" and model.binarize is not None:
            known.split(trail, [model.binarize], single=False)
        elif kind == "IsotonicRegression":
            known.split(trail, model.X_thresholds_, single=False)
        elif kind in {"CountVectorizer", "TfidfVectorizer"}:
            known.categories[trail.source] = _texts(sorted(model.vocabulary_))
        elif kind == "CategoricalNB" and not trail.operations:
            known.categories[trail.source] = tuple(range(int(model.n_categories_[position])))
        elif kind == "SimpleImputer" and isinstance(model.statistics_[position], str):
            known.fills[trail.source] = str(model.statistics_[position])
        _note_scale(model, kind, position, trail, known)


def _texts(terms: Sequence[str]) -> tuple[str, ...]:
    """Terms of a vocabulary, alone and three together, from all over it."""
    chosen = [terms[int(at)] for at in np.linspace(0, len(terms) - 1, min(len(terms), _MOST_TERMS))]
    together = [
        " ".join((chosen[at], chosen[(7 * at + 3) % len(chosen)], chosen[-at - 1])) for at in range(len(chosen))
    ]
    return (*chosen, *together)


def _note_scale(model: Any, kind: str, position: int, trail: Trail, known: _Known) -> None:
    def raw(value: float) -> float:
        return float(trail.inverse(np.array([value]))[0])

    if kind == "MinMaxScaler":
        known.bounds.setdefault(trail.source, (raw(model.data_min_[position]), raw(model.data_max_[position])))
    elif kind == "MaxAbsScaler":
        known.bounds.setdefault(trail.source, (raw(-model.max_abs_[position]), raw(model.max_abs_[position])))
    else:
        center, spread = _center(model, kind, position)
        if center is not None:
            known.centers.setdefault(trail.source, (raw(center), abs(raw(center + spread) - raw(center))))


def _center(model: Any, kind: str, position: int) -> tuple[float | None, float]:
    """The mean and standard deviation of a column, where the step kept them."""
    if kind == "StandardScaler" and model.with_mean and model.with_std:
        return float(model.mean_[position]), float(model.scale_[position])
    if kind == "RobustScaler" and model.with_centering and model.with_scaling:
        return float(model.center_[position]), float(model.scale_[position])
    if kind == "GaussianNB":
        spread = float(np.sqrt(model.var_[:, position].mean() + model.theta_[:, position].var()))
        return float(model.theta_[:, position].mean()), spread
    means = getattr(model, "means_", None)
    if means is not None and kind in {"LinearDiscriminantAnalysis", "QuadraticDiscriminantAnalysis", "GaussianMixture"}:
        return float(np.asarray(means)[:, position].mean()), float(np.asarray(means)[:, position].std())
    return None, 0.0


def _note_rows(model: Any, trails: Trails, known: _Known) -> None:
    """Rows that the model stores, when every column of them can be carried back."""
    stored = next((rows for rows in map(_rows_in(model), _ROWS) if rows is not None), None)
    if stored is None or stored.ndim != 2 or stored.shape[1] != len(trails):
        return
    stored = stored[_spread(len(stored))]  # before anything is copied: the rows may be a gigabyte
    raw = np.full(stored.shape, np.nan)
    for position, trail in enumerate(trails):
        if trail is not None and trail.source < raw.shape[1]:
            raw[:, trail.source] = trail.inverse(stored[:, position].astype(np.float64))
    if np.isfinite(raw).all():
        known.rows.append(raw)


_ROWS: Sequence[str] = ("support_vectors_", "_fit_X", "X_train_", "X_fit_", "cluster_centers_", "centroids_", "X_")


def _rows_in(model: Any) -> Any:
    def read(attribute: str) -> NDArray[np.float64] | None:
        rows = vars(model).get(attribute)
        if rows is None or isinstance(rows, (list, tuple)) or not hasattr(rows, "shape"):
            return None
        dense = np.asarray(rows.toarray() if hasattr(rows, "toarray") else rows)
        return dense if dense.dtype.kind in "fiu" and dense.size else None

    return read
