"""Saves a model the way MLflow serves it: with a signature, and probabilities for an answer.

``python save.py MODEL FOLDER``
"""

from __future__ import annotations

import sys

import mlflow.sklearn
from mlflow.models import infer_signature
from sklearn.datasets import load_breast_cancer
from train import fitted

AS_PICKLE = {"serialization_format": mlflow.sklearn.SERIALIZATION_FORMAT_CLOUDPICKLE}
"""Its default, skops, does not take a forest without a list of types."""

if __name__ == "__main__":
    model = fitted(sys.argv[1])
    rows, _ = load_breast_cancer(return_X_y=True)
    signature = infer_signature(rows, model.predict_proba(rows))
    answers = {"signature": signature, "pyfunc_predict_fn": "predict_proba"}
    mlflow.sklearn.save_model(model, sys.argv[2], **answers, **AS_PICKLE)
