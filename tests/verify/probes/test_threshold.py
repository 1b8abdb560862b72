from __future__ import annotations

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.preprocessing import StandardScaler

from mlpack.core.framework import ColumnHint, InputHints
from mlpack.runtime.signature import Signature, TensorSpec
from mlpack.verify.probe import Probe
from mlpack.verify.probes import probes


def threshold_probes(signature: Signature, *hints: ColumnHint) -> dict[str, Probe]:
    found = probes(signature, InputHints({signature.inputs[0].name: hints}), None)
    return {probe.name: probe for probe in found if probe.kind == "threshold"}


def matrix(width: int, dtype: str) -> Signature:
    return Signature((TensorSpec("input", dtype, ("batch", width)),))


def test_float32_neighbours_are_exact_in_float32() -> None:
    splits = np.random.default_rng(0).normal(size=40)
    tried = threshold_probes(matrix(2, "float64"), ColumnHint(thresholds=splits), ColumnHint())
    rows = tried["thresholds, float32 neighbours"].feed["input"]
    np.testing.assert_array_equal(rows, rows.astype(np.float32).astype(np.float64))
    at = splits.astype(np.float32)
    for values in (at, np.nextafter(at, np.float32(-np.inf)), np.nextafter(at, np.float32(np.inf))):
        assert np.isin(values.astype(np.float64), rows[:, 0]).all()


def test_float64_neighbours_are_one_step_away() -> None:
    splits = np.random.default_rng(0).normal(size=40)
    tried = threshold_probes(matrix(2, "float64"), ColumnHint(thresholds=splits), ColumnHint())
    column = tried["thresholds, float64 neighbours"].feed["input"][:, 0]
    for values in (splits, np.nextafter(splits, -np.inf), np.nextafter(splits, np.inf)):
        assert np.isin(values, column).all()


def test_a_float32_model_gets_float32_neighbours_only() -> None:
    tried = threshold_probes(matrix(1, "float32"), ColumnHint(thresholds=np.array([0.1, 0.7])))
    assert list(tried) == ["thresholds, float32 neighbours"]


def test_whole_numbers_are_tried_on_both_sides() -> None:
    tried = threshold_probes(matrix(1, "int64"), ColumnHint(thresholds=np.array([2.5])))
    assert {2, 3} <= set(tried["thresholds, float32 neighbours"].feed["input"].ravel())


def test_thresholds_left_out_are_noted_and_columns_with_few_keep_theirs() -> None:
    many, few = np.linspace(0, 1, 5000), np.array([7.0, 8.0])
    tried = threshold_probes(matrix(2, "float64"), ColumnHint(thresholds=many), ColumnHint(thresholds=few))
    probe = tried["thresholds, float64 neighbours"]
    assert "500 of 5002 thresholds" in probe.note
    assert len(probe.feed["input"]) < 2100
    assert np.isin(few, probe.feed["input"][:, 1]).all()


def test_thresholds_that_are_not_finite_are_passed_over() -> None:
    tried = threshold_probes(matrix(1, "float64"), ColumnHint(thresholds=np.array([np.nan, np.inf, 1.0])))
    assert all(np.isfinite(probe.feed["input"]).all() for probe in tried.values())


def test_a_scaler_folded_in_float32_before_a_forest_is_caught() -> None:
    """The most common trap there is: no random row shows it, and these rows do."""
    features, target = load_breast_cancer(return_X_y=True)
    scaler = StandardScaler().fit(features)
    forest = RandomForestClassifier(10, random_state=0).fit(scaler.transform(features), target)
    hints = []
    for column in range(features.shape[1]):
        splits = [tree.tree_.threshold[tree.tree_.feature == column] for tree in forest.estimators_]
        raw = np.concatenate(splits) * scaler.scale_[column] + scaler.mean_[column]
        hints.append(ColumnHint(thresholds=raw, center=scaler.mean_[column], spread=scaler.scale_[column]))
    single = {name: np.float32(value) for name, value in (("mean", scaler.mean_), ("scale", scaler.scale_))}

    def moved(rows: np.ndarray) -> int:
        exact = forest.predict_proba(scaler.transform(rows))
        rounded = forest.predict_proba((rows.astype(np.float32) - single["mean"]) / single["scale"])
        return int((np.abs(exact - rounded).max(axis=1) > 1e-6).sum())

    tried = {
        probe.name: probe.feed["input"]
        for probe in probes(matrix(30, "float64"), InputHints({"input": tuple(hints)}), None)
    }
    assert moved(tried["drawn from what the model knows"]) == 0
    assert moved(tried["thresholds, float32 neighbours"]) > 100
