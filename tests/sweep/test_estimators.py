"""Each estimator of scikit-learn that predicts is either converted with the same answers, or refused with a reason.

The answers are compared here with plain NumPy, apart from mlpack's own verification.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import onnxruntime

from mlpack.converters.sklearn_to_onnx import CONVERTER
from mlpack.core.converter import Conversion
from mlpack.core.errors import MlpackError, NoRouteError
from mlpack.frameworks.sklearn import FRAMEWORK

ALLOWED = {"float32": 1.5e-5, "float64": 9e-13, "float64-rounded": 1.5e-5}
"""The largest difference allowed, as a share of the largest magnitude of the output (1 or more)."""

WANTED = 65


def rows_to_try(case: Any, signature: Any, rng: np.random.Generator) -> np.ndarray:
    """Training rows, rows over and beyond their range, and rows at, under and over each threshold."""
    rows = case.rows
    low, high = rows.min(axis=0), rows.max(axis=0)
    margin = 0.2 * (high - low)
    scattered = rng.uniform(low - (0 if case.positive else margin), high + margin, size=(150, rows.shape[1]))
    if case.name.startswith("CategoricalNB"):
        scattered = rng.integers(0, high.astype(int) + 1, size=(150, rows.shape[1])).astype(float)
    parts = [rows, scattered]
    for position, hint in enumerate(FRAMEWORK.hints(case.model, signature).columns.get("input", ())):
        for value in [] if hint.thresholds is None else hint.thresholds[:60]:
            near = np.float32(value)
            around = [value, near, np.nextafter(near, np.float32(-1e30)), np.nextafter(near, np.float32(1e30))]
            part = rows[rng.integers(len(rows), size=len(around))].copy()
            part[:, position] = around
            parts.append(part)
    tried = np.concatenate(parts)
    return np.abs(tried) if case.positive else tried


def difference(reference: Any, session: Any, graph: Any, signature: Any, rows: np.ndarray) -> float:
    """The largest difference over all outputs, as a share of the output's scale; infinite for what is not alike."""
    dtype = {"tensor(float)": np.float32, "tensor(double)": np.float64}[graph.get_inputs()[0].type]
    cast = rows.astype(dtype)
    expected = session.run({"input": cast.astype(np.float64)})
    names = [output.name for output in graph.get_outputs()]
    given = dict(zip(names, graph.run(None, {"input": cast}), strict=True))
    assert list(expected) == names
    worst = 0.0
    for name, values in expected.items():
        other = given[name]
        if other.shape != values.shape or (other.dtype.kind != values.dtype.kind):
            return np.inf
        if signature.output(name).role == "label":
            worst = max(worst, labels_apart(values, other, expected))
            continue
        if np.any(np.isnan(values) != np.isnan(other)):
            return np.inf
        finite = np.isfinite(values)
        scale = float(np.quantile(np.abs(values[finite]), 0.99)) if finite.any() else 1.0
        scale = scale or 1.0
        gap = np.where(values == other, 0.0, np.abs(other.astype(np.float64) - values))
        worst = max(worst, float(np.nan_to_num(gap, nan=0.0).max(initial=0)) / scale)
    return worst


def labels_apart(expected: np.ndarray, given: np.ndarray, outputs: dict[str, np.ndarray]) -> float:
    """0 for equal labels; else how sure the reference was of its answer where they differ."""
    if expected.ndim > 1:
        return 0.0 if np.array_equal(expected, given) else np.inf
    wrong = expected != given
    if not wrong.any():
        return 0.0
    if "probabilities" in outputs:
        top = np.sort(outputs["probabilities"][wrong], axis=1)[:, -2:]
        return float((top[:, 1] - top[:, 0]).max()) if top.size else np.inf
    scores = outputs.get("decision")
    if scores is None:
        return np.inf
    if scores.ndim == 1:
        return float(np.abs(scores[wrong]).max())
    top = np.sort(scores[wrong], axis=1)[:, -2:]
    return float((top[:, 1] - top[:, 0]).max())


def verdict(case: Any) -> tuple[str, str]:
    """The variant that holds with its difference, or ``refused`` and why."""
    reasons, kept = [], ""
    try:
        signature = FRAMEWORK.signature(case.model)
        session = FRAMEWORK.session(case.model, signature)
        variants = CONVERTER.variants(Conversion(case.model, signature, {"input": case.rows[:2]}))
    except MlpackError as error:
        return "refused", f"{error} {error.why}"
    for variant in variants:
        try:
            built = variant.build().proto().SerializeToString()
            assert built == variant.build().proto().SerializeToString()
        except NoRouteError as error:
            reasons.append(f"{variant.name}: {error}: {error.why}")
            continue
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        try:
            graph = onnxruntime.InferenceSession(built, options)
        except Exception as error:
            reasons.append(f"{variant.name}: DOES NOT LOAD {str(error)[:90]}")
            continue
        rows = rows_to_try(case, signature, np.random.default_rng(0))
        worst = 0.0
        for batch in (rows[:1], rows[:2], rows[:5], rows):
            worst = max(worst, difference(case, session, graph, signature, batch))
        holds = worst <= ALLOWED[variant.name]
        kept = kept or (variant.name if holds else "")
        reasons.append(f"{variant.name}: {'holds' if holds else 'DIFFERS'} {worst:.1e}")
    return kept or "refused", "; ".join(reasons)


def test_every_estimator_is_equal_or_refused(estimator_cases):
    warnings.simplefilter("ignore")
    passed: dict[str, set[str]] = {"classifier": set(), "regressor": set(), "other": set()}
    seen: dict[str, set[str]] = {"classifier": set(), "regressor": set(), "other": set()}
    failed: set[str] = set()
    for case in estimator_cases:
        with np.errstate(all="ignore"):
            kept, detail = verdict(case)
        print(f"{case.name:40s} {kept:8s} {detail}")
        estimator = case.name.partition("/")[0]
        seen[case.kind].add(estimator)
        if kept == "refused":
            failed.add(f"{case.kind} {estimator}")
            assert detail
        else:
            passed[case.kind].add(estimator)
    for kind, names in passed.items():
        whole = {name for name in names if f"{kind} {name}" not in failed}
        print(f"PASS {kind}: {len(whole)} of {len(seen[kind])}")
    wholly = [n for kind in ("classifier", "regressor") for n in passed[kind] if f"{kind} {n}" not in failed]
    assert len(wholly) >= WANTED
