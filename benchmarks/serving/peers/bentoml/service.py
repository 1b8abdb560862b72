"""As BentoML's documentation writes it: a model from joblib, an array in, an array out, one worker."""

from __future__ import annotations

import bentoml
import joblib
import numpy as np


@bentoml.service(workers=1, traffic={"timeout": 10}, logging={"access": {"enabled": False}})
class Classifier:
    def __init__(self) -> None:
        self.model = joblib.load("model.joblib")

    @bentoml.api
    def predict(self, rows: np.ndarray) -> np.ndarray:
        return self.model.predict_proba(rows)
