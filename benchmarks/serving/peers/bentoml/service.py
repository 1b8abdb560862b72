"""As BentoML's documentation writes it: a model from joblib, an array in, an array out, one worker.

With BATCH in the environment, its adaptive batching as well.
"""

from __future__ import annotations

import os

import bentoml
import joblib
import numpy as np

BATCHES = "BATCH" in os.environ


@bentoml.service(workers=1, traffic={"timeout": 10}, logging={"access": {"enabled": False}})
class Classifier:
    def __init__(self) -> None:
        self.model = joblib.load("model.joblib")

    @bentoml.api(batchable=BATCHES)
    def predict(self, rows: np.ndarray) -> np.ndarray:
        return self.model.predict_proba(rows)
