"""Fits a model on the breast cancer data, in the environment of whoever serves it.

``python train.py MODEL FILE`` writes it with joblib; MODEL is ``linear`` or ``forest``.
"""

from __future__ import annotations

import sys
from typing import Any

import joblib
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def fitted(name: str) -> Any:
    """A scaler with a logistic regression, or a forest of a hundred trees, on arrays of floats."""
    models = {
        "linear": make_pipeline(StandardScaler(), LogisticRegression()),
        "forest": RandomForestClassifier(100, random_state=0),
    }
    return models[name].fit(*load_breast_cancer(return_X_y=True))


if __name__ == "__main__":
    joblib.dump(fitted(sys.argv[1]), sys.argv[2])
