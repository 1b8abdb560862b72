"""Models that are served to real clients: fitted here, packed once a session, asked through the wire and directly."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd

import mlpack
from mlpack.runtime.manifest import Manifest, read_manifest
from mlpack.runtime.service.golden import read_golden


@dataclass(frozen=True)
class Example:
    """A bundle, the estimator that it was made from, and the golden rows: as tensors, and as the estimator takes them."""

    manifest: Manifest
    estimator: Any
    feed: dict[str, np.ndarray]
    rows: pd.DataFrame

    @property
    def name(self) -> str:
        """The model's name."""
        return self.manifest.name

    @property
    def bundle(self) -> Path:
        """Its folder."""
        return self.manifest.folder

    def check(self, outputs: dict[str, Any]) -> None:
        """Labels are the estimator's own; probabilities are equal up to the rounding of float32."""
        assert np.asarray(outputs["label"]).tolist() == self.estimator.predict(self.rows).tolist()
        expected = self.estimator.predict_proba(self.rows)
        np.testing.assert_allclose(np.asarray(outputs["probabilities"]), expected, rtol=1e-4, atol=1e-5)


def packed(shelf: Path, name: str, fit: Callable[[], Any], *, budget: float = 3.0) -> Example:
    """The estimator that ``fit`` gives, packed into ``shelf`` unless it is there."""
    saved, bundle = shelf / f"{name}.joblib", shelf / f"{name}.mlpack"
    if not bundle.exists():
        joblib.dump(fit(), saved)
        mlpack.pack(saved, bundle, trust=[hashlib.sha256(saved.read_bytes()).hexdigest()], budget=budget)
    manifest, estimator = read_manifest(bundle), joblib.load(saved)
    feed = dict(read_golden(bundle, manifest.signature).inputs)
    columns = manifest.signature.columns
    frames = [pd.DataFrame(array, columns=list(columns.get(one, (one,)))) for one, array in feed.items()]
    return Example(manifest, estimator, feed, pd.concat(frames, axis=1)[list(estimator.feature_names_in_)])


def cancer() -> Any:
    """Thirty floats with names, two classes that are numbers: cheap enough for the event loop."""
    from sklearn.datasets import load_breast_cancer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    rows, target = load_breast_cancer(return_X_y=True, as_frame=True)
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(rows, target)


def customers() -> Any:
    """Two numbers and two texts, classes that are texts."""
    from sklearn.compose import make_column_transformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    random, count = np.random.default_rng(0), 400
    rows = pd.DataFrame(
        {
            "age": random.integers(18, 80, count),
            "income": random.normal(30_000, 9_000, count),
            "city": random.choice(["Zürich", "Bern", "Genève", "東京"], count),
            "plan": random.choice(["free", "pro"], count),
        }
    )
    target = np.where(rows.income + 100 * rows.age + 9_000 * (rows.city == "東京") > 37_000, "stays", "leaves")
    scaled, encoded = ["age", "income"], ["city", "plan"]
    columns = make_column_transformer((StandardScaler(), scaled), (OneHotEncoder(handle_unknown="ignore"), encoded))
    return make_pipeline(columns, LogisticRegression()).fit(rows, target)
