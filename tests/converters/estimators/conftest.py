"""Rows that are cruel to trees, and the comparison of an estimator with what a variant of its conversion answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnxruntime
import pytest

from mlpack.converters import all_converters
from mlpack.core.converter import Conversion
from mlpack.core.framework import Framework
from mlpack.frameworks import framework_of

NUMPY = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(int64)": np.int64, "tensor(bool)": np.bool_}


class Converted:
    """One variant of a model's conversion beside the model itself."""

    def __init__(self, model: Any, variant: str | None = None, opset: int | None = None) -> None:
        self.framework: Framework = framework_of(model)
        self.signature = self.framework.signature(model)
        self.hints = self.framework.hints(model, self.signature)
        conversion = Conversion(model, self.signature, {}, opset)
        converter = next(
            one for one in all_converters().values() if (one.source, one.target) == (self.framework.name, "onnx")
        )
        self.variants = {one.name: one for one in converter.variants(conversion)}
        self.graph = self.variants[variant or list(self.variants)[-1]].build().proto()
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 3
        self._runtime = onnxruntime.InferenceSession(self.graph.SerializeToString(), options)
        self._session = self.framework.session(model, self.signature)

    def both(self, feed: Any) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
        """What the model answers, and what ONNX Runtime does, to the very same values."""
        feed = feed if isinstance(feed, dict) else {"input": feed}
        cast = {}
        for declared in self._runtime.get_inputs():
            given = np.asarray(feed[declared.name])
            cast[declared.name] = given.astype(NUMPY.get(declared.type, object))
        expected = self._session.run(cast)
        names = [output.name for output in self._runtime.get_outputs()]
        return expected, dict(zip(names, self._runtime.run(None, cast), strict=True))

    def worst(self, feed: Any) -> float:
        """The largest difference of any number; labels, shapes, dtype kinds and places of NaN have to be equal."""
        expected, given = self.both(feed)
        assert list(expected) == list(given) == [spec.name for spec in self.signature.outputs]
        worst = 0.0
        for name, values in expected.items():
            other = given[name]
            assert other.shape == values.shape
            assert other.ndim == len(self.signature.output(name).shape)
            assert other.dtype.kind == values.dtype.kind
            if self.signature.output(name).role == "label" or values.dtype.kind not in "fc":
                assert np.array_equal(values, other), name
                assert values.dtype == other.dtype
                continue
            assert np.array_equal(np.isnan(values), np.isnan(other)), name
            worst = max(worst, float(np.nanmax(np.abs(values.astype(np.float64) - other), initial=0.0)))
        return worst

    def cruel_rows(self, rows: np.ndarray, *, nan: bool = False) -> np.ndarray:
        """``rows``, and copies with one value at, just under or just over a threshold in float64 and float32, or NaN."""
        rng = np.random.default_rng(0)
        parts = [rows]
        for position, hint in enumerate(self.hints.columns["input"]):
            values = [np.full(3, np.nan)] if nan else []
            if hint.thresholds is not None:
                exact, near = hint.thresholds, hint.thresholds.astype(np.float32)
                values += [exact, np.nextafter(exact, -np.inf), np.nextafter(exact, np.inf), near]
                values += [np.nextafter(near, np.float32(-np.inf)), np.nextafter(near, np.float32(np.inf))]
            for one in values:
                part = rows[rng.integers(len(rows), size=len(one))].copy()
                part[:, position] = one
                parts.append(part)
        return np.concatenate(parts)


@pytest.fixture(scope="session")
def converted() -> Callable[..., Converted]:
    """Converts a model with the variant of that name, the last one unless told."""
    return Converted


@pytest.fixture(scope="session")
def cancer_rows() -> tuple[np.ndarray, np.ndarray]:
    """Breast cancer: two classes."""
    from sklearn.datasets import load_breast_cancer

    return load_breast_cancer(return_X_y=True)


@pytest.fixture(scope="session")
def iris_rows() -> tuple[np.ndarray, np.ndarray]:
    """Iris: three classes."""
    from sklearn.datasets import load_iris

    return load_iris(return_X_y=True)


@pytest.fixture(scope="session")
def diabetes_rows() -> tuple[np.ndarray, np.ndarray]:
    """Diabetes: a number."""
    from sklearn.datasets import load_diabetes

    return load_diabetes(return_X_y=True)


@pytest.fixture(scope="session")
def cancer_with_gaps(cancer_rows) -> tuple[np.ndarray, np.ndarray]:
    """Breast cancer with a tenth of its values missing."""
    rows, target = cancer_rows
    gaps = np.random.default_rng(0).random(rows.shape) < 0.1
    return np.where(gaps, np.nan, rows), target
